"""modules/event-rules: buses, defaults, schedules, several patterns, archives, merged policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import PARTITION_OF_REGION, REGIONS, Called, Raw, Settings, call
from tests.plan.test_event_rules import (
    BUS,
    FUNCTION,
    PATTERN,
    TO_TOPIC,
    TOPIC,
    WITNESS,
    emitted,
    one_target,
    queue,
    queue_policy,
    rule,
    rule_arn,
    rules,
    targets,
    ticking,
)

pytestmark = pytest.mark.plan

SENTENCE = {"input_paths": {"who": "$.detail.userIdentity.arn"}, "input_template": '"<who> did."'}
OTHER = {"input_paths": {}, "input_template": '"Something happened."'}
OTHER_BUS = {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/acme/hub", "name": "acme/hub"}
BUCKETS = json.dumps({"source": ["aws.s3"], "detail": {"eventName": ["CreateBucket"]}})
LONG = json.dumps({"source": ["aws.ec2"], "detail": {"eventName": ["x" * 1100]}})
TOPIC_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
MINE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "EventBridgeRules-acme", "Effect": "Allow", "Action": "sqs:*"},
        {"Sid": "Mine", "Effect": "Allow", "Action": "sqs:SendMessage"},
    ],
}

CALLS: dict[str, Settings] = {
    "bus": one_target({"bus": BUS}) | {"tags": {"team": "platform"}},
    "buses": {
        "name": "n" * 60,
        "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/bound",
        "role_path": "/reactor/",
        "rules": {
            "r": rule({"bus": BUS}, {"bus": {"arn": BUS["arn"] + "-2"}}, {"bus": BUS}),
            "s": rule({"bus": BUS}),
            "t": rule({"topic": TOPIC}),
        },
    },
    "role": one_target({"bus": BUS}) | {"role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/puts"}},
    "role_made": one_target({"bus": Raw("aws_cloudwatch_event_bus.made")})
    | {"role": Raw("aws_iam_role.made")},
    "defaults": {
        "name": "acme",
        "queue_policies": "attach",
        "rules": {
            "*": {"targets": {"people": {"topic": TOPIC}, "code": {"function": FUNCTION}}},
            "all": {"pattern": PATTERN, "input_transformer": SENTENCE},
            "own": rule({"queue": queue()}) | {"input_transformer": SENTENCE},
            "other": rule(
                {"topic": TOPIC, "input_transformer": OTHER},
                {"topic": TOPIC, "input": '"fixed"'},
                {"topic": TOPIC},
            )
            | {"input_transformer": SENTENCE},
            "event": {"pattern": PATTERN},
        },
    },
    "schedules": rules(
        tick=ticking({"topic": TOPIC, "input": '{"tick":true}'}, "rate(5 minutes)"),
        night=ticking({"topic": TOPIC}, "cron(0 3 ? * MON-FRI *)", enabled=False),
    ),
    "parts": rules(
        r=rule({"topic": TOPIC}, pattern=None, patterns={"main": PATTERN, "more": BUCKETS}),
        s=rule(
            {"function": FUNCTION}, pattern=None, patterns={"a": PATTERN, "b": BUCKETS}, name="S"
        ),
    ),
    "on_a_bus": one_target({"topic": TOPIC})
    | {
        "event_bus": OTHER_BUS,
        "alarm_topic": TOPIC,
        "failed_invocation_alarms": ["r"],
        "archive": {"retention_days": 30},
    },
    "alarms": rules(
        r=rule({"topic": TOPIC}, pattern=None, patterns={"main": PATTERN, "more": BUCKETS}),
        s=rule({"topic": TOPIC}),
    )
    | {"alarms": True, "failed_invocation_alarms": ["r"], "dead_letter_max_age_hours": 2},
    "archive": TO_TOPIC | {"archive": {}},
    "archive_of_two": rules(
        b=rule({"topic": TOPIC}, pattern=BUCKETS),
        a=rule({"topic": TOPIC}),
        c=ticking({"topic": TOPIC}),
    )
    | {"archive": {"name": "kept", "retention_days": 7}},
    "archive_of_long": rules(
        a=rule({"topic": TOPIC}, pattern=LONG),
        b=rule({"topic": TOPIC}, pattern=LONG),
        c=rule({"topic": TOPIC}, pattern=json.dumps({"source": [{"prefix": "aws.s"}]})),
    )
    | {"archive": {}},
    "archive_of_pattern": TO_TOPIC | {"archive": {"pattern": BUCKETS}},
    "merged": one_target({"queue": queue() | {"policy": json.dumps(MINE)}})
    | {"existing_queue_policies": {"work": json.dumps(MINE)}},
    "merged_one": one_target({"queue": {k: v for k, v in queue().items() if k != "fifo_queue"}})
    | {"existing_queue_policies": {"work": json.dumps(MINE | {"Statement": MINE["Statement"][1]})}},
    "said_to_be_none": one_target({"queue": queue()}) | {"existing_queue_policies": {"work": ""}},
    "its_own_of_before": one_target(
        {"queue": queue() | {"policy": json.dumps(queue_policy(queue()["arn"], "x"))}}
    ),
    "many_rules": {
        "name": "acme",
        "queue_policies": "attach",
        "rules": {f"{i:03}": rule({"queue": queue()}, {"function": FUNCTION}) for i in range(150)}
        | {"named": rule({"queue": queue()}, {"function": FUNCTION}, name="other")},
    },
    "witnessed": rules(
        r=rule(
            {"topic": TOPIC | {"kms_master_key_id": TOPIC_KEY}},
            {"function": FUNCTION},
            read_only_events=True,
            input_transformer=SENTENCE,
        ),
        off=rule({"topic": TOPIC}, enabled=False),
        tick=ticking({"topic": TOPIC}),
    )
    | {"witness": WITNESS},
    "canary": rules(
        r=rule({"topic": TOPIC}, pattern=json.dumps({"source": ["acme.canary", "aws.ec2"]}))
    )
    | {"sources_beyond_aws": ["acme.canary"]},
}
RESOURCES = """
resource "aws_cloudwatch_event_bus" "made" {
  name = "made"
}
resource "aws_iam_role" "made" {
  name               = "made"
  assume_role_policy = "{}"
}
"""


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    named = "".join(call("event-rules", settings, label) for label, settings in CALLS.items())
    return tf.plan(RESOURCES + named)


def trust(arn: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnEquals": {"aws:SourceArn": arn},
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                },
            }
        ],
    }


def puts(*buses: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": ["events:PutEvents"], "Resource": list(buses)}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize("partition", REGIONS)
def test_the_role_of_a_rule_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    hub = f"arn:{partition}:events:{region}:210987654321:event-bus/default"
    source = PARTITION_OF_REGION + call("event-rules", one_target({"bus": {"arn": hub}}))
    plan = tf.plan(source, region=region)
    role = plan.one("aws_iam_role")
    assert json.loads(role["assume_role_policy"]) == trust(rule_arn("acme-r", partition, region))
    assert json.loads(plan.one("aws_iam_role_policy")["policy"]) == puts(hub)
    assert role["name_prefix"] == "acme-r-"


def test_a_bus(many: Plan) -> None:
    plan = Called(many, "bus")
    assert plan.managed == [
        'aws_cloudwatch_event_rule.this["r"]',
        'aws_cloudwatch_event_target.this["r/a"]',
        'aws_iam_role.this["r"]',
        'aws_iam_role_policy.this["r"]',
        "aws_sqs_queue.dead_letters[0]",
    ]
    target = targets(plan)["r/a"]
    assert target["arn"] == BUS["arn"]
    assert plan.unknown('aws_cloudwatch_event_target.this["r/a"]')["role_arn"] is True
    assert plan.one("aws_iam_role")["tags"] == {"team": "platform"}
    assert sorted(plan.shown["roles"]) == ["r"]


def test_a_role_serves_one_rule_and_its_buses(many: Plan) -> None:
    plan = Called(many, "buses")
    roles, policies = plan.of_type("aws_iam_role"), plan.of_type("aws_iam_role_policy")
    assert sorted(roles) == ['aws_iam_role.this["r"]', 'aws_iam_role.this["s"]']
    for role in roles.values():
        assert role["path"] == "/reactor/"
        assert role["permissions_boundary"] == f"arn:aws:iam::{ACCOUNT}:policy/bound"
        assert len(role["name_prefix"]) <= 38
    allowed = {key: json.loads(p["policy"]) for key, p in policies.items()}
    assert allowed == {
        'aws_iam_role_policy.this["r"]': puts(BUS["arn"], BUS["arn"] + "-2"),
        'aws_iam_role_policy.this["s"]': puts(BUS["arn"]),
    }
    trusted = json.loads(roles['aws_iam_role.this["s"]']["assume_role_policy"])
    assert trusted == trust(rule_arn("n" * 60 + "-s"))


def test_a_role_of_ones_own(many: Plan) -> None:
    for label in ("role", "role_made"):
        plan = Called(many, label)
        assert plan.of_type("aws_iam_role") == {}
    plan = Called(many, "role")
    assert targets(plan)["r/a"]["role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/puts"


def test_targets_of_the_star_serve_rules_that_name_none(many: Plan) -> None:
    plan = Called(many, "defaults")
    assert sorted(targets(plan)) == [
        "all/code",
        "all/people",
        "event/code",
        "event/people",
        "other/a",
        "other/b",
        "other/c",
        "own/a",
    ]
    assert len(plan.of_type("aws_lambda_permission")) == 2


def test_a_rules_sentence_is_for_topics_that_have_none(many: Plan) -> None:
    templates = {
        key: t["input_transformer"][0]["input_template"] if t["input_transformer"] else t["input"]
        for key, t in targets(Called(many, "defaults")).items()
    }
    assert templates == {
        "all/code": None,
        "all/people": '"<who> did."',
        "event/code": None,
        "event/people": None,
        "other/a": '"Something happened."',
        "other/b": '"fixed"',
        "other/c": '"<who> did."',
        "own/a": None,
    }


def test_schedules(many: Plan) -> None:
    found = Called(many, "schedules").of_type("aws_cloudwatch_event_rule").values()
    assert {r["name"]: (r["schedule_expression"], r["state"]) for r in found} == {
        "acme-tick": ("rate(5 minutes)", "ENABLED"),
        "acme-night": ("cron(0 3 ? * MON-FRI *)", "DISABLED"),
    }
    assert {r["event_pattern"] for r in found} == {None}


def test_a_rule_of_several_patterns(many: Plan) -> None:
    """`main` keeps the rule's address and name, so that a split replaces nothing."""
    plan = Called(many, "parts")
    found = plan.of_type("aws_cloudwatch_event_rule")
    assert {address: r["name"] for address, r in found.items()} == {
        'aws_cloudwatch_event_rule.this["r"]': "acme-r",
        'aws_cloudwatch_event_rule.this["r/more"]': "acme-r-more",
        'aws_cloudwatch_event_rule.this["s/a"]': "S-a",
        'aws_cloudwatch_event_rule.this["s/b"]': "S-b",
    }
    patterns = {r["name"]: json.loads(r["event_pattern"]) for r in found.values()}
    assert patterns["acme-r-more"] == patterns["S-b"] == json.loads(BUCKETS)
    assert {key: t["target_id"] for key, t in targets(plan).items()} == {
        "r/a": "a",
        "r/more/a": "a",
        "s/a/a": "a",
        "s/b/a": "a",
    }
    assert len(plan.of_type("aws_lambda_permission")) == 2
    (statement,) = json.loads(plan.one("aws_sqs_queue")["policy"])["Statement"][1:]
    names = [arn.partition("/")[2] for arn in statement["Condition"]["ArnEquals"]["aws:SourceArn"]]
    assert names == ["S-a", "S-b", "acme-r", "acme-r-more"]


