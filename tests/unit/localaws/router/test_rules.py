"""Which rules look at which events, and when they are read."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.events.router import touched
from localaws.events.router.rules import takes

pytestmark = pytest.mark.unit

API = "AWS API Call via CloudTrail"
ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def event(detail_type: str = API, **detail: Any) -> dict[str, Any]:
    return {"detail-type": detail_type, "detail": detail}


READ = event(readOnly=True, eventCategory="Management", managementEvent=True)


@pytest.mark.parametrize(
    ("what", "enabled"),
    [
        (event(readOnly=False, eventCategory="Management"), True),
        (READ, False),
        (event(readOnly=True), False),
        (event(readOnly="true", managementEvent=True), False),
        (event(readOnly=True, eventCategory="Data", managementEvent=False), True),
        (event(readOnly=True, managementEvent=False), True),
        (event(readOnly=True, eventCategory="NetworkActivity"), True),
        (event("AWS Network Activity Event via CloudTrail", readOnly=True), True),
        (event("AWS Insight via CloudTrail", eventCategory="Insight"), True),
        (event("AWS Console Sign In via CloudTrail", readOnly=False), True),
        (event("AWS Service Event via CloudTrail", readOnly=True), True),
        (event("order placed", readOnly=True), True),
        ({"detail-type": API}, True),
    ],
)
def test_states(what: dict[str, Any], enabled: bool) -> None:
    assert takes("ENABLED", what) is enabled
    assert takes(ALL, what)
    assert not takes("DISABLED", what)


def test_each_state_on_the_way(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow("sqs:SendMessage"))
    for name, state in [("off", "DISABLED"), ("on", "ENABLED"), ("all", ALL)]:
        bench.rule(name, {"Id": "q", "Arn": queue}, state=state)
    bench.put(tools.call_event())
    assert sorted(s.rule_name for s in bench.steps if s.kind == "delivered") == ["all", "on"]
    bench.steps.clear()
    bench.put(tools.call_event("DescribeInstances", readOnly=True))
    assert [s.rule_name for s in bench.steps] == ["all", "all"]


def test_an_event_no_rule_takes_is_silent(bench: Any, tools: Any) -> None:
    bench.rule("other", pattern={"source": ["aws.s3"]})
    assert bench.put(tools.call_event()) == []


def test_rules_of_another_region_account_and_bus_do_not_match(bench: Any, tools: Any) -> None:
    bench.aws.client("events", tools.ACCOUNT, tools.REGION).create_event_bus(Name="mine")
    bench.rule("here", region="eu-west-1")
    bench.rule("there", account=tools.OTHER)
    bench.rule("mine", bus="mine")
    assert bench.put(tools.call_event()) == []
    assert bench.put(tools.call_event(), bus="mine") == ["matched"]
    assert bench.steps[-1].bus == "mine"
    assert bench.put(tools.call_event(), region="eu-west-1") == ["matched"]
    assert bench.put(tools.call_event(), account=tools.OTHER) == ["matched"]


def test_a_bus_that_is_not_there_takes_nothing(bench: Any, tools: Any) -> None:
    assert bench.put(tools.call_event(), bus="deleted") == []


def test_more_rules_than_a_page_and_targets_read_once(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow("sqs:SendMessage"))
    events = bench.aws.client("events", tools.ACCOUNT, tools.REGION)
    for n in range(120):
        source = "aws.ec2" if n == 117 else "aws.none"
        events.put_rule(Name=f"rule-{n:03}", EventPattern=f'{{"source":["{source}"]}}')
    events.put_targets(Rule="rule-117", Targets=[{"Id": "q", "Arn": queue}])
    bench.router.invalidate(tools.ACCOUNT, tools.REGION)
    bench.aws.calls.clear()
    for _ in range(3):
        assert bench.put(tools.call_event()) == ["matched", "delivered"]
    assert len(bench.aws.made("ListRules")) >= 2
    assert [call["Rule"] for call in bench.aws.made("ListTargetsByRule")] == ["rule-117"]


def test_nothing_is_read_again_until_something_changed(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow("sqs:SendMessage"))
    bench.rule("one", {"Id": "q", "Arn": queue})
    bench.put(tools.call_event())
    bench.aws.calls.clear()
    bench.put(tools.call_event())
    assert {name for name, _ in bench.aws.calls} == {"SendMessage"}
    bench.router.observe("ec2", "RunInstances", tools.ACCOUNT, tools.REGION)
    bench.router.observe("events", "ListRules", tools.ACCOUNT, tools.REGION)
    bench.put(tools.call_event())
    assert not bench.aws.made("ListRules")
    bench.aws.client("events", tools.ACCOUNT, tools.REGION).disable_rule(Name="one")
    bench.router.observe("events", "DisableRule", tools.ACCOUNT, tools.REGION)
    assert bench.put(tools.call_event()) == []


def test_a_pattern_that_is_none_does_not_stop_the_others(
    bench: Any, tools: Any, caplog: pytest.LogCaptureFixture
) -> None:
    # An emulator may keep what PutRule refuses on AWS: moto keeps this one.
    bench.rule("broken", pattern={"source": [{"no-such-operator": "x"}]})
    bench.rule("sound")
    assert bench.put(tools.call_event()) == ["matched"]
    assert bench.steps[-1].rule_name == "sound"
    assert "rule broken never matches" in caplog.text


@pytest.mark.parametrize(
    ("service", "operation", "what"),
    [
        ("events", "PutRule", "rules"),
        ("events", "RemoveTargets", "rules"),
        ("events", "PutEvents", None),
        ("events", "DescribeRule", None),
        ("cloudformation", "CreateStack", "rules"),
        ("lambda", "RemovePermission", "grants"),
        ("lambda", "Invoke", None),
        ("sqs", "SetQueueAttributes", "grants"),
        ("sqs", "SendMessage", None),
        ("sqs", "GetQueueUrl", None),
        ("sns", "SetTopicAttributes", "grants"),
        ("sns", "Publish", None),
        ("kms", "PutKeyPolicy", "grants"),
        ("kms", "DisableKey", "grants"),
        ("kms", "Decrypt", None),
        ("logs", "DeleteResourcePolicy", "grants"),
        ("logs", "PutLogEvents", None),
        ("iam", "DetachRolePolicy", "grants"),
        ("ec2", "RunInstances", None),
    ],
)
def test_what_a_call_changes(service: str, operation: str, what: str | None) -> None:
    assert touched(service, operation) == what
