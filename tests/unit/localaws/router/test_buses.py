"""Events sent on to other buses: as they are, with a role's rights, one hop."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.unit

HUB = "arn:aws:events:us-east-1:210987654321:event-bus/default"
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


def bus_policy(bench: Any, tools: Any, *statements: dict[str, Any], bus: str = "default") -> None:
    """The policy of a bus in the other account."""
    events = bench.aws.client("events", tools.OTHER, tools.REGION)
    events.put_permission(EventBusName=bus, Policy=tools.policy(*statements))


def admits(principal: Any, **more: Any) -> dict[str, Any]:
    return {
        "Sid": "spokes",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "events:PutEvents",
        "Resource": HUB,
    } | more


def hub(bench: Any, tools: Any) -> str:
    """In the other account, a rule that puts all of EC2's events into a queue; the queue."""
    queue: str = bench.queue("hub", tools.allow("sqs:SendMessage"), account=tools.OTHER)
    bench.rule("all", {"Id": "q", "Arn": queue}, account=tools.OTHER)
    return queue


def test_to_another_account(bench: Any, tools: Any) -> None:
    queue = hub(bench, tools)
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    role = bench.role("forward", tools.grants("events:PutEvents", HUB))
    bench.rule("forward", {"Id": "hub", "Arn": HUB, "RoleArn": role})
    event = tools.call_event()
    assert sorted(bench.put(event)) == ["delivered", "delivered", "matched", "matched"]
    (message,) = bench.messages(queue)
    # id, account, region, source and time are those of where it happened.
    assert json.loads(message["Body"]) == event
    delivered = {step.account: step for step in bench.steps if step.kind == "delivered"}
    assert delivered[tools.ACCOUNT].target_kind == "bus"
    assert delivered[tools.OTHER].event_id == delivered[tools.ACCOUNT].event_id


def test_to_another_region_and_a_named_bus(bench: Any, tools: Any) -> None:
    bench.aws.client("events", tools.ACCOUNT, "eu-west-1").create_event_bus(Name="security")
    arn = f"arn:aws:events:eu-west-1:{tools.ACCOUNT}:event-bus/security"
    bench.rule("there", region="eu-west-1", bus="security")
    role = bench.role("forward", tools.grants("events:PutEvents", arn))
    bench.rule("forward", {"Id": "eu", "Arn": arn, "RoleArn": role})
    assert sorted(bench.put(tools.call_event())) == ["delivered", "matched", "matched"]
    matched = {(step.region, step.bus) for step in bench.steps if step.kind == "matched"}
    assert matched == {(tools.REGION, "default"), ("eu-west-1", "security")}


def test_read_only_events_are_held_back_at_each_bus(bench: Any, tools: Any) -> None:
    queue = hub(bench, tools)
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    role = bench.role("forward", tools.grants("events:PutEvents", HUB))
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    bench.rule("forward", {"Id": "hub", "Arn": HUB, "RoleArn": role}, state=state)
    read = tools.call_event("DescribeInstances", readOnly=True)
    assert bench.put(read) == ["matched", "delivered"]
    assert bench.messages(queue) == []


@pytest.mark.parametrize("same_region", [True, False])
def test_one_hop(bench: Any, tools: Any, same_region: bool) -> None:
    third_region = tools.REGION if same_region else "eu-west-1"
    third = f"arn:aws:events:{third_region}:333333333333:event-bus/default"
    dlq = bench.queue("dead", tools.allow("sqs:SendMessage"), account=tools.OTHER)
    onward = bench.role("on", tools.grants("events:PutEvents", third), account=tools.OTHER)
    target = {"Id": "x", "Arn": third, "RoleArn": onward, "DeadLetterConfig": {"Arn": dlq}}
    bench.rule("on", target, account=tools.OTHER)
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    role = bench.role("forward", tools.grants("events:PutEvents", HUB))
    bench.rule("forward", {"Id": "hub", "Arn": HUB, "RoleArn": role})
    # The next bus may match before the first one says that it has delivered.
    assert sorted(bench.put(tools.call_event())) == [
        "dead-lettered",
        "delivered",
        "matched",
        "matched",
        "refused",
    ]
    code = "THIRD_ACCOUNT_HOP_DETECTED" if same_region else "THIRD_REGION_HOP_DETECTED"
    (dead,) = [step for step in bench.steps if step.kind == "dead-lettered"]
    assert dead.error_code == code
    (message,) = bench.messages(dlq)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code


