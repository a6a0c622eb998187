"""Calls made for real, and what their records must be: the words in which the table is written.

In parameters and in what is expected `<name>` stands for a value that an earlier call answered
(`keeps`), `<account>` for the account. What nobody can know beforehand is matched, not compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "us-east-1"
_NAME = re.compile(r"<(\w+)>")
_CIPHER = "TLS_AES_128_GCM_SHA256"


class Like:
    """Equal to any text that a pattern matches as a whole."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __repr__(self) -> str:
        return f"Like({self.pattern!r})"


class Number:
    """Equal to any number from `least` on; true and false are none."""

    def __init__(self, least: float = 0) -> None:
        self.least = least

    def __eq__(self, other: object) -> bool:
        number = isinstance(other, (int, float)) and not isinstance(other, bool)
        return number and other >= self.least  # type: ignore[operator]

    def __hash__(self) -> int:
        return hash(self.least)

    def __repr__(self) -> str:
        return f"Number({self.least})"


class Besides:
    """Equal to a dictionary that has these members and, perhaps, some of those names besides."""

    def __init__(self, members: dict[str, Any], *names: str) -> None:
        self.members = members
        self.names = names

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return False
        return {k: v for k, v in other.items() if k not in self.names} == self.members

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        return f"Besides({self.members!r}, {', '.join(map(repr, self.names))})"


UUID = Like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHORT_DATE = r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d"
DATE = Like(SHORT_DATE + " [AP]M")
IAM_DATE = Like(SHORT_DATE + "\u202f[AP]M")
SECONDS = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MILLISECONDS = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EPOCH_SECONDS = Number(1.6e9)
EPOCH_MILLISECONDS = Number(1.6e12)
SOME = Like(r"(?s).+")


@dataclass(frozen=True)
class Call:
    """One call, and what is special in its record; the rest is the same for every call.

    `command` is what the AWS CLI is given, after `aws`. `who` is `root`, `user` or `session`.
    `error` is the record's errorCode and errorMessage.
    """

    tool: str
    service: str
    operation: str
    parameters: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    request: Any = None
    response: Any = None
    read_only: bool = False
    name: str | None = None
    source: str | None = None
    host: str | None = None
    region: str = REGION
    who: str = "user"
    data: bool = False
    error: tuple[str, Any] | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    keeps: dict[str, str] = field(default_factory=dict)

    @property
    def event_name(self) -> str:
        return self.name or self.operation

    def __str__(self) -> str:
        outcome = f"-{self.error[0]}" if self.error else ""
        return f"{self.tool}-{self.service}-{self.operation}{outcome}"

    def record(self, made: Mapping[str, Any], user_agent: Like) -> dict[str, Any]:
        """The whole record that CloudTrail would have of it."""
        record: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": IDENTITIES[self.who],
            "eventTime": SECONDS,
            "eventSource": f"{self.source or self.service}.amazonaws.com",
            "eventName": self.event_name,
            "awsRegion": self.region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": user_agent,
            "requestParameters": self.request,
            "responseElements": self.response,
            "requestID": SOME,
            "eventID": UUID,
            "readOnly": self.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": not self.data,
            "recipientAccountId": "<account>",
            "eventCategory": "Data" if self.data else "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": _CIPHER,
                "clientProvidedHostHeader": self.host
                or f"{self.source or self.service}.{self.region}.amazonaws.com",
            },
        }
        if self.error:
            record["errorCode"] = self.error[0]
            if self.error[1] is not None:
                record["errorMessage"] = self.error[1]
        whole: dict[str, Any] = filled({**record, **self.fields}, made)
        return {name: value for name, value in whole.items() if value is not OMIT}


class _Omit:
    """In `fields`: the record does not have this one."""


OMIT = _Omit()

IDENTITIES: dict[str, dict[str, Any]] = {
    "root": {
        "type": "Root",
        "principalId": "<account>",
        "arn": "arn:aws:iam::<account>:root",
        "accountId": "<account>",
        "accessKeyId": "<account>",
    },
    "user": {
        "type": "IAMUser",
        "principalId": "<user_id>",
        "arn": "arn:aws:iam::<account>:user/staff/mira",
        "accountId": "<account>",
        "accessKeyId": "<user_key>",
        "userName": "mira",
    },
    "session": {
        "type": "AssumedRole",
        "principalId": "<role_id>:nightly",
        "arn": "arn:aws:sts::<account>:assumed-role/app/nightly",
        "accountId": "<account>",
        "accessKeyId": "<session_key>",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "<role_id>",
                "arn": "arn:aws:iam::<account>:role/app",
                "accountId": "<account>",
                "userName": "app",
            },
            "attributes": {"creationDate": SECONDS, "mfaAuthenticated": "false"},
        },
    },
}


def filled(value: Any, made: Mapping[str, Any]) -> Any:
    """A value with every `<name>` in it replaced by what was made; other names stay."""
    if isinstance(value, str):
        whole = _NAME.fullmatch(value)
        if whole:
            return made.get(whole[1], value)
        return _NAME.sub(lambda found: str(made.get(found[1], found[0])), value)
    if isinstance(value, Like):
        return Like(_NAME.sub(lambda found: re.escape(str(made[found[1]])), value.pattern))
    if isinstance(value, Besides):
        return Besides(filled(value.members, made), *value.names)
    if isinstance(value, dict):
        return {filled(key, made): filled(content, made) for key, content in value.items()}
    if isinstance(value, list):
        return [filled(item, made) for item in value]
    return value


def at(answer: Any, path: str) -> Any:
    """The value at `A.0.B` in an answer."""
    for step in path.split("."):
        answer = answer[int(step)] if step.isdigit() else answer[step]
    return answer
