# ruff: noqa: E501 - sentences of the catalogue, word for word
"""What the catalogue says about the detections that the guards react to.

The catalogue is no part of the zip; a test holds that these words are its own. The last text of each
is ours: what is left to do once the guard has acted.
"""

from __future__ import annotations

import re
from typing import Any

# A guard's own mail does not send its reader to the guard.
_BY_ITSELF = re.compile(r"; `[a-z-]+` [a-z ]+ by itself")
_KNOWN_OR_NOT = "Ask the caller. If it is meant, take it back; if nobody knows it, terminate it and disable the credentials."
_ENTRIES: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "bucket-created": (
        "New buckets are where a baseline is applied, before data is in them.",
        "Check its public access block, encryption, tags and owner; `bucket-baseline` does so by itself.",
        (),
        "Tell the bucket's owner, and put the same settings into the bucket's code.",
    ),
    "ec2-burst": (
        "A call that starts many machines is a deployment that somebody knows of, or mining.",
        "Ask the caller; stop the instances and disable the credentials if nobody knows them.",
        ("T1496.001",),
        _KNOWN_OR_NOT,
    ),
    "ec2-large": (
        "One large or accelerated machine costs as much as a whole fleet of small ones.",
        "Ask the caller; stop the instance if nobody knows it.",
        ("T1496.001",),
        _KNOWN_OR_NOT,
    ),
    "ec2-launched": (
        "Launches are what cost money, and what miners want.",
        "Nothing by itself; it is there for counting and for reactions to launches.",
        ("T1496.001",),
        _KNOWN_OR_NOT,
    ),
    "iam-role-forbidden": (
        "Names, paths, trusts and policies are how an organization tells its roles from an intruder's.",
        "Bring the role in line with the rules, or delete it; `iam-role-guard` contains it by itself.",
        ("T1136.003",),
        "Ask the caller. If the role is meant, bring it in line with the rules, then take it back; if nobody knows it, delete it.",
    ),
    "s3-config-change": (
        "Policies, ACLs, CORS, lifecycle and replication decide who reads a bucket and how long its data lives.",
        "Compare with the bucket's code.",
        (),
        "Ask the caller, and compare with the bucket's code: it must have what the reaction put back.",
    ),
    "sg-open": (
        "Open ports of remote access and databases are found by scanners within minutes.",
        "Remove the rule; `security-group-guard` does so by itself.",
        ("T1562.007",),
        "Ask the caller who has to reach the port, and let in only these addresses.",
    ),
    "trail-narrowed": (
        "A trail that runs but no longer sees certain calls looks healthy and is blind.",
        "Put the trail back from code; look in another trail for what is missing; `trail-guard` does the first by itself.",
        ("T1562.008",),
        "Look in another trail for what is missing. Ask the caller; treat the credentials as stolen if nobody meant it.",
    ),
    "trail-tamper": (
        "Whoever switches the log off has something to do that should not be in it.",
        "Put the trail back from code; `trail-guard` does so by itself. Treat the caller's credentials as stolen.",
        ("T1562.008",),
        "Look in another trail for what is missing. Treat the caller's credentials as stolen.",
    ),
}


def of_entry(id_: str) -> dict[str, Any]:
    """The fields of an Alert that come from the entry of that id."""
    why, runbook, attack, afterwards = _ENTRIES[id_]
    return {
        "detection": id_,
        "why": why,
        "runbook": _BY_ITSELF.sub("", runbook),
        "afterwards": afterwards,
        "attack": attack,
    }