def test_a_bus_of_ones_own(many: Plan) -> None:
    plan = Called(many, "on_a_bus")
    assert plan.one("aws_cloudwatch_event_rule")["event_bus_name"] == "acme/hub"
    assert targets(plan)["r/a"]["event_bus_name"] == "acme/hub"
    policy = json.loads(plan.one("aws_sqs_queue")["policy"])
    assert policy == queue_policy(
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-dead-letters",
        rule_arn("acme/hub/acme-r"),
        sid="acme-acme-hub",
    )
    alarms = plan.of_type("aws_cloudwatch_metric_alarm")
    failed = alarms['aws_cloudwatch_metric_alarm.failed_invocations["r"]']
    assert failed["dimensions"] == {"EventBusName": "acme/hub", "RuleName": "acme-r"}
    archive = plan.one("aws_cloudwatch_event_archive")
    assert (archive["event_source_arn"], archive["retention_days"]) == (OTHER_BUS["arn"], 30)


def test_alarms_without_a_topic_and_of_rules(many: Plan) -> None:
    plan = Called(many, "alarms")
    alarms = {a["alarm_name"]: a for a in plan.of_type("aws_cloudwatch_metric_alarm").values()}
    assert sorted(alarms) == [
        "acme-dead-letters",
        "acme-dead-letters-age",
        "acme-r-failed-invocations",
        "acme-r-more-failed-invocations",
    ]
    assert all(not a["alarm_actions"] for a in alarms.values())
    failed = alarms["acme-r-failed-invocations"]
    assert (failed["namespace"], failed["metric_name"]) == ("AWS/Events", "FailedInvocations")
    assert failed["dimensions"] == {"RuleName": "acme-r"}
    assert alarms["acme-dead-letters-age"]["threshold"] == 2 * 3600
    assert sorted(plan.shown["operations"]["alarms"]) == [
        "dead-letters",
        "dead-letters-age",
        "failed-invocations-r",
        "failed-invocations-r/more",
    ]


