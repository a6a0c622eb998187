"""Where a table has the fields that patterns read, in SQL."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from trailctl.history.question import Table
from trailctl.replay.project import KINDS as _KINDS

# Fields of a record that hold plain values, as CloudTrail spells them: a table's column has the
# name in lower case.
_PLAIN = (
    *("eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
    *("userAgent", "errorCode", "errorMessage", "requestID", "eventID", "eventType", "apiVersion"),
    *("readOnly", "recipientAccountId", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId"),
    *("eventCategory", "managementEvent", "sessionCredentialFromConsole"),
)
# Those that hold objects; a column of text has the object as JSON.
_OBJECTS = (
    *("additionalEventData", "addendum", "edgeDeviceDetails", "eventContext", "insightDetails"),
    *("requestParameters", "responseElements", "serviceEventDetails", "tlsDetails"),
    "userIdentity",
)
# What a struct's members are called in a record, where it is not their name in lower case.
_MEMBERS = {
    name.lower(): name
    for name in (
        *("principalId", "accountId", "invokedBy", "accessKeyId", "userName", "onBehalfOf"),
        *("userId", "identityStoreArn", "sessionContext", "mfaAuthenticated", "creationDate"),
        *("sessionIssuer", "ec2RoleDelivery", "webIdFederationData", "federatedProvider"),
        *("sourceIdentity", "credentialId", "identityProvider", "tlsVersion", "cipherSuite"),
        *("clientProvidedHostHeader", "updatedFields", "originalRequestID", "originalEventID"),
    )
}
# Keys that JSON paths of every engine read alike. In a path, a dot parts keys.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"[<>,:]|[^<>,:]+")
_INSIGHT = "AwsCloudTrailInsight"
KINDS = frozenset({"source", "detail-type", *(f"detail.{name}" for name in _KINDS)})


class SqlField(NamedTuple):
    """A field in SQL.

    `value` is the text of its plain value, NULL where it has none or null. If values may also lie
    in arrays or under keys with dots, `text` is the JSON that they lie in, and `keys` lead from
    there to the value. `around` is the struct that it is a member of.
    """

    value: str
    text: str = ""
    keys: tuple[str, ...] = ()
    around: str = ""


class Fields:
    """The fields that a table has."""

    def __init__(self, table: Table) -> None:
        self._json = table.layout == "json"
        self._types = {name.lower(): _type(kind) for name, kind in table.columns.items()}
        # Names at the top of a record, each read once for all conditions.
        self.read: list[str] = []

    def at(self, path: str) -> SqlField | None:
        """The field of a path; None if the table tells nothing of it."""
        first, *keys = path.split(".")
        if first == "detail" and keys:
            return self._at_json(keys) if self._json else self._at_column(keys)
        if keys:
            return None
        match first:
            case "source":
                return self._source()
            case "id" | "account" | "region" | "time":
                value = self.plain(_MADE_OF[first])
                return SqlField(f"coalesce({value}, '')") if value else None
        return None

    def plain(self, name: str) -> str | None:
        """The value of a plain field of records; None if the table does not have it."""
        found = self.at(f"detail.{name}")
        return found.value if found else None

    def _source(self) -> SqlField | None:
        source, kind = self.plain("eventSource"), self.plain("eventType")
        if source is None or kind is None:
            return None
        return SqlField(
            f"CASE WHEN {kind} = '{_INSIGHT}' THEN 'aws.cloudtrail' "
            f"WHEN {source} LIKE '%.amazonaws.com' "
            f"THEN concat('aws.', substr({source}, 1, length({source}) - 14)) "
            f"ELSE concat('aws.', coalesce({source}, '')) END"
        )

    def _at_json(self, keys: list[str]) -> SqlField | None:
        top, *below = keys
        if not _KEY.fullmatch(top):
            return None
        if top not in self.read:
            self.read.append(top)
        number = self.read.index(top)
        if not below:
            return SqlField(f"v{number}", "" if top in _PLAIN else f"t{number}")
        return _below(f"t{number}", tuple(below))

    def _at_column(self, keys: list[str]) -> SqlField | None:
        top, *below = keys
        column = top.lower()
        kind = self._types.get(column)
        if top in _PLAIN:
            return SqlField(column) if kind == "string" and not below else None
        if top not in _OBJECTS or not below:
            return None
        if kind == "string":
            return _below(column, tuple(below))
        around, place = "", column
        for key in below:
            member = key.lower()
            if not isinstance(kind, dict) or _MEMBERS.get(member, member) != key:
                return None
            kind = kind.get(member)
            around, place = place, f"{place}.{member}"
        return SqlField(place, around=around) if kind == "string" else None


_MADE_OF = {
    "id": "eventID",
    "account": "recipientAccountId",
    "region": "awsRegion",
    "time": "eventTime",
}


def _below(text: str, keys: tuple[str, ...]) -> SqlField:
    path = json_path(keys)
    return SqlField(f"json_extract_scalar({text}, '{path}')" if path else "", text, keys)


def json_path(keys: tuple[str, ...]) -> str:
    """The JSON path to a key; empty if engines read it differently."""
    if not all(map(_KEY.fullmatch, keys)):
        return ""
    return "$" + "".join(f".{key}" if _BARE.fullmatch(key) else f'["{key}"]' for key in keys)


def _type(text: str) -> Any:
    """A Hive type: a dict of a struct's members, or its name; other types are empty."""
    tokens = _TOKEN.findall(re.sub(r"\s", "", text.lower()))

    def read() -> Any:
        name = tokens.pop(0)
        if not tokens or tokens[0] != "<":
            return name
        members = {}
        number = 0
        while tokens.pop(0) != ">":
            label = str(number)
            if name == "struct":
                label = tokens.pop(0)
                tokens.pop(0)
            members[label] = read()
            number += 1
        return members if name == "struct" else ""

    try:
        return read()
    except IndexError:
        return ""
