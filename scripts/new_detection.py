"""Begins an entry of the catalogue: its file and its samples, for a person to complete.

    python scripts/new_detection.py ID EVENT_SOURCE EVENT_NAME
    python scripts/new_detection.py document-shared ssm.amazonaws.com ModifyDocumentPermission

What only a person knows is left empty, and the tests of the catalogue ask for it: title, why,
runbook, request and the near miss.
"""

from __future__ import annotations

import copy
import json
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
CATALOGUE = REPOSITORY / "modules" / "detections"
# Of all samples: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_ACCOUNT, _TIME = "111122223333", "2026-03-02T18:46:34Z"
_OTHER = "example.amazonaws.com"


def entry(id_: str, event_source: str, event_name: str) -> dict[str, Any]:
    """The entry, as the catalogue holds it."""
    return {
        "id": id_,
        "title": "",
        "severity": "high",
        "why": "",
        "runbook": "",
        "benchmarks": {},
        "attack": [],
        "regions": "every",
        "read_only": False,
        "failures": "excluded",
        "decision": False,
        "count": None,
        "placeholders": {},
        "patterns": {
            "main": {
                "source": [f"aws.{event_source.removesuffix('.amazonaws.com')}"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventSource": [event_source],
                    "eventName": [event_name],
                    "errorCode": [{"exists": False}],
                },
            }
        },
        "summary": {
            "input_paths": {
                "who": "$.detail.userIdentity.arn",
                "account": "$.account",
                "region": "$.region",
                "time": "$.detail.eventTime",
                "ip": "$.detail.sourceIPAddress",
            },
            "template": f"<who> called {event_name} in account <account>, <region>, at <time>, "
            "from <ip>.",
        },
    }


def samples(event_source: str, event_name: str) -> dict[str, list[dict[str, Any]]]:
    """One event that matches, and those that every entry must not match."""
    from reactor.testing import api_call

    hit = api_call(event_source, event_name, request={}, account=_ACCOUNT, time=_TIME)
    failed = anew(hit, errorCode="AccessDenied", errorMessage="not authorized")
    other = anew(hit, eventSource=_OTHER)
    other["source"] = f"aws.{_OTHER.removesuffix('.amazonaws.com')}"
    return {
        "match": [{"case": "called", "event": hit}],
        "no_match": [
            {"case": "a failed call", "refused_by": "pattern", "event": failed},
            {
                "case": "another service's event of the same name",
                "refused_by": "pattern",
                "event": other,
            },
            {"case": "a near miss", "refused_by": "pattern", "event": anew(hit)},
        ],
    }


def anew(event: Mapping[str, Any], **fields: object) -> dict[str, Any]:
    """The event once more, with ids of its own and other fields of its record."""
    again = copy.deepcopy(dict(event))
    again["id"] = str(uuid.uuid4())
    again["detail"] |= {"eventID": str(uuid.uuid4()), "requestID": str(uuid.uuid4()), **fields}
    return again


def main(arguments: list[str]) -> int:
    """Writes both files; returns the exit code."""
    if len(arguments) != 3 or not arguments[1].endswith(".amazonaws.com"):
        print(__doc__, file=sys.stderr)
        return 2
    id_, event_source, event_name = arguments
    files = {
        CATALOGUE / "catalogue" / f"{id_}.json": (entry(id_, event_source, event_name), 2),
        CATALOGUE / "samples" / f"{id_}.json": (samples(event_source, event_name), 1),
    }
    if there := [path.name for path in files if path.exists()]:
        print(f"new_detection: there is a {there[0]} already: take another id", file=sys.stderr)
        return 2
    for path, (content, indent) in files.items():
        path.write_text(json.dumps(content, indent=indent) + "\n", encoding="utf-8")
        print(path.relative_to(REPOSITORY))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY / "lambda_src"))
    sys.exit(main(sys.argv[1:]))
