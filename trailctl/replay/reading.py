"""What people have of CloudTrail's events, unwrapped: queues' messages, exports, `jq` output, ...

CloudTrail's own log files never come here: the scanner reads their bytes. Everything else does. A
file is a sequence of JSON values, with anything between them; `_INSIDE` is the table of the places
where a value holds records.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from reactor.patterns.paths import RawEvent

# Wrappers in wrappers: an S3 notification in SNS's message in SQS's body in a Lambda event is four.
_DEEPEST = 12
_MOST_UNZIPPED = 256_000_000
# Numbers keep their digits: EventBridge compares them as they are written.
_DECODE = json.JSONDecoder(parse_float=Decimal).raw_decode
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_SPACE = re.compile(r"[\s,]*")
_OBJECT = re.compile(r"\{")
_GZIP = b"\x1f\x8b"
NO_JSON = "it is no JSON"
NO_UTF8 = "it is no text in UTF-8"
TOO_DEEP = "it is nested too deeply"


@dataclass
class Reading:
    """The records of a file, and what is none: the reasons, with the number and the first place."""

    records: list[RawEvent] = field(default_factory=list)
    left_out: dict[str, tuple[int, str]] = field(default_factory=dict)
    # Lines without any JSON in them, and whether others had it behind something else: then the file
    # is somebody's table or text, whose other lines mean nothing.
    _prose: list[int] = field(default_factory=list)
    _embedded: bool = False

    def refuse(self, reason: str, place: str, number: int = 1) -> None:
        """Count what is left out."""
        before, first = self.left_out.get(reason, (0, place or "line 1"))
        self.left_out[reason] = (before + number, first)

    def prose(self, line: int) -> None:
        """Count a line without JSON."""
        self._prose.append(line)

    def embedded(self) -> None:
        """Say that a line had JSON behind something else."""
        self._embedded = True

    def end(self) -> None:
        """Decide what lines without JSON mean."""
        if self._prose and not self._embedded:
            self.refuse(NO_JSON, f"line {self._prose[0]}", len(self._prose))
        self._prose = []

    def reasons(self) -> list[str]:
        """The reasons, each with its first place."""
        return [f"{why} ({at})" if at else why for why, (_, at) in self.left_out.items()]

    def text(self) -> bytes:
        """The records as a log file holds them."""
        try:
            return _ENCODE({"Records": self.records})
        except UnicodeEncodeError:  # half of a surrogate pair: no text in UTF-8 could hold it
            text = json.dumps(self.records, ensure_ascii=False, default=float)
            records = json.loads(text.encode("utf-8", "replace"), parse_float=Decimal)
            return _ENCODE({"Records": records})


# Where a value holds records: the name of a wrapper, the path to what is inside it. A list there
# holds several; a text is JSON, or base64 of it, zipped or not. The first path that exists counts.
_INSIDE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a log file, or a Lambda event of SQS, SNS, Kinesis or S3", ("Records",)),
    ("a Firehose event or SNS's message in Kinesis", ("records",)),
    ("lookup-events", ("CloudTrailEvent",)),
    ("lookup-events", ("Events",)),
    ("EventBridge's event", ("detail",)),
    ("SNS in a Lambda event", ("Sns", "Message")),
    ("Kinesis in a Lambda event", ("kinesis", "data")),
    ("CloudWatch Logs in a Lambda event", ("awslogs", "data")),
    ("a subscription of CloudWatch Logs", ("logEvents",)),
    ("filter-log-events and get-log-events", ("events",)),
    ("receive-message", ("Messages",)),
    ("a message of SQS", ("body",)),
    ("receive-message", ("Body",)),
    ("SNS's message", ("Message",)),
    ("Splunk", ("_raw",)),
    ("Splunk's export", ("result",)),
    ("Elasticsearch", ("hits",)),
    ("Elasticsearch", ("_source",)),
    ("the Elastic Common Schema", ("event", "original")),
    ("a line of CloudWatch Logs, or Beats", ("message",)),
    ("CloudTrail Lake", ("QueryResultRows",)),
    ("CloudTrail Lake", ("eventData",)),
    ("Logs Insights", ("results",)),
    ("Logs Insights", ("@message",)),
    ("Firehose", ("data",)),
    ("Firehose", ("Data",)),
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html
_NAMES_A_FILE = "it is a notification, which names a log file: give that file"
_NO_RECORD = "it is no CloudTrail record"
# The columns of Athena's table and of Lake's exports, by their names in a record.
# https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html
_COLUMNS = {
    name.lower(): name
    for name in (
        *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion"),
        *("sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestParameters"),
        *("responseElements", "additionalEventData", "requestID", "eventID", "resources"),
        *("eventType", "apiVersion", "readOnly", "recipientAccountId", "serviceEventDetails"),
        *("sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "addendum"),
        *("sessionCredentialFromConsole", "edgeDeviceDetails", "tlsDetails", "managementEvent"),
        *("insightDetails", "principalId", "accountId", "invokedBy", "accessKeyId", "userName"),
        *("sessionContext", "sessionIssuer", "mfaAuthenticated", "creationDate", "sourceIdentity"),
        *("ec2RoleDelivery", "webIdFederationData", "federatedProvider", "identityProvider"),
        *("onBehalfOf", "userId", "identityStoreArn", "credentialId", "tlsVersion", "cipherSuite"),
        *("clientProvidedHostHeader", "keepAlive", "attributes", "type", "arn", "ARN"),
        *("eventContext", "inScopeOf", "credentialsIssuedTo", "sourceArn", "sourceAccount"),
    )
}
_COLUMNS["arn"] = "arn"
_BODIES = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
_PARTS = ("userIdentity", "resources", "tlsDetails", "addendum", "insightDetails", "eventContext")
_TRUTHS = ("readOnly", "managementEvent", "sessionCredentialFromConsole")
_ESCAPED = re.compile("[\udc80-\udcff]")
_LAKE_TIME = re.compile(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?( UTC)?$")
_STRUCT = re.compile(r"\s*\{\s*[A-Za-z]\w*=")


def read(content: bytes) -> Reading:
    """All records in a file's bytes, and what else is there."""
    found = Reading()
    whole = is_text(content)
    text = content.decode("utf-8-sig", "strict" if whole else "surrogateescape")
    if not text.strip():
        found.left_out["it is empty"] = (1, "")
        return found
    if (table := _table(text)) is not None:
        number = 1
        try:
            for number, row in enumerate(table, 2):
                _unwrap(row, found, f"row {number}")
        except csv.Error as error:
            found.refuse(f"it is no CSV from here on ({error})", f"row {number + 1}")
    else:
        for value, line in _values(text, found):
            _unwrap(value, found, f"line {line}" if line > 1 else "")
    found.end()
    if not whole:  # the records whose bytes are text count
        kept = [each for each in found.records if _is_whole(each)]
        lost = len(found.records) - len(kept)
        found.records = kept
        if not kept:
            found.left_out = {}
        if lost or not kept:
            found.left_out[NO_UTF8] = (lost or 1, "")
    return found


