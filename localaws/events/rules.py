"""EventBridge rules and targets: what AWS refuses of them.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.events.expressions import ExpressionError, rule_expression
from localaws.events.patterns import checked_pattern
from localaws.events.router.model import kind_of
from localaws.events.router.services import OPENERS
from localaws.iam.needs import passing, resource
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.http import Response

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12})?:.+", re.DOTALL)
_STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
_WILDCARD = re.compile(r'"wildcard"\s*:')
_PATTERN_CHARACTERS = 2048
_RULES_A_BUS = 300
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html: "Event pattern wildcards"
_WILDCARD_RULES_A_BUS = 30
_TARGETS_A_RULE = 5


def _invalid(name: str, value: Any, constraint: str) -> RefusalError:
    return RefusalError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"{constraint}",
    )


@gap.refuses("events", "PutRule")
def _rule(call: Call) -> None:
    p = call.parameters
    name, state = str(p.get("Name") or ""), p.get("State")
    pattern, schedule = p.get("EventPattern"), p.get("ScheduleExpression")
    if not _NAME.fullmatch(name):
        constraint = (
            "Member must have length less than or equal to 64"
            if len(name) > 64
            else r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"
        )
        raise _invalid("name", name, constraint)
    if state is not None and state not in _STATES:
        raise _invalid(
            "state", state, f"Member must satisfy enum value set: [{', '.join(_STATES)}]"
        )
    need(
        pattern or schedule,
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    if schedule:
        _schedule(str(schedule), _bus(p), state)
    if pattern:
        _pattern(str(pattern))
    _room(call, name, str(pattern or ""))


def _schedule(expression: str, bus: str, state: str | None) -> None:
    try:
        rule_expression(expression)
    except ExpressionError:
        raise RefusalError(
            "ValidationException", "Parameter ScheduleExpression is not valid."
        ) from None
    need(
        bus == "default",
        "ValidationException",
        "ScheduleExpression is supported only on the default event bus.",
    )
    need(
        state != "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        "ValidationException",
        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is not supported for scheduled rules.",
    )


def _pattern(pattern: str) -> None:
    need(
        len(pattern) <= _PATTERN_CHARACTERS,
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Event pattern is longer than "
        f"{_PATTERN_CHARACTERS} characters",
    )
    checked_pattern(pattern)


def _room(call: Call, name: str, pattern: str) -> None:
    """Whether the bus has room for one more rule, and for one more with a wildcard."""
    events, bus = call.client("events"), _bus(call.parameters)
    rules: list[Mapping[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        try:
            answer = events.list_rules(EventBusName=bus, **token)
        except ClientError:
            return  # no such bus: the emulator says so
        rules += answer["Rules"]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    others = [rule for rule in rules if rule["Name"] != name]
    wild = [rule for rule in others if _WILDCARD.search(rule.get("EventPattern") or "")]
    need(
        len(others) < _RULES_A_BUS
        and not (_WILDCARD.search(pattern) and len(wild) >= _WILDCARD_RULES_A_BUS),
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )


def _bus(p: Mapping[str, Any]) -> str:
    return str(p.get("EventBusName") or "default").rpartition("/")[2]


def _needs_a_role(arn: str, account: str) -> bool:
    """Of another account only where AWS was seen to ask for it."""
    _, _, service, _, owner, _ = arn.split(":", 5)
    if service == "codepipeline" or kind_of(arn) in OPENERS:
        return True
    return kind_of(arn) in ("bus", "sns") and owner not in ("", account)


@gap.refuses("events", "PutTargets")
def _targets(call: Call) -> None:
    p = call.parameters
    targets = p.get("Targets") or ()
    for target in targets:
        _target(call, target)
    ids = [t.get("Id") for t in targets]
    need(
        len(ids) == len(set(ids)),
        "ValidationException",
        "Parameter(s) Id must be unique within a request.",
    )
    events, bus = call.client("events"), _bus(p)
    try:
        answer = events.list_targets_by_rule(Rule=p.get("Rule"), EventBusName=bus)
    except ClientError:
        return  # no such rule: the emulator says so
    all_ids = {t["Id"] for t in answer["Targets"]} | set(ids)
    need(
        len(all_ids) <= _TARGETS_A_RULE,
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )


def _target(call: Call, target: Mapping[str, Any]) -> None:
    identity, arn = str(target.get("Id") or ""), str(target.get("Arn") or "")
    if not _NAME.fullmatch(identity):
        raise _invalid(
            "targets.1.member.id",
            identity,
            r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
        )
    need(
        _ARN.fullmatch(arn),
        "ValidationException",
        f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.",
    )
    inputs = [k for k in ("Input", "InputPath", "InputTransformer") if target.get(k) is not None]
    need(
        len(inputs) <= 1,
        "ValidationException",
        "Only one of Input, InputPath, or InputTransformer must be provided for target "
        f"{identity}.",
    )
    if target.get("Input") is not None:
        try:
            json.loads(target["Input"])
        except ValueError:
            raise RefusalError(
                "ValidationException", f"JSON syntax error in input for target {identity}."
            ) from None
    retry = target.get("RetryPolicy") or {}
    for name, low, high in (
        ("MaximumRetryAttempts", 0, 185),
        ("MaximumEventAgeInSeconds", 60, 86_400),
    ):
        value = retry.get(name)
        if value is not None and not low <= int(value) <= high:
            bound = (
                f"less than or equal to {high}"
                if int(value) > high
                else f"greater than or equal to {low}"
            )
            member = f"targets.1.member.retryPolicy.{name[0].lower()}{name[1:]}"
            raise _invalid(member, value, f"Member must have value {bound}")
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
    need(
        target.get("RoleArn") or not _needs_a_role(arn, call.account),
        "ValidationException",
        f"RoleArn is required for target {arn}.",
    )
    _dead_letters(call, identity, (target.get("DeadLetterConfig") or {}).get("Arn"))


def _dead_letters(call: Call, target: str, queue: str | None) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    if not queue:
        return
    parts = queue.split(":")
    reason = None
    if len(parts) != 6 or parts[2] != "sqs":
        reason = "Provided Arn is not in correct format."
    elif queue.endswith(".fifo"):
        reason = "Dead-letter queue must be a standard queue."
    elif parts[3] != call.region:
        reason = "Dead-letter queue must be in the same Region as the rule."
    elif not _queue_exists(call, parts):
        reason = "The specified queue does not exist."
    need(
        reason is None,
        "ValidationException",
        f"Parameter DeadLetterConfig.Arn {queue} of target {target} is not valid. Reason: {reason}",
    )


def _queue_exists(call: Call, arn: list[str]) -> bool:
    try:
        call.client("sqs", arn[4], arn[3]).get_queue_url(QueueName=arn[5])
    except ClientError:
        return False
    return True


@gap.refuses("events", "DeleteRule")
def _delete(call: Call) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html"""
    p = call.parameters
    try:
        answer = call.client("events").list_targets_by_rule(
            Rule=p.get("Name"), EventBusName=_bus(p)
        )
    except ClientError:
        return  # no such rule: deleting it again is no error
    need(
        not answer["Targets"],
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )


@gap.answers(
    "events",
    "DeleteRule",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListRuleNamesByTarget",
    "ListRules",
    "ListTargetsByRule",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
)
def _by_bus_arn(call: Call) -> Response:
    """The emulator knows a bus by its name alone; AWS takes its ARN as well."""
    named = str(call.parameters.get("EventBusName") or "")
    place = f"arn:{call.partition}:events:{call.region}:{call.account}:event-bus/"
    if named.startswith(place) and call.protocol == "json":
        members = json.loads(call.request.body)
        members["EventBusName"] = named.removeprefix(place)
        call.request = call.request.with_body(json.dumps(members).encode())
    return call.forward()


@gap.needs("events", "PutTargets", besides=True)
def _pass_roles(call: Call) -> Iterator[gap.Need]:
    for target in call.parameters.get("Targets") or ():
        if target.get("RoleArn"):
            yield passing(str(target["RoleArn"]), "events.amazonaws.com")


@gap.needs("events", "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "RemoveTargets")
def _by_name(call: Call) -> Iterator[gap.Need]:
    yield gap.Need(f"events:{call.operation}", resource(call))
