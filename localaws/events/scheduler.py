"""EventBridge Scheduler: what AWS refuses of schedules, and who may hand them a role."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from localaws.events.expressions import ExpressionError, scheduler_expression
from localaws.events.router.model import SCHEDULER
from localaws.iam.needs import passing, usual_needs
from localaws.iam.policy import Principal, evaluate
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError


def _invalid(sentence: str) -> RefusalError:
    return RefusalError("ValidationException", sentence)


@gap.refuses("scheduler", "CreateSchedule", "UpdateSchedule")
def _put_schedule(call: Call) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    p = call.parameters
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
    _assumable(call, str(target["RoleArn"]), p.get("GroupName") or "default")


def _assumable(call: Call, role: str, group: str) -> None:
    """The role lets Scheduler in, for the schedule's group: a single schedule can't be named.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    refusal = _invalid(
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    )
    parts = role.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        raise _invalid(f"Provided role {role} is not the ARN of a role.")
    iam = call.client("iam", parts[4])
    try:
        found = iam.get_role(RoleName=role.rpartition("/")[2])["Role"]
    except ClientError:
        raise refusal from None
    arn = f"arn:{call.partition}:scheduler:{call.region}:{call.account}:schedule-group/{group}"
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


@gap.needs("scheduler", "CreateSchedule", "UpdateSchedule")
def _pass_role(call: Call) -> Iterator[gap.Need]:
    """The schedule itself, which the emulator does not name, and the role.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
    """
    yield from usual_needs(call)
    role = (call.parameters.get("Target") or {}).get("RoleArn")
    if role:
        yield passing(str(role), SCHEDULER)