def is_text(content: bytes) -> bool:
    """True if bytes are text in UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_whole(record: RawEvent) -> bool:
    """False where a byte that is no text was read as half of a surrogate pair."""
    return not _ESCAPED.search(json.dumps(record, ensure_ascii=False, default=float))


# ---- a text's values


def _values(text: str, found: Reading) -> Iterator[tuple[Any, int]]:
    """The JSON values of a text, each with its line. What lies between them is refused by lines,
    but where a line holds JSON behind something else, as a table's or an export's does.
    """
    at, line, counted = 0, 1, 0
    while True:
        match = _SPACE.match(text, at)
        at = match.end() if match else at
        if at >= len(text):
            return
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, end = _DECODE(text, at)
        except RecursionError:
            found.refuse(TOO_DEEP, f"line {line}")
            return
        except ValueError:
            value, end = None, -1
        # A number or a word that is no whole line is the beginning of a line that is no JSON.
        if end < 0 or (not isinstance(value, dict | list | str) and not _ends(text, end)):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            rest = text[at:end]
            inside = [] if rest.startswith("{") else [*_objects(rest)]
            if inside:
                found.embedded()
            elif "{" in rest:
                found.refuse(NO_JSON, f"line {line}")
            else:
                found.prose(line)
            yield from ((each, line) for each in inside)
        else:
            yield value, line
        at = end


def _ends(text: str, at: int) -> bool:
    return not text[at : at + 1].strip(" \t\r\n,")


def _objects(line: str) -> Iterator[Any]:
    """The objects in a line of something else."""
    at = 0
    while match := _OBJECT.search(line, at):
        at = match.start()
        try:
            value, at = _DECODE(line, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        if value:
            yield value


def _table(text: str) -> Iterator[dict[str, Any]] | None:
    """The rows of a CSV file whose head names columns of CloudTrail's; None for another file."""
    head, _, _ = text.partition("\n")
    if head.lstrip()[:1] in ("{", "["):
        return None
    try:
        names = next(csv.reader([head.strip()]), [])
    except csv.Error:
        return None
    known = [name.strip().lower().replace(" ", "") for name in names]
    if "eventtime" not in known and "eventdata" not in known and "_raw" not in known:
        return None
    csv.field_size_limit(10_000_000)
    return _rows(text, [*names])