def test_a_bus_that_sends_to_itself_stops_after_a_hop(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:events:{tools.REGION}:{tools.ACCOUNT}:event-bus/default"
    role = bench.role("forward", tools.grants("events:PutEvents", arn))
    bench.rule("loop", {"Id": "self", "Arn": arn, "RoleArn": role})
    assert sorted(bench.put(tools.call_event())) == [
        "delivered",
        "dropped",
        "matched",
        "matched",
        "refused",
    ]


def test_a_bus_needs_a_role(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:events:{tools.REGION}:{tools.ACCOUNT}:event-bus/mine"
    bench.aws.client("events", tools.ACCOUNT, tools.REGION).create_event_bus(Name="mine")
    bench.rule("forward", {"Id": "bus", "Arn": arn})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert "RoleArn" in bench.steps[1].reason


def refused(bench: Any, tools: Any, role: str) -> tuple[str, str]:
    bench.rule("forward", {"Id": "hub", "Arn": HUB, "RoleArn": role})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    return bench.steps[1].error_code, bench.steps[1].reason


def test_a_role_that_may_not_put_events(bench: Any, tools: Any) -> None:
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    code, reason = refused(bench, tools, bench.role("forward"))
    assert code == "NO_PERMISSIONS"
    assert "events:PutEvents" in reason


def test_a_role_that_eventbridge_may_not_assume(bench: Any, tools: Any) -> None:
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    role = bench.role("f", tools.grants("events:PutEvents", HUB), trust="lambda.amazonaws.com")
    code, reason = refused(bench, tools, role)
    assert code == "FAILED_TO_ASSUME_ROLE"
    assert "trust policy" in reason


def test_a_role_that_is_not_there(bench: Any, tools: Any) -> None:
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    code, _ = refused(bench, tools, f"arn:aws:iam::{tools.ACCOUNT}:role/gone")
    assert code == "FAILED_TO_ASSUME_ROLE"


def test_a_boundary_that_leaves_the_right_out(bench: Any, tools: Any) -> None:
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    iam = bench.aws.client("iam", tools.ACCOUNT, tools.REGION)
    boundary = iam.create_policy(
        PolicyName="only-logs", PolicyDocument=tools.policy(tools.grants("logs:*"))
    )["Policy"]["Arn"]
    role = bench.role(
        "forward", tools.grants("events:PutEvents", HUB), PermissionsBoundary=boundary
    )
    code, reason = refused(bench, tools, role)
    assert code == "NO_PERMISSIONS"
    assert boundary in reason


def test_rights_by_an_attached_policy_and_a_role_with_a_path(bench: Any, tools: Any) -> None:
    hub(bench, tools)
    iam = bench.aws.client("iam", tools.ACCOUNT, tools.REGION)
    attached = iam.create_policy(
        PolicyName="forward", PolicyDocument=tools.policy(tools.grants("events:PutEvents"))
    )["Policy"]["Arn"]
    role = bench.role("forward", Path="/events/")
    iam.attach_role_policy(RoleName="forward", PolicyArn=attached)
    bus_policy(bench, tools, admits(role))
    bench.rule("forward", {"Id": "hub", "Arn": HUB, "RoleArn": role})
    assert sorted(bench.put(tools.call_event())) == [
        "delivered", "delivered", "matched", "matched",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ([], "nothing allows it in the policy of event bus"),
        ([admits("333333333333")], "nothing allows it"),
        ([admits("123456789012", Condition=ORGANIZATION)], "aws:PrincipalOrgID"),
        ([admits("123456789012"), admits("*", Effect="Deny", Sid="closed")], "denied by 'closed'"),
    ],
)
def test_another_accounts_bus_that_does_not_admit(
    bench: Any, tools: Any, statements: list[dict[str, Any]], why: str
) -> None:
    if statements:
        bus_policy(bench, tools, *statements)
    code, reason = refused(
        bench, tools, bench.role("forward", tools.grants("events:PutEvents", HUB))
    )
    assert code == "NO_PERMISSIONS"
    assert why in reason


def test_a_bus_that_admits_its_organization(bench: Any, tools: Any) -> None:
    organizations = bench.aws.client("organizations", tools.ACCOUNT, tools.REGION)
    own = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    role = bench.role("forward", tools.grants("events:PutEvents", HUB))
    for organization, kinds in [
        ("o-0000000000", ["matched", "refused", "dropped"]),
        (own, ["matched", "delivered"]),
    ]:
        condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
        bus_policy(bench, tools, admits("*", Condition=condition))
        bench.rule("forward", {"Id": "hub", "Arn": HUB, "RoleArn": role})
        assert bench.put(tools.call_event()) == kinds


def test_a_bus_that_is_not_there(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:events:{tools.REGION}:{tools.ACCOUNT}:event-bus/gone"
    role = bench.role("forward", tools.grants("events:PutEvents"))
    bench.rule("forward", {"Id": "x", "Arn": arn, "RoleArn": role})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert bench.steps[1].error_code == "NO_RESOURCE"


def test_a_bus_gets_no_transformed_input(bench: Any, tools: Any) -> None:
    role = bench.role("forward", tools.grants("events:PutEvents", HUB))
    bus_policy(bench, tools, admits(tools.ACCOUNT))
    target = {"Id": "hub", "Arn": HUB, "RoleArn": role, "InputPath": "$.detail"}
    bench.rule("forward", target)
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert "remove InputPath" in bench.steps[1].reason
