"""Records and log files that the replay tests are about."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
ALICE = {
    "type": "IAMUser",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "userName": "alice",
}


def session(role: str, name: str) -> dict[str, Any]:
    """The identity of a role's session."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}},
    }


def record(
    source: str, name: str, time: str = "2026-03-02T08:00:00Z", **fields: Any
) -> dict[str, Any]:
    """A record of a call that succeeded."""
    return {
        "eventVersion": "1.11",
        "userIdentity": ALICE,
        "eventTime": time,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "requestParameters": None,
        "responseElements": None,
        "eventID": f"{source}-{name}-{time}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **fields,
    }


def body(*records: Any) -> bytes:
    """A log file's content."""
    return json.dumps({"Records": list(records)}).encode()


def zipped(path: Path, *records: Any) -> Path:
    """A log file as CloudTrail writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body(*records)))
    return path