def _rows(text: str, names: list[str]) -> Iterator[dict[str, Any]]:
    lines = csv.reader(text.splitlines(keepends=True))
    next(lines)
    for row in lines:
        if row:
            yield dict(zip((name.strip() for name in names), row, strict=False))


# ---- a value's records


def _unwrap(value: Any, found: Reading, place: str, depth: int = 0) -> None:
    """Adds the records inside a value, or refuses it."""
    if depth > _DEEPEST:
        found.refuse(TOO_DEEP, place)
    elif isinstance(value, str):
        _unwrap_text(value, found, place, depth)
    elif isinstance(value, list):
        if row := _pairs(value):
            _unwrap(row, found, place, depth + 1)
            return
        for number, each in enumerate(value, 1):
            inside = f"{place}, number {number}" if place else f"number {number}"
            _unwrap(each, found, inside, depth + 1)
    elif isinstance(value, dict):
        _unwrap_object(value, found, place, depth)
    else:
        found.refuse(_NO_RECORD, place)


def _unwrap_object(value: dict[str, Any], found: Reading, place: str, depth: int) -> None:
    if _names_a_file(value):
        found.refuse(_NAMES_A_FILE, place)
        return
    if _is_record(value) and not _is_row(value):
        found.records.append(value)
        return
    if rows := _athena(value):
        _unwrap(rows, found, place, depth + 1)
        return
    inside = next((i for _, path in _INSIDE if (i := _at(value, path)) is not None), None)
    if inside is not None:
        _unwrap(inside, found, place, depth + 1)
        return
    record = _of_columns(value)
    if record is not None and _is_record(record):
        identity = record.get("userIdentity")
        if isinstance(identity, str) and _STRUCT.match(identity):
            found.refuse(
                "the user identity is Athena's text of a struct: select CAST(useridentity AS JSON)",
                place,
            )
            return
        found.records.append(record)
        return
    found.refuse(_NO_RECORD, place)


def _unwrap_text(value: str, found: Reading, place: str, depth: int) -> None:
    text = value.strip()
    if text[:1] not in ("{", "[", '"'):
        packed = _unpacked(text)
        if packed is not None:
            text = packed
        else:
            inside = [*_objects(text)]
            if not inside:
                found.refuse(_NO_RECORD, place)
            for each in inside:
                _unwrap(each, found, place, depth + 1)
            return
    inner = Reading()
    for each, _ in _values(text, inner):
        _unwrap(each, found, place, depth + 1)
    inner.end()
    for reason in inner.left_out:
        found.refuse(reason, place)


