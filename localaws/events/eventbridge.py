"""EventBridge and its Scheduler where the layer answers or refuses: schedules and archives.

`ANSWERS` and `CHECKS` are tables as those of `gaps`: an answer in place of the emulator's, and
refusals of what AWS refuses and the emulator accepts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.events.expressions import ExpressionError, rule_expression, scheduler_expression
from localaws.events.router.model import SCHEDULER
from localaws.iam.policy import Principal, evaluate
from localaws.wire.codec import RefusedError, decode_answer
from localaws.wire.http import Response

if TYPE_CHECKING:
    from localaws.front.tables import Incoming

Json = dict[str, Any]
_Answer = Callable[["Incoming"], Awaitable[Response | Mapping[str, Any]]]
_Check = Callable[["Incoming"], Awaitable[None]]

_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def _invalid(sentence: str) -> RefusedError:
    return RefusedError("ValidationException", sentence)


# --- scheduled rules -----------------------------------------------------------------------------


async def _put_rule(call: Incoming) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""
    p = call.operation.parameters
    text = p.get("ScheduleExpression")
    if not text:
        if not p.get("EventPattern"):
            raise _invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        return
    if (p.get("EventBusName") or "default").rpartition("/")[2] != "default":
        raise _invalid("ScheduleExpression is supported only on the default event bus.")
    if p.get("State") == _WITH_READS:
        raise _invalid(f"Parameter State is not valid: {_WITH_READS} has no ScheduleExpression.")
    try:
        rule_expression(text)
    except ExpressionError:
        raise _invalid("Parameter ScheduleExpression is not valid.") from None


# --- EventBridge Scheduler -----------------------------------------------------------------------


async def _put_schedule(call: Incoming) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    p = call.operation.parameters
    text, target = p.get("ScheduleExpression"), p.get("Target") or {}
    window = p.get("FlexibleTimeWindow") or {}
    if not text or not target.get("Arn") or not target.get("RoleArn") or not window:
        return  # the emulator says what is missing
    try:
        scheduler_expression(text, p.get("ScheduleExpressionTimezone"))
    except ExpressionError as error:
        raise _invalid(f"Invalid Schedule Expression {text}: {error}.") from None
    minutes = window.get("MaximumWindowInMinutes")
    if window.get("Mode") not in ("OFF", "FLEXIBLE"):
        raise _invalid("FlexibleTimeWindow.Mode must be OFF or FLEXIBLE.")
    if window["Mode"] == "FLEXIBLE" and not (minutes and 1 <= int(minutes) <= 1440):
        raise _invalid("A flexible time window needs MaximumWindowInMinutes from 1 to 1440.")
    if window["Mode"] == "OFF" and minutes is not None:
        raise _invalid("MaximumWindowInMinutes must not be given when Mode is OFF.")
    begin, end = p.get("StartDate"), p.get("EndDate")
    if begin is not None and end is not None and end <= begin:
        raise _invalid("The EndDate you specify must come after the StartDate.")
    to_bus = target.get("EventBridgeParameters")
    if ":event-bus/" in target["Arn"] and not to_bus:
        raise _invalid("An event bus needs EventBridgeParameters with DetailType and Source.")
    if to_bus and str(to_bus.get("Source", "")).startswith("aws."):
        raise _invalid("The Source of EventBridgeParameters must not start with aws.")
    await asyncio.to_thread(_assumable, call, target["RoleArn"], p.get("GroupName") or "default")


def _assumable(call: Incoming, role: str, group: str) -> None:
    """The role lets Scheduler in, for the schedule's group: a single schedule can't be named.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    refusal = _invalid(
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    )
    parts = role.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        raise _invalid(f"Provided role {role} is not the ARN of a role.")
    iam = call.front.aws.client("iam", parts[4], "us-east-1")
    try:
        found = iam.get_role(RoleName=role.rpartition("/")[2])["Role"]
    except ClientError:
        raise refusal from None
    arn = f"arn:aws:scheduler:{call.region}:{call.account}:schedule-group/{group}"
    decision = evaluate(
        found["AssumeRolePolicyDocument"],
        principal=Principal.service(SCHEDULER),
        action="sts:AssumeRole",
        resource=role,
        context={
            "aws:SourceArn": arn,
            "aws:SourceAccount": call.account,
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": SCHEDULER,
        },
    )
    if not decision.allowed:
        raise refusal


