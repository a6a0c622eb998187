"""Archives and replays: what AWS refuses of them, and what is in them.

The emulator keeps their settings, `Archives` what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.cloudtrail.recording import Recording
from localaws.events.archives import Archives
from localaws.events.patterns import checked_pattern
from localaws.events.router import Router
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
from localaws.wire.http import Response
from localaws.wire.parts import Json


def _invalid(sentence: str) -> RefusalError:
    return RefusalError("ValidationException", sentence)


@gap.refuses("events", "CreateArchive")
def _create_archive(call: Call) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html"""
    _bus_exists(call, str(call.parameters.get("EventSourceArn") or ""))
    if call.parameters.get("EventPattern"):
        checked_pattern(str(call.parameters["EventPattern"]))


def _bus_exists(call: Call, arn: str) -> None:
    place = f"arn:aws:events:{call.region}:{call.account}:event-bus/"
    name = arn.removeprefix(place)
    if not arn.startswith(place) or not name:
        raise _invalid("Parameter EventSourceArn is not valid. Reason: it must be an event bus.")
    try:
        call.client("events").describe_event_bus(Name=name)
    except ClientError:
        raise RefusalError(
            "ResourceNotFoundException", f"Event bus {name} does not exist."
        ) from None


@gap.refuses("events", "ListArchives")
def _list_of_a_bus(call: Call) -> None:
    source = call.parameters.get("EventSourceArn")
    if source:
        _bus_exists(call, str(source))


@gap.refuses("events", "UpdateArchive")
def _update_archive(call: Call) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateArchive.html"""
    p = call.parameters
    if all(p.get(name) is None for name in ("Description", "EventPattern", "RetentionDays")):
        name = p.get("ArchiveName")
        try:
            call.client("events").describe_archive(ArchiveName=name)
        except ClientError:
            return  # no such archive: the emulator says so
        raise _invalid("At least one of Description, EventPattern or RetentionDays must be given.")


@gap.refuses("events", "StartReplay")
def _archive_exists(call: Call) -> None:
    p = call.parameters
    source, bus = str(p.get("EventSourceArn") or ""), str((p.get("Destination") or {}).get("Arn"))
    place = f"arn:aws:events:{call.region}:{call.account}:archive/"
    name = source.removeprefix(place)
    events = call.client("events")
    try:
        archive = events.describe_archive(ArchiveName=name) if source.startswith(place) else None
    except ClientError:
        archive = None
    if archive is None:
        raise _invalid(
            f"Parameter EventSourceArn is not valid. Reason: Archive {name} does not exist."
        )
    _bus_exists(call, bus)
    if archive["EventSourceArn"] != bus:
        raise _invalid(
            "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not "
            "permitted."
        )


@gap.refuses("events", "StartReplay")
def _start_replay_check(call: Call) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html"""
    p = call.parameters
    begin, end = p.get("EventStartTime"), p.get("EventEndTime")
    if begin is not None and end is not None and end <= begin:
        raise _invalid(
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
            "EventEndTime."
        )


def _all_arrived(call: Call) -> None:
    """All that was called or put before is in the archives."""
    if call.of(Recording).settle(10.0):
        call.of(Router).drain_arrivals(10.0)


def _answered(call: Call) -> tuple[Response, Json | None]:
    response = call.forward()
    return response, call.decoded(response) if response.status < 300 else None


@gap.answers("events", "DescribeArchive")
def _describe_archive(call: Call) -> Response | Mapping[str, Any]:
    _all_arrived(call)
    response, archive = _answered(call)
    if archive is None:
        return response
    return call.of(Archives).described(archive, call.account, call.region)


@gap.answers("events", "ListArchives")
def _list_archives(call: Call) -> Response | Mapping[str, Any]:
    response, answer = _answered(call)
    if answer is None:
        return response
    shown = [
        call.of(Archives).described(archive, call.account, call.region)
        for archive in answer.get("Archives", ())
    ]
    return answer | {"Archives": shown}


@gap.answers("events", "DeleteArchive")
def _delete_archive(call: Call) -> Response | Mapping[str, Any]:
    response, answer = _answered(call)
    if answer is not None:
        name = call.parameters["ArchiveName"]
        call.of(Archives).deleted(name, call.account, call.region)
    return response


@gap.answers("events", "StartReplay")
def _start_replay(call: Call) -> Response | Mapping[str, Any]:
    _all_arrived(call)
    response, answer = _answered(call)
    if answer is None:
        return response
    call.of(Archives).replay(answer["ReplayArn"], call.parameters, call.account, call.region)
    return answer | {"ReplayStartTime": call.parts.clock.now()}


@gap.answers("events", "DescribeReplay")
def _describe_replay(call: Call) -> Response | Mapping[str, Any]:
    response, replay = _answered(call)
    if replay is None:
        return response
    return call.of(Archives).replayed(replay, call.account, call.region)


@gap.answers("events", "ListReplays")
def _list_replays(call: Call) -> Response | Mapping[str, Any]:
    response, answer = _answered(call)
    if answer is None:
        return response
    shown = [
        call.of(Archives).replayed(replay, call.account, call.region)
        for replay in answer.get("Replays", ())
    ]
    return answer | {"Replays": shown}
