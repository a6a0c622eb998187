"""PutEvents and TestEventPattern: events go to the router, and patterns have one engine.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from reactor.patterns import EventError

from localaws.events.patterns import checked_pattern
from localaws.events.router import Router
from localaws.iam.policy import Principal, evaluate
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.parts import Json

_ENTRIES = 10
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
_BYTES = 1 << 20
_REQUIRED = ("id", "account", "source", "time", "region", "detail-type")


@gap.needs("events", "PutEvents")
def _put(call: Call) -> Iterator[gap.Need]:
    """Each bus, with the sources and detail-types of its entries."""
    entries = call.parameters.get("Entries") or ()
    for bus in dict.fromkeys(_bus(call, entry) for entry in entries):
        mine = [entry for entry in entries if _bus(call, entry) == bus]
        context = {
            "events:source": [str(entry.get("Source", "")) for entry in mine],
            "events:detail-type": [str(entry.get("DetailType", "")) for entry in mine],
        }
        yield gap.Need("events:PutEvents", bus, context)


@gap.answers("events", "PutEvents", alone=True)
def _put_events(call: Call) -> Json:
    entries = list(call.parameters.get("Entries") or ())
    need(
        1 <= len(entries) <= _ENTRIES,
        "ValidationException",
        f"1 validation error detected: Value '{entries}' at 'entries' failed to satisfy "
        "constraint: Member must have length "
        f"{'less than or equal to 10' if entries else 'greater than or equal to 1'}",
    )
    need(
        sum(_size(entry) for entry in entries) < _BYTES,
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )
    for bus in dict.fromkeys(_bus(call, entry) for entry in entries):
        _admitted(call, bus)
    results = [_entry(call, entry) for entry in entries]
    return {
        "FailedEntryCount": sum("ErrorCode" in result for result in results),
        "Entries": results,
    }


def _entry(call: Call, entry: Mapping[str, Any]) -> Json:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return {
                "ErrorCode": "InvalidArgument",
                "ErrorMessage": f"Parameter {name} is not valid. Reason: {name} is a required "
                "argument.",
            }
    if str(entry["Source"]).lower().startswith("aws."):
        return {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    given, now = entry.get("Time"), call.parts.clock.now()
    when = given.astimezone(UTC) if isinstance(given, datetime) else now
    _, _, _, region, account, path = _bus(call, entry).split(":", 5)
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": call.account,
        "time": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(entry.get("Resources") or ()),
        "detail": detail,
    }
    name = path.removeprefix("event-bus/")
    call.of(Router).put(event, account=account, region=region, bus=name)
    return {"EventId": event["id"]}


def _bus(call: Call, entry: Mapping[str, Any]) -> str:
    name = str(entry.get("EventBusName") or "default")
    return (
        name
        if name.startswith("arn:")
        else f"arn:aws:events:{call.region}:{call.account}:event-bus/{name}"
    )


def _admitted(call: Call, bus: str) -> None:
    """Another account's bus admits the caller in its policy."""
    parts = bus.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("event-bus/"):
        raise RefusalError(
            "ValidationException",
            f"Parameter EventBusName {bus} is not valid. Reason: Provided Arn is not in correct "
            "format.",
        )
    if parts[4] == call.account:
        return
    events = call.client("events", parts[4], parts[3])
    try:
        policy = events.describe_event_bus(Name=parts[5].partition("/")[2]).get("Policy")
    except ClientError:
        policy = None
    identity = call.identity
    caller = Principal.aws(
        *filter(None, (identity.arn, identity.issuer_arn)), account=identity.account
    )
    decision = policy and evaluate(
        policy,
        principal=caller,
        action="events:PutEvents",
        resource=bus,
        context={
            "aws:PrincipalAccount": identity.account,
            "aws:PrincipalArn": identity.issuer_arn or identity.arn or "",
        },
    )
    need(
        decision and decision.allowed,
        "AccessDeniedException",
        f"User: {identity.arn} is not authorized to perform: events:PutEvents on resource: {bus} "
        "because no resource-based policy allows the events:PutEvents action",
    )


def _size(entry: Mapping[str, Any]) -> int:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html"""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")]
    texts += entry.get("Resources") or ()
    return sum(len(str(text).encode()) for text in texts) + (14 if entry.get("Time") else 0)


@gap.needs("events", "TestEventPattern")
def _test(_: Call) -> list[gap.Need]:
    return [gap.Need("events:TestEventPattern", "*")]


@gap.answers("events", "TestEventPattern", alone=True)
def _test_event_pattern(call: Call) -> Json:
    pattern = checked_pattern(str(call.parameters.get("EventPattern") or ""))
    text = str(call.parameters.get("Event") or "")
    try:
        event = json.loads(text)
    except ValueError:
        event = None
    missing = [name for name in _REQUIRED if not isinstance(event, dict) or name not in event]
    need(not missing, "ValidationException", "Parameter Event is not valid.")
    try:
        return {"Result": pattern.matches(text)}
    except EventError:
        raise RefusalError("ValidationException", "Parameter Event is not valid.") from None
