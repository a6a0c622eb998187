"""EventBridge: rules, targets and buses that AWS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.strict.support import Account, policy, refused

pytestmark = pytest.mark.e2e

PATTERN = '{"source":["aws.ec2"]}'
MANY = "The requested resource exceeds the maximum number allowed."


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ('{"source":"aws.ec2"}', None),
        ('{"source":[{"wild":"x"}]}', None),
        ('{"source":[]}', None),
        ("{}", None),
        ("not json", None),
        ('{"detail":{"n":[{"numeric":["<>",1]}]}}', None),
        (
            json.dumps({"source": ["x" * 2048]}),
            "Event pattern is longer than 2048 characters",
        ),
    ],
)
def test_a_pattern_that_is_none(account: Account, pattern: str, reason: str | None) -> None:
    events = account.client("events")
    sentence = f"Event pattern is not valid. Reason: {reason}" if reason else None
    with refused("InvalidEventPatternException", sentence):
        events.put_rule(Name="r", EventPattern=pattern)
    assert events.list_rules()["Rules"] == []


def test_a_pattern_of_2048_characters(account: Account) -> None:
    pattern = json.dumps({"source": ["x" * 2032]})
    assert len(pattern) == 2048
    account.client("events").put_rule(Name="r", EventPattern=pattern)


@pytest.mark.parametrize("name", ["has space", "umläut", "a/b", "x" * 65])
def test_a_rule_name_that_is_none(account: Account, name: str) -> None:
    with refused("ValidationException"):
        account.client("events").put_rule(Name=name, EventPattern=PATTERN)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 hours)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(2 weeks)",
        "cron(0 12 * * ?)",
        "cron(0 12 * * * *)",
        "every day",
    ],
)
def test_a_schedule_that_is_none(account: Account, expression: str) -> None:
    with refused("ValidationException", "Parameter ScheduleExpression is not valid."):
        account.client("events").put_rule(Name="r", ScheduleExpression=expression)


@pytest.mark.parametrize("expression", ["rate(1 hour)", "rate(5 minutes)", "cron(0 12 * * ? *)"])
def test_a_schedule(account: Account, expression: str) -> None:
    account.client("events").put_rule(Name="r", ScheduleExpression=expression)


def test_a_rule_of_neither_pattern_nor_schedule(account: Account) -> None:
    with refused(
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    ):
        account.client("events").put_rule(Name="r")


def test_a_schedule_sees_no_management_events(account: Account) -> None:
    with refused("ValidationException"):
        account.client("events").put_rule(
            Name="r",
            ScheduleExpression="rate(1 hour)",
            State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        )


def test_a_schedule_is_on_the_default_bus(account: Account) -> None:
    events = account.client("events")
    events.create_event_bus(Name="hub")
    with refused(
        "ValidationException", "ScheduleExpression is supported only on the default event bus."
    ):
        events.put_rule(Name="r", ScheduleExpression="rate(1 hour)", EventBusName="hub")


def test_a_state_that_is_none(account: Account) -> None:
    with refused("ValidationException"):
        account.client("events").put_rule(Name="r", EventPattern=PATTERN, State="ON")


def test_a_bus_that_is_not_there(account: Account) -> None:
    with refused("ResourceNotFoundException", "Event bus hub does not exist."):
        account.client("events").put_rule(Name="r", EventPattern=PATTERN, EventBusName="hub")


def test_the_301st_rule_of_a_bus(account: Account) -> None:
    events = account.client("events")
    events.create_event_bus(Name="hub")
    for number in range(300):
        events.put_rule(Name=f"r{number}", EventPattern=PATTERN, EventBusName="hub")
    with refused("LimitExceededException", MANY):
        events.put_rule(Name="r300", EventPattern=PATTERN, EventBusName="hub")
    events.put_rule(Name="r299", EventPattern=PATTERN, EventBusName="hub", Description="again")
    events.put_rule(Name="r300", EventPattern=PATTERN)


@pytest.fixture
def rule(account: Account) -> Any:
    """An EventBridge client of an account with a rule `r` and a queue `q`."""
    account.client("sqs").create_queue(QueueName="q")
    events = account.client("events")
    events.put_rule(Name="r", EventPattern=PATTERN)
    return events


def test_the_sixth_target(account: Account, rule: Any) -> None:
    queue = account.arn("sqs", "q")
    rule.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": queue} for n in range(3)])
    with refused("LimitExceededException", MANY):
        rule.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": queue} for n in range(3, 6)])
    rule.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": queue} for n in range(5)])
    assert len(rule.list_targets_by_rule(Rule="r")["Targets"]) == 5


MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:m"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (
            {"Arn": "my-queue"},
            "Parameter my-queue is not valid. Reason: Provided Arn is not in correct format.",
        ),
        ({"Id": "has space"}, None),
        (
            {"Input": "{"},
            "JSON syntax error in input for target t.",
        ),
        (
            {"Input": "{}", "InputPath": "$.detail"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        (
            {"Arn": MACHINE},
            f"RoleArn is required for target {MACHINE}.",
        ),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, None),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86_401}}, None),
    ],
)
def test_a_target_that_is_none(
    account: Account, rule: Any, target: dict[str, Any], sentence: str | None
) -> None:
    with refused("ValidationException", sentence):
        rule.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": account.arn("sqs", "q"), **target}])
    assert rule.list_targets_by_rule(Rule="r")["Targets"] == []


@pytest.mark.parametrize(
    ("name", "region", "reason"),
    [
        ("ghost", "us-east-1", "The specified queue does not exist."),
        ("dead.fifo", "us-east-1", "Dead-letter queue must be a standard queue."),
        ("dead", "eu-west-1", "Dead-letter queue must be in the same Region as the rule."),
    ],
)
def test_a_dead_letter_queue_that_cannot_be(
    account: Account, rule: Any, name: str, region: str, reason: str
) -> None:
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    if name != "ghost":
        account.client("sqs", region=region).create_queue(QueueName=name, Attributes=fifo)
    arn = account.arn("sqs", name, region)
    with refused(
        "ValidationException",
        f"Parameter DeadLetterConfig.Arn {arn} of target t is not valid. Reason: {reason}",
    ):
        rule.put_targets(
            Rule="r",
            Targets=[{"Id": "t", "Arn": account.arn("sqs", "q"), "DeadLetterConfig": {"Arn": arn}}],
        )


def test_a_rule_that_is_not_there(account: Account) -> None:
    with refused("ResourceNotFoundException"):
        account.client("events").put_targets(
            Rule="ghost", Targets=[{"Id": "t", "Arn": account.arn("sqs", "q")}]
        )


def test_enabling_a_rule_is_not_enabling_it_for_read_only_calls(
    account: Account, rule: Any
) -> None:
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    rule.put_rule(Name="r", EventPattern=PATTERN, State=state)
    assert rule.describe_rule(Name="r")["State"] == state
    rule.disable_rule(Name="r")
    rule.enable_rule(Name="r")
    assert rule.describe_rule(Name="r")["State"] == "ENABLED"


# --- the policy of a bus -----------------------------------------------------------------------


def bus_policy(events: Any, name: str = "default") -> Any:
    return json.loads(events.describe_event_bus(Name=name)["Policy"])


def test_an_account_that_may_put_events(account: Account) -> None:
    events = account.client("events")
    assert "Policy" not in events.describe_event_bus()
    arn = account.arn("events", "event-bus/default")
    events.put_permission(StatementId="one", Action="events:PutEvents", Principal="111122223333")
    events.put_permission(
        StatementId="all",
        Action="events:PutEvents",
        Principal="*",
        Condition={"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-abc"},
    )
    assert bus_policy(events) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "events:PutEvents",
                "Resource": arn,
            },
            {
                "Sid": "all",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "events:PutEvents",
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}},
            },
        ],
    }
    [bus] = events.list_event_buses()["EventBuses"]
    assert json.loads(bus["Policy"]) == bus_policy(events)
    events.remove_permission(StatementId="one")
    assert [s["Sid"] for s in bus_policy(events)["Statement"]] == ["all"]
    with refused("ResourceNotFoundException", "Statement with the provided id does not exist."):
        events.remove_permission(StatementId="one")
    events.remove_permission(RemoveAllPermissions=True)
    assert "Policy" not in events.describe_event_bus()
    with refused("ResourceNotFoundException", "EventBus does not have a policy."):
        events.remove_permission(StatementId="all")


def test_a_whole_bus_policy(account: Account) -> None:
    events = account.client("events")
    events.create_event_bus(Name="hub")
    arn = account.arn("events", "event-bus/hub")
    statement = {
        "Sid": "no",
        "Effect": "Deny",
        "Principal": {"AWS": "111122223333"},
        "Action": "events:PutEvents",
        "Resource": arn,
    }
    events.put_permission(EventBusName="hub", Policy=policy(statement))
    assert bus_policy(events, "hub")["Statement"] == [statement]
    assert "Policy" not in events.describe_event_bus()
    events.delete_event_bus(Name="hub")
    events.create_event_bus(Name="hub")
    assert "Policy" not in events.describe_event_bus(Name="hub")


def test_a_bus_policy_that_is_too_long(account: Account) -> None:
    events = account.client("events")
    statements = [
        {
            "Sid": f"s{n}",
            "Effect": "Allow",
            "Principal": {"AWS": f"{n:012}"},
            "Action": "events:PutEvents",
            "Resource": account.arn("events", "event-bus/default"),
        }
        for n in range(80)
    ]
    with refused("PolicyLengthExceededException"):
        events.put_permission(Policy=policy(*statements))
    events.put_permission(Policy=policy(*statements[:40]))


@pytest.mark.parametrize("text", ["not json", "{}", '{"Statement": "x"}'])
def test_a_bus_policy_that_is_none(account: Account, text: str) -> None:
    with refused("ValidationException"):
        account.client("events").put_permission(Policy=text)


def test_permission_for_no_account(account: Account) -> None:
    with refused("ValidationException"):
        account.client("events").put_permission(
            StatementId="s", Action="events:PutEvents", Principal="ana"
        )


def test_permission_on_a_bus_that_is_not_there(account: Account) -> None:
    with refused("ResourceNotFoundException", "Event bus hub does not exist."):
        account.client("events").put_permission(
            EventBusName="hub", StatementId="s", Action="events:PutEvents", Principal="*"
        )


def test_permission_by_who_may_not(account: Account) -> None:
    with refused("AccessDeniedException"):
        account.client("events", account.user("ana")).put_permission(
            StatementId="s", Action="events:PutEvents", Principal="*"
        )
