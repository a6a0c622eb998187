"""Policies of event buses: PutPermission in both its forms, whole.

A statement is put or removed by reading the policy, changing it and writing it whole: of two calls
at once both succeed, and the last writer's policy stays.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
https://github.com/hashicorp/terraform-provider-aws/issues/4031
"""

from __future__ import annotations

import json
import re
import time

from botocore.exceptions import ClientError

from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
from localaws.wire.http import Response
from localaws.wire.parts import Json

_POLICY_CHARACTERS = 10_240
_ACCOUNT = re.compile(r"[0-9]{12}")
_SECONDS_TO_WRITE = 0.1  # real time, in which calls overlap that a client makes in parallel


class BusPolicies(dict[tuple[str, str, str], Json]):
    """By account, Region and event bus."""


def _bus(call: Call) -> tuple[str, str, str]:
    name = call.parameters.get("EventBusName") or "default"
    return call.account, call.region, str(name).rpartition("/")[2]


def _must_exist(call: Call, bus: str) -> str:
    try:
        answer = call.client("events").describe_event_bus(Name=bus)
    except ClientError:
        raise RefusalError(
            "ResourceNotFoundException", f"Event bus {bus} does not exist."
        ) from None
    return str(answer["Arn"])


@gap.answers("events", "PutPermission", alone=True)
def _put_permission(call: Call) -> Json:
    key, p = _bus(call), call.parameters
    old = _statements(call, key)
    arn = _must_exist(call, key[2])
    if p.get("Policy"):
        policy = _given(str(p["Policy"]))
    else:
        statement = _classic(p, arn)
        time.sleep(_SECONDS_TO_WRITE)
        kept = [s for s in old if s.get("Sid") != statement["Sid"]]
        policy = {"Version": "2012-10-17", "Statement": [*kept, statement]}
    if len(json.dumps(policy, separators=(",", ":"))) > _POLICY_CHARACTERS:
        raise RefusalError(
            "PolicyLengthExceededException",
            f"The event bus policy is too long. The limit is {_POLICY_CHARACTERS} characters.",
        )
    call.kept(BusPolicies)[key] = policy
    return {}


def _statements(call: Call, key: tuple[str, str, str]) -> list[Json]:
    """The bus's statements as they are now."""
    return list(call.kept(BusPolicies).get(key, {}).get("Statement", []))


def _given(text: str) -> Json:
    try:
        policy = json.loads(text)
        evaluate(
            policy, principal=Principal.anonymous(), action="events:PutEvents", resource="*",
            context={},
        )  # fmt: skip
    except (ValueError, PolicyError):
        policy = None
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise RefusalError("ValidationException", "The policy document is not valid.")
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    return policy


def _classic(p: Json, arn: str) -> Json:
    principal, sid = str(p.get("Principal") or ""), str(p.get("StatementId") or "")
    action = p.get("Action")
    if not sid or not principal or not action:
        raise RefusalError(
            "ValidationException",
            "Parameters Action, Principal and StatementId must be specified without Policy.",
        )
    if action != "events:PutEvents":
        raise RefusalError(
            "ValidationException", "Provided value in parameter 'action' is not supported."
        )
    if principal != "*" and not _ACCOUNT.fullmatch(principal):
        raise RefusalError(
            "ValidationException",
            f"1 validation error detected: Value '{principal}' at 'principal' failed to satisfy "
            r"constraint: Member must satisfy regular expression pattern: (\d{12}|\*)",
        )
    statement: Json = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": _root(arn, principal)},
        "Action": action,
        "Resource": arn,
    }
    condition = p.get("Condition")
    if condition:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def _root(bus: str, account: str) -> str:
    return f"arn:{bus.split(':')[1]}:iam::{account}:root"


@gap.answers("events", "RemovePermission", alone=True)
def _remove_permission(call: Call) -> Json:
    key, p = _bus(call), call.parameters
    old = _statements(call, key)
    _must_exist(call, key[2])
    policies = call.kept(BusPolicies)
    if p.get("RemoveAllPermissions"):
        policies.pop(key, None)
        return {}
    time.sleep(_SECONDS_TO_WRITE)
    kept = [s for s in old if s.get("Sid") != p.get("StatementId")]
    if len(kept) == len(old):
        what = "Statement with the provided id" if old else "EventBus"
        raise RefusalError(
            "ResourceNotFoundException",
            f"{what} does not exist." if old else "EventBus does not have a policy.",
        )
    if kept:
        policies[key] = {"Version": "2012-10-17", **policies.get(key, {}), "Statement": kept}
    else:
        policies.pop(key, None)
    return {}


def _shown(call: Call, name: str) -> Json:
    policy = call.kept(BusPolicies).get((call.account, call.region, name))
    return {"Policy": json.dumps(policy, separators=(",", ":"))} if policy else {}


@gap.answers("events", "DescribeEventBus", inside=True)
def _describe(call: Call) -> Response | Json:
    asked = call.forward()
    if asked.status >= 300:
        return asked
    bus = call.decoded(asked)
    bus.pop("Policy", None)
    return {**bus, **_shown(call, str(bus["Name"]))}


@gap.answers("events", "ListEventBuses")
def _list(call: Call) -> Response | Json:
    asked = call.forward()
    if asked.status >= 300:
        return asked
    answer = call.decoded(asked)
    for bus in answer.get("EventBuses", ()):
        bus.pop("Policy", None)
        bus.update(_shown(call, bus["Name"]))
    return answer


@gap.learns("events", "DeleteEventBus")
def _deleted(call: Call) -> None:
    name = str(call.parameters.get("Name", "")).rpartition("/")[2]
    call.kept(BusPolicies).pop((call.account, call.region, name), None)
