"""Policies of event buses: PutPermission in both its forms, whole.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from botocore.exceptions import ClientError

from localaws.iam import authorize
from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.wire.call import After, Answer, Incoming, Json, Key, succeeded
from localaws.wire.call import answered_on_a_thread as on_a_thread
from localaws.wire.codec import RefusedError
from localaws.wire.http import Response

_POLICY_CHARACTERS = 10_240
_ACCOUNT = re.compile(r"\d{12}")


def _bus(call: Incoming) -> tuple[str, str, str]:
    name = call.parameters.get("EventBusName") or "default"
    return call.account, call.region, str(name).rpartition("/")[2]


def _must_exist(call: Incoming, bus: str) -> str:
    try:
        answer = call.client("events").describe_event_bus(Name=bus)
    except ClientError:
        raise RefusedError(
            "ResourceNotFoundException", f"Event bus {bus} does not exist."
        ) from None
    return str(answer["Arn"])


@on_a_thread
def _put_permission(call: Incoming) -> Json:
    authorize.ensure(call)
    key, p = _bus(call), call.parameters
    arn = _must_exist(call, key[2])
    if p.get("Policy"):
        policy = _given(str(p["Policy"]))
    else:
        statement = _classic(p, arn)
        old = call.front.kept.bus_policies.get(key, {}).get("Statement", [])
        kept = [s for s in old if s.get("Sid") != statement["Sid"]]
        policy = {"Version": "2012-10-17", "Statement": [*kept, statement]}
    if len(json.dumps(policy, separators=(",", ":"))) > _POLICY_CHARACTERS:
        raise RefusedError(
            "PolicyLengthExceededException",
            f"The event bus policy is too long. The limit is {_POLICY_CHARACTERS} characters.",
        )
    call.front.kept.bus_policies[key] = policy
    return {}


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
        raise RefusedError("ValidationException", "The policy document is not valid.")
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    return policy


def _classic(p: Json, arn: str) -> Json:
    principal, sid = str(p.get("Principal") or ""), str(p.get("StatementId") or "")
    action = p.get("Action")
    if not sid or not principal or not action:
        raise RefusedError(
            "ValidationException",
            "Parameters Action, Principal and StatementId must be specified without Policy.",
        )
    if principal != "*" and not _ACCOUNT.fullmatch(principal):
        raise RefusedError(
            "ValidationException",
            f"1 validation error detected: Value '{principal}' at 'principal' failed to satisfy "
            r"constraint: Member must satisfy regular expression pattern: (\d{12}|\*)",
        )
    statement: Json = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": action,
        "Resource": arn,
    }
    condition = p.get("Condition")
    if condition:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


@on_a_thread
def _remove_permission(call: Incoming) -> Json:
    authorize.ensure(call)
    key, p = _bus(call), call.parameters
    _must_exist(call, key[2])
    policies = call.front.kept.bus_policies
    if p.get("RemoveAllPermissions"):
        policies.pop(key, None)
        return {}
    old = policies.get(key, {}).get("Statement", [])
    kept = [s for s in old if s.get("Sid") != p.get("StatementId")]
    if len(kept) == len(old):
        what = "Statement with the provided id" if old else "EventBus"
        raise RefusedError(
            "ResourceNotFoundException",
            f"{what} does not exist." if old else "EventBus does not have a policy.",
        )
    if kept:
        policies[key] = {**policies[key], "Statement": kept}
    else:
        policies.pop(key)
    return {}


def _shown(call: Incoming, name: str) -> Json:
    policy = call.front.kept.bus_policies.get((call.account, call.region, name))
    return {"Policy": json.dumps(policy, separators=(",", ":"))} if policy else {}


async def _describe(call: Incoming) -> Response | Json:
    asked = await call.forward()
    if not succeeded(asked):
        return asked
    bus = call.decoded(asked)
    bus.pop("Policy", None)
    return {**bus, **_shown(call, str(bus["Name"]))}


async def _list(call: Incoming) -> Response | Json:
    asked = await call.forward()
    if not succeeded(asked):
        return asked
    answer = call.decoded(asked)
    for bus in answer.get("EventBuses", ()):
        bus.pop("Policy", None)
        bus.update(_shown(call, bus["Name"]))
    return answer


def _deleted(call: Incoming, _: Response) -> None:
    name = str(call.parameters.get("Name", "")).rpartition("/")[2]
    call.front.kept.bus_policies.pop((call.account, call.region, name), None)


ANSWERS: Mapping[Key, Answer] = {
    ("events", "DescribeEventBus"): _describe,
    ("events", "ListEventBuses"): _list,
    ("events", "PutPermission"): _put_permission,
    ("events", "RemovePermission"): _remove_permission,
}
AFTER: Mapping[Key, After] = {("events", "DeleteEventBus"): _deleted}
OVERLAID: frozenset[Key] = frozenset({("events", "DescribeEventBus")})
