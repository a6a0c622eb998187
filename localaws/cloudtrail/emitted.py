"""Events that no API call makes, as they come in: completed, gated by the trails, put on the bus.

Console sign-ins, Insights, events of services, or whole envelopes that PutEvents would refuse.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localaws.cloudtrail.keeper import Trail
from localaws.cloudtrail.recorder import detail_type, envelope
from localaws.cloudtrail.recorder.record import EVENT_VERSION
from localaws.wire.partition import AWS, PARTITIONS, home_region, partition
from localaws.wire.parts import Json

SIGN_IN_SPELLINGS = ("Sign In", "Signin")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]")
_SIGN_IN_HOST = re.compile(r"([a-z]{2,}(?:-[a-z]+)+-[0-9])\.signin\.")
_SIGN_IN_PAGE = re.compile(r"[?&]region=([a-z]{2,}(?:-[a-z]+)+-[0-9])")
_GLOBAL_SOURCES = frozenset(
    {
        "cloudfront.amazonaws.com",
        "iam.amazonaws.com",
        "organizations.amazonaws.com",
        "route53.amazonaws.com",
    }
)


class EmitError(ValueError):
    """An event that can't be one; the sentence says where and why."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """A complete event: its envelope, where it arrives, and the record inside, if it has one."""

    event: Json
    record: Json | None
    account: str
    region: str
    time: datetime

    @property
    def what(self) -> str:
        """A short name: `signin:ConsoleLogin`, or the envelope's detail-type."""
        if self.record is None:
            return str(self.event["detail-type"])
        insight = self.record.get("insightDetails")
        if isinstance(insight, Mapping):
            source, name = insight.get("eventSource", ""), insight.get("eventName", "")
            state = f" Insight {insight.get('state', '')}".rstrip()
        else:
            source, name, state = self.record["eventSource"], self.record["eventName"], ""
        return f"{str(source).partition('.')[0]}:{name}{state}"


def complete(
    item: Any,
    where: str,
    now: datetime,
    account: str,
    region: str | None,
    default_region: str,
    *,
    sign_in: str = SIGN_IN_SPELLINGS[0],
    fresh: bool = False,
) -> Emitted:
    """The event that an item stands for, with what it leaves out filled in.

    `region` is what the user asked for, if anything. With `fresh` ids and times are new ones, so
    that the same file can be emitted again. Raises EmitError, naming `where`.
    """
    if not isinstance(item, dict):
        raise EmitError(f"{where}: an event is a JSON object, not {type(item).__name__}")
    if sign_in not in SIGN_IN_SPELLINGS:
        raise EmitError(f"{sign_in!r} is no spelling: {' or '.join(map(repr, SIGN_IN_SPELLINGS))}")
    if "detail" in item or "detail-type" in item:
        return _envelope(item, where, now, account, region, default_region, sign_in, fresh)
    record = _record(item, where, now, account, region, default_region, fresh)
    event = envelope(record)
    _spell(event, sign_in)
    return Emitted(
        event, record, event["account"], event["region"], _moment(event["time"], where, "eventTime")
    )


