"""Events of other Regions and accounts come home: root-login-alert, multi-region and others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.logged import emit, heard, trail
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REPOSITORY, LocalAws
from tests.harness.mail import bodies, take

pytestmark = pytest.mark.e2e

HOME, AWAY = "eu-west-1", "us-east-1"
AUDITORS = REPOSITORY / "tests/judges/data/metric_filters.json"
GROUP = "aws-controltower/CloudTrailLogs"
CANARY = {"Source": "cloudtrail-reactor.canary", "DetailType": "Canary", "Detail": "{}"}


def login(account: str, result: str = "Success", **identity: Any) -> dict[str, Any]:
    who = {"type": "Root", "arn": f"arn:aws:iam::{account}:root", "principalId": account}
    return {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "userIdentity": {**who, "accountId": account, **identity},
        "responseElements": {"ConsoleLogin": result},
        "additionalEventData": {"MFAUsed": "No"},
        "sourceIPAddress": "192.0.2.1",
    }


@pytest.fixture(scope="module")
def stacks(apply: Applier, local_aws: LocalAws) -> dict[str, Any]:
    """All stacks of this module, begun side by side."""
    hub, member, beside = apply.account(), apply.account(), apply.account()
    local_aws.client("logs", beside, HOME).create_log_group(logGroupName=GROUP)
    bus = f"arn:aws:events:{HOME}:{hub}:event-bus/default"
    multi = Path("examples/multi-region")
    return {
        "root": apply.start(
            Path("examples/root-login-alert"),
            {"name": "root", "force_destroy": True},
            HOME,
        ),
        "hub": apply.start(multi, {"member_account_ids": [member]}, HOME, hub),
        "existing": apply.start(
            Path("examples/existing-trail"), {"trail_log_group_name": GROUP}, HOME, beside
        ),
        "member": apply.start(multi / "member", {"hub_bus_arn": bus}, HOME, member),
    }


# --- root-login-alert


@pytest.fixture(scope="module")
def root(stacks: dict[str, Any]) -> Stack:
    stack: Stack = stacks["root"].result()
    return stack


def test_a_sign_in_of_root_reaches_the_topic_at_home(root: Stack) -> None:
    url = root.outputs["audit_queue_url"]
    heard(root, url)
    (emitted,) = emit(root, login(root.account))
    assert (emitted["region"], emitted["routed"]) == (AWAY, True)
    (text,) = heard(root, url)
    assert text.startswith(f'"The root user of account {root.account} signed in to the console at')
    assert text.endswith(', from 192.0.2.1."')


def test_a_sign_in_of_a_user_reaches_nobody(root: Stack) -> None:
    url = root.outputs["audit_queue_url"]
    heard(root, url)
    arn = f"arn:aws:iam::{root.account}:user/ana"
    emit(root, login(root.account, type="IAMUser", arn=arn, userName="ana"))
    assert heard(root, url) == []


def test_a_second_plan_of_root_login_alert_is_empty(root: Stack) -> None:
    assert root.changes() == {}


def test_without_the_role_nothing_comes_home_and_the_event_is_kept(root: Stack) -> None:
    url, outputs = root.outputs["audit_queue_url"], root.outputs
    away = root.aws.client("sqs", root.account, AWAY)
    letters = outputs["dead_letter_queues"]["forwarding"]["url"]
    heard(root, url)
    take(away, letters)
    name = outputs["forwarding_role_names"]["global-services"]
    root.client("iam").delete_role_policy(RoleName=name, PolicyName="targets")
    assert root.aws.drain()
    # That call is an event of IAM, and already the first that is not forwarded.
    assert [called(message) for message in take(away, letters)] == ["DeleteRolePolicy"]
    try:
        emit(root, login(root.account))
        assert heard(root, url) == []
        (message,) = take(away, letters)
    finally:
        root.apply()
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["TARGET_ARN"] == f"arn:aws:events:{HOME}:{root.account}:event-bus/default"
    assert called(message) == "ConsoleLogin"
    emit(root, login(root.account))
    assert len(heard(root, url)) == 1


def called(message: dict[str, Any]) -> str:
    return str(json.loads(message["Body"])["detail"]["eventName"])


# --- existing-trail


def test_beside_a_trail_that_somebody_else_made(stacks: dict[str, Any]) -> None:
    stack: Stack = stacks["existing"].result()
    kinds = {address.rpartition(".")[0].rpartition(".")[2] for address in stack.resources}
    assert not kinds & {"aws_cloudtrail", "aws_s3_bucket"}
    url = stack.outputs["downstream_queue_url"]
    emit(stack, login(stack.account))
    assert bodies(stack.client("sqs"), url) == []  # without a trail there are no events
    trail(stack.aws, stack.account, HOME)
    emit(stack, login(stack.account))
    # Making a trail is told, too.
    events = [(e["region"], e["detail"]["eventName"]) for e in bodies(stack.client("sqs"), url)]
    assert events.count((AWAY, "ConsoleLogin")) == 1
    assert stack.changes() == {}


def test_auditors_find_its_filters_and_alarms(stacks: dict[str, Any]) -> None:
    """As Prowler looks: a filter's text on the group, and an alarm on the filter's metric."""
    stack: Stack = stacks["existing"].result()
    logs, alarms = stack.client("logs"), stack.client("cloudwatch")
    filters = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    watched = {
        (alarm["Namespace"], alarm["MetricName"])
        for page in alarms.get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
        if alarm["AlarmActions"] == [stack.outputs["alert_topic_arn"]]
    }
    wanted = json.loads(AUDITORS.read_text(encoding="utf-8"))
    assert len(filters) == 17
    for text in wanted["security_hub"]["patterns"].values():
        (found,) = [each for each in filters if each["filterPattern"] == text]
        (metric,) = found["metricTransformations"]
        assert (metric["metricNamespace"], metric["metricName"]) in watched
    for text in wanted["prowler"]["patterns"].values():
        assert any(re.search(text, each["filterPattern"], re.DOTALL) for each in filters)


# --- multi-region


@pytest.fixture(scope="module")
def hub(stacks: dict[str, Any]) -> Stack:
    stack: Stack = stacks["hub"].result()
    trail(stack.aws, stack.account, HOME)
    return stack


@pytest.fixture(scope="module")
def member(stacks: dict[str, Any], hub: Stack) -> Stack:
    stack: Stack = stacks["member"].result()
    trail(stack.aws, stack.account, HOME)
    return stack


@pytest.fixture
def seen(hub: Stack) -> Any:
    """Every event on the hub's bus of another Region or account, as a rule's queue gets it."""
    queues, events = hub.client("sqs"), hub.client("events")
    arn = f"arn:aws:sqs:{HOME}:{hub.account}:seen"
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        },
    }
    url = queues.create_queue(QueueName="seen", Attributes={"Policy": json.dumps(policy)})[
        "QueueUrl"
    ]
    pattern = {"source": ["aws.iam", "aws.ec2", "aws.signin", "aws.cloudwatch"]}
    events.put_rule(Name="seen", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="seen", Targets=[{"Id": "q", "Arn": arn}])
    assert hub.aws.drain()
    take(queues, url)
    yield lambda: bodies(queues, url)
    events.remove_targets(Rule="seen", Ids=["q"])
    events.delete_rule(Name="seen")
    queues.delete_queue(QueueUrl=url)


def places(events: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((e["account"], e["region"], e["source"]) for e in events)


def test_a_call_of_each_account_arrives_once_and_as_it_was(
    hub: Stack, member: Stack, seen: Any
) -> None:
    url = hub.outputs["audit_queue_url"]
    heard(hub, url)
    for stack in (hub, member):
        stack.client("iam").create_user(UserName="eve")
    assert hub.aws.drain()
    events = seen()
    made = [e for e in events if e["detail"]["eventName"] == "CreateUser"]
    assert places(made) == sorted((stack.account, AWAY, "aws.iam") for stack in (hub, member))
    for event in made:
        assert event["detail"]["recipientAccountId"] == event["account"]
        assert event["detail"]["requestParameters"] == {"userName": "eve"}
    texts = heard(hub, url)
    assert len(texts) == 2
    assert {stack.account in text for text in texts for stack in (hub, member)} == {True, False}


def test_sign_ins_and_launches_of_the_members_home_region(
    hub: Stack, member: Stack, seen: Any
) -> None:
    member.client("ec2").run_instances(
        ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=1, MaxCount=1
    )
    assert hub.aws.drain()
    assert places(seen()) == [(member.account, HOME, "aws.ec2")]
    member.client("sqs").create_queue(QueueName="not-forwarded")
    assert hub.aws.drain()
    assert seen() == []


def test_an_alarm_of_another_region_is_told_at_home(hub: Stack, member: Stack) -> None:
    url = hub.outputs["audit_queue_url"]
    heard(hub, url)
    changed = {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "account": member.account,
        "region": AWAY,
        "detail": {
            "alarmName": "multi-region-dead-letters",
            "previousState": {"value": "OK"},
            "state": {"value": "ALARM", "reason": 'Threshold Crossed: "1"'},
            "configuration": {"description": "Something is in the queue."},
        },
    }
    emit(hub, changed, account=member.account)
    (text,) = heard(hub, url)
    lines = text.split("\n")
    assert lines[0].startswith(
        f'"The alarm multi-region-dead-letters of account {member.account} in {AWAY} went from OK '
        "to ALARM at "
    )
    assert lines[1] == '"Something is in the queue."'
    assert lines[2].startswith('"Reason: Threshold Crossed: ')


def test_a_forwarded_event_is_not_forwarded_again(hub: Stack, member: Stack, seen: Any) -> None:
    """The hub's own spoke has what the member sent on its bus neither in rule nor in queue."""
    spoke = hub.aws.client("events", member.account, HOME)
    spoke.put_permission(StatementId="all", Action="events:PutEvents", Principal=hub.account)
    away = hub.aws.client("sqs", hub.account, AWAY)
    letters = hub.outputs["away_dead_letter_queue"]["url"]
    take(away, letters)
    # An event of another Region on the spoke's bus, as one that was forwarded there.
    put = {"id": "forwarded", "source": "aws.iam", "detail-type": "Test", "detail": {}}
    emit(hub, put | {"account": member.account, "region": AWAY}, account=member.account)
    assert len(seen()) == 1  # once: from the member, and by no other way
    assert take(away, letters) == []
    spoke.remove_permission(StatementId="all")