@pytest.mark.parametrize(
    ("label", "pattern"),
    [
        ("archive", json.loads(PATTERN)),
        ("archive_of_two", {"$or": [json.loads(PATTERN), json.loads(BUCKETS)]}),
        ("archive_of_long", {"source": ["aws.ec2", {"prefix": "aws.s"}]}),
        ("archive_of_pattern", json.loads(BUCKETS)),
    ],
)
def test_an_archive_of_what_the_rules_see(many: Plan, label: str, pattern: dict[str, Any]) -> None:
    archive = Called(many, label).one("aws_cloudwatch_event_archive")
    assert json.loads(archive["event_pattern"]) == pattern
    assert archive["event_source_arn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    kept = ("kept", 7) if label == "archive_of_two" else ("acme", 0)
    assert (archive["name"], archive["retention_days"]) == kept


@pytest.mark.parametrize("label", ["merged", "merged_one"])
def test_what_a_queues_policy_has_is_kept(many: Plan, label: str) -> None:
    plan = Called(many, label)
    ours = queue_policy(queue()["arn"], rule_arn("acme-r"))
    wanted = ours | {"Statement": [*ours["Statement"], MINE["Statement"][1]]}
    assert json.loads(plan.one("aws_sqs_queue_policy")["policy"]) == wanted
    assert emitted(plan)["work"] == wanted


@pytest.mark.parametrize("label", ["said_to_be_none", "its_own_of_before"])
def test_a_policy_with_nothing_from_elsewhere_is_written(many: Plan, label: str) -> None:
    policy = Called(many, label).one("aws_sqs_queue_policy")["policy"]
    assert json.loads(policy) == queue_policy(queue()["arn"], rule_arn("acme-r"))


def test_many_rules_are_admitted_by_the_beginning_of_their_names(many: Plan) -> None:
    plan = Called(many, "many_rules")
    policies = [plan.one(f"aws_sqs_queue{kind}")["policy"] for kind in ("", "_policy")]
    for policy in policies:
        assert len(policy) <= 8192
        condition = json.loads(policy)["Statement"][1]["Condition"]
        assert condition == {"ArnLike": {"aws:SourceArn": [rule_arn("acme-*"), rule_arn("other")]}}
    # One for all but what has a name of its own: a function's policy holds some sixty.
    permissions = plan.of_type("aws_lambda_permission")
    shared = permissions.pop('aws_lambda_permission.this["*/b"]')
    assert shared["source_arn"] == rule_arn("acme-*")
    assert shared["function_name"] == "react"
    assert [*permissions] == ['aws_lambda_permission.this["named/b"]']


def test_a_source_beyond_aws_that_is_meant(many: Plan) -> None:
    pattern = Called(many, "canary").one("aws_cloudwatch_event_rule")["event_pattern"]
    assert json.loads(pattern) == {"source": ["acme.canary", "aws.ec2"]}


def test_what_a_topics_policy_needs_is_told(many: Plan) -> None:
    shown = Called(many, "archive").shown["target_policies"]
    assert {key: json.loads(text) for key, text in shown.items()} == {
        "r/a": {
            "Sid": "EventBridgeRules-acme",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": TOPIC["arn"],
        }
    }


def test_a_witness_is_one_more_target_of_each_rule_that_sees_events(many: Plan) -> None:
    plan = Called(many, "witnessed")
    found = plan.of_type("aws_cloudwatch_event_target")
    noted = {name: each for name, each in found.items() if each["target_id"] == "witness"}
    assert sorted(each["rule"] for each in noted.values()) == ["acme-off", "acme-r"]
    for each in noted.values():
        assert each["arn"] == WITNESS["delivery_stream"]["arn"]
        assert each["role_arn"] == WITNESS["role"]["arn"]
        [transformer] = each["input_transformer"]
        assert transformer["input_template"] == (
            '{"account":<account>,"region":<region>,"id":<id>,'
            '"rule":<aws.events.rule-arn>,"time":<aws.events.event.ingestion-time>}'
        )
    # One role for all: no rule gets one for it.
    assert not plan.of_type("aws_iam_role")


def test_what_is_deployed_is_told_as_eventbridge_has_it(many: Plan) -> None:
    deployed = Called(many, "witnessed").shown["deployed"]["rules"]
    # A rule that is off owes nothing, and a schedule sees nothing.
    assert list(deployed) == ["r"]
    told = deployed["r"]
    assert told["arn"] == rule_arn("acme-r")
    assert json.loads(told["pattern"]) == json.loads(PATTERN)
    assert told["read_only_events"] is True
    assert told["targets"]["a"] == {
        "arn": TOPIC["arn"],
        "input": None,
        "input_transformer": SENTENCE,
        "kms_key_arn": TOPIC_KEY,
    }
    assert told["targets"]["b"]["input_transformer"] is None