def _unpacked(text: str) -> str | None:
    """The text behind base64, unzipped where it is gzip; None where it is nothing of that kind."""
    try:
        data = base64.b64decode(text, validate=True)
        if data.startswith(_GZIP):
            stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            data = stream.decompress(data, _MOST_UNZIPPED)
        return data.decode() or None
    except (ValueError, binascii.Error, zlib.error):
        return None


def _is_record(value: Mapping[str, Any]) -> bool:
    """True for a record; an event pattern looks like one, except for its lists."""
    if not isinstance(value.get("eventTime"), str):
        return False
    return any(isinstance(value.get(n), str) for n in ("eventName", "eventType", "eventSource"))


def _is_row(value: Mapping[str, Any]) -> bool:
    """True for a table's row with a record's names: its objects are texts, its time is Lake's."""
    identity = value.get("userIdentity")
    return bool(_LAKE_TIME.match(value["eventTime"])) or (
        isinstance(identity, str) and identity.lstrip().startswith("{")
    )


def _names_a_file(value: Mapping[str, Any]) -> bool:
    if isinstance(value.get("s3"), dict) and str(value.get("eventSource")).startswith("aws:s3"):
        return True
    if "s3Bucket" in value and "s3ObjectKey" in value:
        return True
    detail = value.get("detail")
    return value.get("source") == "aws.s3" and isinstance(detail, dict) and "object" in detail


def _at(value: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What lies at a path, None where nothing does that could hold records."""
    found: Any = value
    for name in path:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found if isinstance(found, dict | list | str) and found != "" else None


def _pairs(value: list[Any]) -> dict[str, Any] | None:
    """A row that is a list of cells: `[{"eventTime": ...}, ...]` of Lake, `[{"field": ..., "value":
    ...}]` of Logs Insights.
    """
    if not value or not all(isinstance(cell, dict) for cell in value):
        return None
    if all({"field", "value"} <= cell.keys() for cell in value):
        return {str(cell["field"]): cell["value"] for cell in value}
    if len(value) > 1 and all(
        len(cell) == 1 and next(iter(cell)).lower() in _COLUMNS for cell in value
    ):
        return {name: inner for cell in value for name, inner in cell.items()}
    return None


def _athena(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of `aws athena get-query-results`, by their columns."""
    rows = _at(value, ("ResultSet", "Rows"))
    if not isinstance(rows, list):
        return []
    cells = [
        [str(c.get("VarCharValue", "")) if isinstance(c, dict) else "" for c in row["Data"]]
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("Data"), list)
    ]
    return [dict(zip(cells[0], row, strict=False)) for row in cells[1:]]


def _of_columns(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of a row whose names are in lower case, or whose objects are texts."""
    known = {_COLUMNS.get(name.lower().replace(" ", "")): inner for name, inner in value.items()}
    if not isinstance(known.get("eventTime"), str):
        return None
    record: dict[str, Any] = {}
    for name, inner in known.items():
        if name is None or inner in ("", "null", None):
            continue
        if name in _BODIES:
            record[name] = _parsed(inner)
        elif name in _PARTS:
            record[name] = _spelled(_parsed(inner))
        elif name in _TRUTHS:
            record[name] = {"true": True, "false": False}.get(str(inner).lower(), inner)
        elif name == "eventTime":
            # Lake writes 2026-03-02 08:00:00.000.
            record[name] = _LAKE_TIME.sub(r"\1T\2Z", str(inner))
        else:
            record[name] = inner
    return record


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _spelled(value: Any, depth: int = 0) -> Any:
    """A part of a record with its names as a record spells them."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, list):
        return [_spelled(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {
            _COLUMNS.get(name.lower(), name): _spelled(inner, depth + 1)
            for name, inner in value.items()
            if inner is not None
        }
    return value