def test_the_hub_admits_exactly_the_member(hub: Stack, member: Stack) -> None:
    events = hub.client("events")
    policy = json.loads(events.describe_event_bus()["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{member.account}:root"]}
    assert statement["Action"] == "events:PutEvents"


def test_canaries_end_in_their_queues(hub: Stack, member: Stack) -> None:
    """A schedule sends its first one as soon as it is there: it is made anew, all else stands."""
    canaries = {"hub": ("hub", "away"), "member": ("away",)}
    for stack, modules in zip((hub, member), canaries.values(), strict=True):
        anew = [f"-replace=module.{m}.aws_scheduler_schedule.canary[0]" for m in modules]
        stack.run("apply", "-auto-approve", "-no-color", *anew).check()
    assert hub.aws.drain()
    queues = hub.outputs["canary_queues"]
    found = {}
    for key, queue in queues.items():
        events = bodies(hub.client("sqs"), queue["url"])
        found[key] = {(e["source"], e["account"], e["region"]) for e in events}
    source = "cloudtrail-reactor.canary"
    assert found == {
        "home": {(source, hub.account, HOME)},
        "away": {(source, hub.account, AWAY)},
        member.account: {(source, member.account, AWAY)},
    }


def test_a_canary_without_leave_is_missed(hub: Stack, member: Stack) -> None:
    """The hub no longer admits the member: its canary, and nobody else's, falls silent."""
    queues = hub.outputs["canary_queues"]
    for queue in queues.values():
        take(hub.client("sqs"), queue["url"])
    events = hub.client("events")
    policy = events.describe_event_bus()["Policy"]
    statement = "EventForwarding-multi-region-hub-Accounts"
    events.remove_permission(StatementId=statement)
    try:
        for stack, region in ((hub, AWAY), (member, AWAY)):
            stack.aws.client("events", stack.account, region).put_events(Entries=[CANARY])
        assert hub.aws.drain()
        came = {key: len(take(hub.client("sqs"), q["url"])) for key, q in queues.items()}
    finally:
        # By hand: the provider would look for the lost policy for two minutes first.
        events.put_permission(Policy=policy)
    assert hub.changes() == {}
    assert came == {"home": 0, "away": 1, member.account: 0}
    alarm = hub.client("cloudwatch").describe_alarms(
        AlarmNames=[f"multi-region-hub-canary-{member.account}"]
    )["MetricAlarms"][0]
    # No data is silence, and silence is the alarm.
    assert alarm["TreatMissingData"] == "breaching"
    [metric] = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    [dimension] = metric["Metric"]["Dimensions"]
    assert dimension == {"Name": "QueueName", "Value": queues[member.account]["name"]}
    assert (metric["Period"], alarm["EvaluationPeriods"]) == (15 * 60, 1)


@pytest.mark.parametrize("name", ["hub", "member"])
def test_a_second_plan_of_multi_region_is_empty(
    stacks: dict[str, Any], name: str, hub: Stack, member: Stack
) -> None:
    assert stacks[name].result().changes() == {}


@pytest.mark.parametrize("name", ["root", "existing", "member", "hub"])
def test_all_of_it_can_be_destroyed(stacks: dict[str, Any], name: str) -> None:
    stacks[name].result().destroy()
