"""An entry of one's own, and the ways in which one breaks the rules of the catalogue's."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reactor.testing import record

OWN: dict[str, Any] = {
    "$schema": "../schema/entry.json",
    "id": "user-tagged",
    "title": "A user was tagged",
    "severity": "low",
    "why": "Tags decide who may do what here.",
    "runbook": "Look at the tag.",
    "patterns": {
        "main": {
            "source": ["aws.iam"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["iam.amazonaws.com"],
                "eventName": ["TagUser"],
                "errorCode": [{"exists": False}],
            },
        }
    },
    "summary": {
        "input_paths": {"who": "$.detail.userIdentity.arn"},
        "template": "<who> tagged a user.",
    },
}


def own_record() -> dict[str, Any]:
    """A record that the entry matches."""
    return record("iam.amazonaws.com", "TagUser", request={"userName": "bob"})


def changed(**changes: Any) -> dict[str, Any]:
    """The entry with other values: `patterns__main__source=[...]`; None takes a value out."""
    entry = copy.deepcopy(OWN)
    for path, value in changes.items():
        *names, last = path.split("__")
        node = entry
        for name in names:
            node = node[name]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return entry


def write(folder: Path, entry: Mapping[str, Any] | str, name: str = "user-tagged") -> Path:
    """The entry's file, in a folder of its own."""
    path = folder / "detections" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(entry if isinstance(entry, str) else json.dumps(entry))
    return path


_COUNT = {"by": "principal", "at_least": 5, "minutes": 10}
_PLACE = {"description": "A name.", "required": True, "example": ["x"]}
_NAMED = {"patterns__main__detail__eventName": ["{{names}}"]}
# By what is wrong: the entry, a part of the module's sentence, and a part of the command's.
FAULTY: dict[str, tuple[Any, str, str]] = {
    "no JSON": ("{", "is no JSON object", "is no JSON"),
    "a list": ([OWN], "is no JSON object", "it is a list: write an object"),
    "lacking": (changed(why=None), "lacks why", "why is missing: write sentences"),
    "unknown": (changed(serverity="x"), "has serverity, which no entry has", "mean severity?"),
    "id": (changed(id="User_Tagged"), "has no id of at most 40", 'id is "User_Tagged"'),
    "taken": (changed(id="root-login"), "name of another detection", "root-login already"),
    "a sequence": (changed(id="root-taken"), "name of another detection", "root-taken already"),
    "taken key": (
        changed(id="reaction", patterns={"tamper-rules": OWN["patterns"]["main"]}),
        "name of another detection or of its rule",
        "name of a rule of reaction-tamper",
    ),
    "long key": (
        changed(patterns={"m" * 35: OWN["patterns"]["main"]}), "more than 40", "more than 40"
    ),
    "title": (changed(title="Tagged."), "has no title of 6 to 80", 'title is "Tagged."'),
    "severity": (changed(severity="urgent"), "must have a severity of info", 'y is "urgent"'),
    "why": (changed(why="It matters"), "sentences that end with a full stop", 'y is "It matters"'),
    "regions": (changed(regions="eu-west-1"), '"every" or "global"', 'regions is "eu-west'),
    "failures": (changed(failures="no"), '"excluded", "included" or "only"', 'failures is "no"'),
    "read_only": (changed(read_only="true"), "true or false as read_only", 'read_only is "true"'),
    "decision": (changed(decision=True), "no function of the package", "no function of the pack"),
    "attack": (changed(attack=["T15"]), "list of ATT&CK techniques", 'attack[0] is "T15"'),
    "benchmarks": (changed(benchmarks={"cis-5.0": "4.5"}), "lists of controls", 'cis-5.0 is "4.5"'),
    "count": (changed(count={**_COUNT, "by": "tag"}), "must have null as count", 't.by is "tag"'),
    "count once": (changed(count={**_COUNT, "at_least": 1}), "null as count", "at_least is 1"),
    "count half": (changed(count={**_COUNT, "minutes": 1.5}), "null as count", "minutes is 1.5"),
    "no pattern": (changed(patterns={}), "has no patterns", "patterns is {}: write an object"),
    "no source": (changed(patterns__main__source=None), "must name AWS's source", "name AWS's sou"),
    "own source": (changed(patterns__main__source=["my.app"]), "AWS's source", "name AWS's source"),
    "any source": (
        changed(patterns__main__source=[{"prefix": "a"}]), "AWS's source", "name AWS's source"
    ),
    "no detail": (changed(patterns__main__detail=None), "what it looks for", "what it looks for"),
    "failures in": (
        changed(patterns__main__detail__errorCode=None), "and only then", "lets failed calls thr"
    ),
    "failures out": (changed(failures="included"), "and only then", "leaves failed calls out"),
    "not told": (changed(**_NAMED), "has {{names}} in its patterns", "patterns have {{names}}"),
    "not used": (
        changed(placeholders={"names": _PLACE}), "placeholders that its patterns use", "no pattern"
    ),
    "no default": (
        changed(placeholders={"names": {**_PLACE, "required": False}}, **_NAMED),
        "with a default exactly if",
        "must be required, or have a default",
    ),
    "another meaning": (
        changed(
            placeholders={"role_names": _PLACE},
            patterns__main__detail__eventName=["{{role_names}}"],
        ),
        "means something else in the catalogue",
        "means something else in the catalogue",
    ),
    "summary": (changed(summary__template='a "b"'), "template without quotes", "template is "),
    "path": (
        changed(summary__input_paths={"who": "detail"}), "a summary of input_paths", "paths.who is"
    ),
    "no path": (changed(summary__input_paths={}), "has <who> in its summary", "template has <who>"),
}  # fmt: skip