def kept_back(emitted: Emitted, trails: Sequence[Trail]) -> str:
    """Why the event does not reach the bus, given the account's logging trails; empty if it does.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    record = emitted.record
    if record is None:  # its service sends it to the bus by itself, trail or not
        return ""
    there = [t for t in trails if t.covers(emitted.account, emitted.region)]
    if not there:
        return f"no trail of account {emitted.account} logs in {emitted.region}"
    insight = record.get("insightDetails")
    if isinstance(insight, Mapping):
        kind = insight.get("insightType")
        if not any(s.get("InsightType") == kind for t in there for s in t.insights):
            return f"no trail there has {kind} among its insight selectors"
        return ""
    if not any(t.admits(record) for t in there):
        return "the event selectors of the trails there leave it out"
    return ""


def _envelope(
    item: Json,
    where: str,
    now: datetime,
    account: str,
    region: str | None,
    default_region: str,
    sign_in: str,
    fresh: bool,
) -> Emitted:
    detail = item.get("detail")
    if not isinstance(detail, dict):
        raise EmitError(f"{where}: an envelope needs a detail that is a JSON object")
    kind = item.get("detail-type")
    is_record = str(kind).endswith(" via CloudTrail") if kind else _is_record(detail)
    if not kind and not is_record:
        raise EmitError(f"{where}: an envelope needs a detail-type")
    if is_record:
        outer = {"recipientAccountId": item.get("account"), "awsRegion": item.get("region")}
        outer = {k: v for k, v in outer.items() if v and k not in detail}
        record = _record({**detail, **outer}, where, now, account, region, default_region, fresh)
        event = envelope(record) | {k: v for k, v in item.items() if k != "detail"}
        if not kind:
            _spell(event, sign_in)
    else:
        record = None
        if not item.get("source"):
            raise EmitError(f"{where}: an envelope needs a source, such as aws.ec2")
        event = {
            "version": "0",
            "id": "",
            "detail-type": kind,
            "source": "",
            "account": account,
            "time": _stamp(now),
            "region": region or default_region,
            "resources": [],
        } | item
    if fresh or not event["id"]:
        event["id"] = str(uuid.uuid4())
    if fresh:
        event["time"] = _stamp(now)
    _check_place(event["account"], event["region"], where)
    return Emitted(
        event, record, event["account"], event["region"], _moment(event["time"], where, "time")
    )


def _record(
    item: Json,
    where: str,
    now: datetime,
    account: str,
    region: str | None,
    default_region: str,
    fresh: bool,
) -> Json:
    if not _is_record(item):
        raise EmitError(
            f"{where}: a record needs eventSource and eventName (or insightDetails), and an "
            "envelope detail-type, source and detail"
        )
    record: Json = {"eventVersion": EVENT_VERSION} | item
    if fresh:
        record["eventID"], record["eventTime"] = str(uuid.uuid4()), _stamp(now)
    identity = record.get("userIdentity")
    if identity is not None and not isinstance(identity, dict):
        raise EmitError(f"{where}: userIdentity is a JSON object")
    record.setdefault("eventTime", _stamp(now))
    record.setdefault("eventID", str(uuid.uuid4()))
    record.setdefault("eventType", _event_type(record))
    record.setdefault("recipientAccountId", (identity or {}).get("accountId") or account)
    if not record.get("awsRegion"):
        record["awsRegion"] = _region(record, region, default_region)
    record.setdefault("eventCategory", _category(record))
    if record["eventCategory"] != "Insight":
        record.setdefault("readOnly", False)
        record.setdefault("managementEvent", record["eventCategory"] == "Management")
    _check_place(record["recipientAccountId"], record["awsRegion"], where)
    _moment(record["eventTime"], where, "eventTime")
    return record


def _is_record(item: Mapping[str, Any]) -> bool:
    named = all(isinstance(item.get(k), str) for k in ("eventSource", "eventName"))
    return named or isinstance(item.get("insightDetails"), dict)


def _event_type(record: Mapping[str, Any]) -> str:
    if "insightDetails" in record:
        return "AwsCloudTrailInsight"
    if "serviceEventDetails" in record:
        return "AwsServiceEvent"
    if record["eventSource"] == "signin.amazonaws.com":
        return "AwsConsoleSignIn"
    if record.get("eventCategory") == "NetworkActivity":
        return "AwsVpceEvent"
    return "AwsApiCall"


def _category(record: Mapping[str, Any]) -> str:
    if record["eventType"] == "AwsCloudTrailInsight":
        return "Insight"
    if record["eventType"] == "AwsVpceEvent":
        return "NetworkActivity"
    return "Data" if record.get("managementEvent") is False else "Management"


def _region(record: Mapping[str, Any], asked: str | None, default: str) -> str:
    """Where the record appears: global services at home, sign-ins by identity and endpoint."""
    identity = record.get("userIdentity") or {}
    home = home_region(_partition(identity, asked or default))
    source = record.get("eventSource")
    if source in _GLOBAL_SOURCES:
        return home
    if source != "signin.amazonaws.com":
        return asked or default
    if identity.get("type") == "Root":
        return home
    # A user signs in through the global endpoint, at home, or through that of a Region.
    host = str((record.get("tlsDetails") or {}).get("clientProvidedHostHeader", ""))
    page = str((record.get("additionalEventData") or {}).get("LoginTo", ""))
    named = _SIGN_IN_HOST.match(host) or (None if host else _SIGN_IN_PAGE.search(page))
    return named[1] if named else asked or home


def _partition(identity: Mapping[str, Any], region: str) -> str:
    arn = str(identity.get("arn", ""))
    named = arn.split(":")[1] if arn.startswith("arn:") else ""
    return named if named in (AWS, *PARTITIONS.values()) else partition(region)


def _spell(event: Json, sign_in: str) -> None:
    # Real events and a page of the documentation spell it differently: rules must match both.
    if detail_type(event["detail"]) == "AWS Console Sign In via CloudTrail":
        event["detail-type"] = f"AWS Console {sign_in} via CloudTrail"


def _check_place(account: Any, region: Any, where: str) -> None:
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        raise EmitError(f"{where}: {account!r} is no account id: give twelve digits as a string")
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise EmitError(f"{where}: {region!r} is no Region: give one such as us-east-1")


def _moment(text: Any, where: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise EmitError(
            f"{where}: {name} {text!r} is no time: write 2026-01-31T12:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