# --- archives and replays ------------------------------------------------------------------------


async def _create_archive(call: Incoming) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html"""
    source = str(call.operation.parameters.get("EventSourceArn") or "")
    place = f"arn:aws:events:{call.region}:{call.account}:event-bus/"
    name = source.removeprefix(place)
    if not source.startswith(place) or not name:
        raise _invalid("Parameter EventSourceArn is not valid. Reason: it must be an event bus.")
    events = call.front.aws.client("events", call.account, call.region)
    try:
        await asyncio.to_thread(lambda: events.describe_event_bus(Name=name))
    except ClientError:
        raise RefusedError(
            "ResourceNotFoundException", f"Event bus {name} does not exist."
        ) from None


async def _start_replay_check(call: Incoming) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html"""
    p = call.operation.parameters
    begin, end = p.get("EventStartTime"), p.get("EventEndTime")
    if begin is not None and end is not None and end <= begin:
        raise _invalid(
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
            "EventEndTime."
        )


async def _answered(call: Incoming) -> tuple[Response, Json | None]:
    response = await call.front.upstream.send(call.operation.request)
    return response, decode_answer(call.operation, response)[0] if response.status < 300 else None


async def _arrived(call: Incoming) -> None:
    """All that was called or put before is in the archives."""
    front = call.front
    await asyncio.to_thread(
        lambda: front.settle_records(10.0) and front.router.drain_arrivals(10.0)
    )


async def _describe_archive(call: Incoming) -> Response | Mapping[str, Any]:
    await _arrived(call)
    response, archive = await _answered(call)
    if archive is None:
        return response
    return call.front.archives.described(archive, call.account, call.region)


async def _list_archives(call: Incoming) -> Response | Mapping[str, Any]:
    response, answer = await _answered(call)
    if answer is None:
        return response
    shown = [
        call.front.archives.described(archive, call.account, call.region)
        for archive in answer.get("Archives", ())
    ]
    return answer | {"Archives": shown}


async def _delete_archive(call: Incoming) -> Response | Mapping[str, Any]:
    response, answer = await _answered(call)
    if answer is not None:
        name = call.operation.parameters["ArchiveName"]
        call.front.archives.deleted(name, call.account, call.region)
    return response


async def _start_replay(call: Incoming) -> Response | Mapping[str, Any]:
    await _arrived(call)
    front = call.front
    response, answer = await _answered(call)
    if answer is None:
        return response
    parameters = call.operation.parameters
    await asyncio.to_thread(
        front.archives.replay, answer["ReplayArn"], parameters, call.account, call.region
    )
    return answer | {"ReplayStartTime": front.clock.now()}


async def _describe_replay(call: Incoming) -> Response | Mapping[str, Any]:
    response, replay = await _answered(call)
    if replay is None:
        return response
    return call.front.archives.replayed(replay, call.account, call.region)


async def _list_replays(call: Incoming) -> Response | Mapping[str, Any]:
    response, answer = await _answered(call)
    if answer is None:
        return response
    shown = [
        call.front.archives.replayed(replay, call.account, call.region)
        for replay in answer.get("Replays", ())
    ]
    return answer | {"Replays": shown}


ANSWERS: Mapping[tuple[str, str], _Answer] = {
    ("events", "DeleteArchive"): _delete_archive,
    ("events", "DescribeArchive"): _describe_archive,
    ("events", "DescribeReplay"): _describe_replay,
    ("events", "ListArchives"): _list_archives,
    ("events", "ListReplays"): _list_replays,
    ("events", "StartReplay"): _start_replay,
}

CHECKS: Mapping[tuple[str, str], tuple[_Check, ...]] = {
    ("events", "CreateArchive"): (_create_archive,),
    ("events", "PutRule"): (_put_rule,),
    ("events", "StartReplay"): (_start_replay_check,),
    ("scheduler", "CreateSchedule"): (_put_schedule,),
    ("scheduler", "UpdateSchedule"): (_put_schedule,),
}
