"""modules/alert-topic: its policies to the letter, its subscribers, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    REGIONS,
    Called,
    Raw,
    Settings,
    assert_refused,
    call,
    calls,
    readme_example,
    terraform_test,
)

pytestmark = pytest.mark.plan

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
LEAST: Settings = {"name": "alerts"}
ATTACH: Settings = {**LEAST, "queue_policies": "attach"}
PAGERS = f"arn:aws:sns:{REGION}:{ACCOUNT}:pagers"
WITH_ITS_LAST_HOP = [
    'aws_cloudwatch_metric_alarm.this["failed"]',
    'aws_cloudwatch_metric_alarm.this["undelivered"]',
    "aws_sns_topic.this",
    "aws_sqs_queue.undelivered",
]
NAMES = ["a", "A_b-9", "t" * 238]
PEOPLE = ["oncall@example.com", "security+alerts@mail.example.co.uk"]
OWNER_ACTIONS = [
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
]


def topic_policy(partition: str, region: str) -> dict[str, Any]:
    topic = f"arn:{partition}:sns:{region}:{ACCOUNT}:alerts"
    alarms = f"arn:{partition}:cloudwatch:{region}:{ACCOUNT}:alarm:*"
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": topic,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "OwnerAccount",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"},
                "Action": OWNER_ACTIONS,
                "Resource": topic,
            },
            # EventBridge supports no Condition here.
            {
                "Sid": "EventBridgePublish",
                **publish,
                "Principal": {"Service": "events.amazonaws.com"},
            },
            {
                "Sid": "CloudWatchAlarmsPublish",
                **publish,
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Condition": {
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                },
            },
        ],
    }


def key_policy(partition: str) -> dict[str, Any]:
    def use(sid: str, service: str) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        }

    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OwnerAccount",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            use("EventBridgePublish", "events.amazonaws.com"),
            use("CloudWatchAlarmsPublish", "cloudwatch.amazonaws.com"),
        ],
    }


def queue(name: str = "audit", **more: Any) -> dict[str, Any]:
    """A queue as a whole resource has it."""
    return {
        "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        "id": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}",
        "name": name,
        "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}",
    } | more


def queue_policy(name: str, *more: dict[str, Any]) -> dict[str, Any]:
    arn = queue(name)["arn"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "AlertTopic-alerts",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {
                    "ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
                },
            },
            *more,
        ],
    }


MINE = {"Sid": "Mine", "Effect": "Allow", "Action": "sqs:SendMessage"}
MINE_ALONE = json.dumps({"Version": "2012-10-17", "Statement": MINE})
BUDGETS = {"Sid": "Budgets", "Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    own: Settings = {**LEAST, "email_subscribers": PEOPLE, "tags": {"team": "platform"}}
    key = {"own_kms_key": False}
    made: Settings = {**LEAST, **key, "kms_key_arn": Raw("aws_kms_key.mine.arn")}
    subscribers = {
        "audit": Raw("aws_sqs_queue.audit"),
        "raw": queue("raw", policy=MINE_ALONE, raw_message_delivery=True),
    }
    queues: Settings = {
        **LEAST,
        "queue_subscribers": subscribers,
        "queue_policies": "attach",
        "existing_queue_policies": {"raw": MINE_ALONE},
        "alarm_topic": {"arn": PAGERS},
        "https_subscribers": {"hook": Raw('sensitive("https://example.com/hook?token=1")')},
        "policy_statements": json.dumps([BUDGETS]),
    }
    emit: Settings = {
        **LEAST,
        "queue_subscribers": {"a": queue(policy=MINE_ALONE)},
        "queue_policies": "emit",
    }
    return tf.plan(
        'resource "aws_kms_key" "mine" {}\n'
        + 'resource "aws_sqs_queue" "audit" {\n  name = "audit"\n}\n'
        + call("alert-topic", queues, "queues").replace(
            "value = module", "sensitive = true\n  value = module"
        )
        + call("alert-topic", emit, "emit")
        + call("alert-topic", own, "own")
        + call("alert-topic", {**LEAST, **key, "kms_key_arn": KEY}, "given")
        + call("alert-topic", made, "made")
        + calls("alert-topic", [{"name": name} for name in NAMES])
    )


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    plan = tf.plan(call("alert-topic", LEAST), region=region)
    assert json.loads(plan.one("aws_sns_topic")["policy"]) == topic_policy(partition, region)
    assert json.loads(plan.one("aws_kms_key")["policy"]) == key_policy(partition)


def test_own_key_and_subscribers(many: Plan) -> None:
    plan = Called(many, "own")
    topic, key = plan.one("aws_sns_topic"), plan.one("aws_kms_key")
    assert topic["name"] == "alerts"
    assert topic["tags"] == key["tags"] == {"team": "platform"}
    assert key["enable_key_rotation"] is True
    assert plan.one("aws_kms_alias")["name"] == "alias/alert-topic/alerts"
    # Not known before apply, and the key's: without one it would be null.
    assert plan.unknown("aws_sns_topic.this")["kms_master_key_id"] is True
    subscriptions = plan.of_type("aws_sns_topic_subscription")
    assert {(s["protocol"], s["endpoint"]) for s in subscriptions.values()} == {
        ("email", address) for address in PEOPLE
    }
    for subscription in subscriptions:
        assert plan.unknown(subscription)["redrive_policy"] is True


def test_everything_given(many: Plan) -> None:
    plan = Called(many, "given")
    assert plan.managed == WITH_ITS_LAST_HOP
    assert plan.one("aws_sns_topic")["kms_master_key_id"] == KEY
    assert (plan.shown["kms_key_arn"], plan.shown["name"]) == (KEY, "alerts")
    # What the given key has to admit.
    assert json.loads(plan.shown["kms_key_policy"]) == key_policy("aws")


def test_a_key_of_the_same_apply(many: Plan) -> None:
    plan = Called(many, "made")
    assert plan.managed == WITH_ITS_LAST_HOP
    assert plan.unknown("aws_sns_topic.this")["kms_master_key_id"] is True


def test_what_is_accepted(many: Plan) -> None:
    made = {topic["name"] for topic in many.of_type("aws_sns_topic").values()}
    assert made == {"alerts", *NAMES}


def test_queues_and_addresses(many: Plan) -> None:
    plan = Called(many, "queues")
    subscriptions = plan.of_type("aws_sns_topic_subscription")
    assert sorted(subscriptions) == [
        'aws_sns_topic_subscription.https["hook"]',
        'aws_sns_topic_subscription.queue["audit"]',
        'aws_sns_topic_subscription.queue["raw"]',
    ]
    raw = subscriptions['aws_sns_topic_subscription.queue["raw"]']
    assert (raw["protocol"], raw["endpoint"]) == ("sqs", queue("raw")["arn"])
    assert raw["raw_message_delivery"] is True
    audit = subscriptions['aws_sns_topic_subscription.queue["audit"]']
    assert audit["raw_message_delivery"] is False
    https = subscriptions['aws_sns_topic_subscription.https["hook"]']
    assert https["endpoint"] == "https://example.com/hook?token=1"
    policies = plan.of_type("aws_sqs_queue_policy")
    assert {a: json.loads(p["policy"]) for a, p in policies.items()} == {
        'aws_sqs_queue_policy.this["audit"]': queue_policy("audit"),
        'aws_sqs_queue_policy.this["raw"]': queue_policy("raw", MINE),
    }


def test_what_a_subscriber_does_not_take_is_kept(many: Plan) -> None:
    plan = Called(many, "own")
    queue_of_its_own = plan.one("aws_sqs_queue")
    assert queue_of_its_own["name"] == "alerts-undelivered"
    assert queue_of_its_own["message_retention_seconds"] == 14 * 24 * 3600
    # As every queue that the topic sends to.
    own = queue_policy("alerts-undelivered")
    own["Statement"][1]["Sid"] = "AlertTopic"
    assert json.loads(queue_of_its_own["policy"]) == own
    assert plan.shown["operations"]["queues"]["undelivered"]["name"] == "alerts-undelivered"
    long = Called(many, "case_2").one("aws_sqs_queue")["name"]
    assert long == "t" * 68 + "-undelivered"


def test_a_failed_delivery_rings(many: Plan) -> None:
    alarms = {
        alarm["alarm_name"]: alarm
        for alarm in Called(many, "queues").of_type("aws_cloudwatch_metric_alarm").values()
    }
    assert sorted(alarms) == ["alerts-failed", "alerts-undelivered"]
    failed = alarms["alerts-failed"]
    assert (failed["namespace"], failed["metric_name"]) == (
        "AWS/SNS",
        "NumberOfNotificationsFailed",
    )
    assert failed["dimensions"] == {"TopicName": "alerts"}
    assert failed["alarm_actions"] == failed["ok_actions"] == [PAGERS]
    # Without a topic of theirs: to those that still hear, and never that all is well, which would
    # fail again, and ring again.
    own = Called(many, "own").of_type("aws_cloudwatch_metric_alarm")
    for alarm in own.values():
        assert alarm["alarm_actions"] == [f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"]
        assert not alarm["ok_actions"]


def test_failures_of_queues_and_addresses_are_written_down(many: Plan) -> None:
    plan = Called(many, "queues")
    assert plan.unknown("aws_sns_topic.this")["sqs_failure_feedback_role_arn"] is True
    assert plan.unknown("aws_sns_topic.this")["http_failure_feedback_role_arn"] is True
    role = plan.one("aws_iam_role")
    assert role["name_prefix"] == "alerts-failures-"
    [trust] = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "sns.amazonaws.com"}
    [grant] = json.loads(plan.one("aws_iam_role_policy")["policy"])["Statement"]
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
    assert grant["Resource"] == [f"{logs}:sns/{REGION}/{ACCOUNT}/alerts*"]
    emit = Called(many, "emit").unknown("aws_sns_topic.this")
    assert emit["sqs_failure_feedback_role_arn"] is True
    assert "http_failure_feedback_role_arn" not in emit
    # Of e-mail SNS tells nothing.
    assert not Called(many, "own").of_type("aws_iam_role")


def test_the_key_of_a_subscribed_queue_can_admit_the_topic(many: Plan) -> None:
    assert json.loads(Called(many, "emit").shown["queue_kms_key_statement"]) == {
        "Sid": "AlertTopic-alerts",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}},
    }


def test_further_statements(many: Plan) -> None:
    policy = json.loads(Called(many, "queues").one("aws_sns_topic")["policy"])
    ours = topic_policy("aws", REGION)
    assert policy == ours | {"Statement": [*ours["Statement"], BUDGETS]}


def test_queue_policies_emitted(many: Plan) -> None:
    plan = Called(many, "emit")
    assert plan.of_type("aws_sqs_queue_policy") == {}
    emitted = plan.shown["queue_policies"]
    assert {key: json.loads(text) for key, text in emitted.items()} == {"a": queue_policy("audit")}
    assert json.loads(plan.shown["policy"]) == topic_policy("aws", REGION)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"<([a-z]+)>", text))


def test_messages_begin_with_a_sentence(many: Plan) -> None:
    messages = Called(many, "given").shown["messages"]
    assert sorted(messages) == ["alarm", "api_call", "insight", "sign_in"]
    for message in messages.values():
        lines = message["input_template"].split("\n")
        assert all(re.fullmatch(r'"[^"]+"', line) for line in lines)
        assert re.fullmatch(r'".+ .+ .+\."', lines[0])
        assert len(lines) >= 3
        assert placeholders(message["input_template"]) == set(message["input_paths"])


def test_chat_messages_are_custom_notifications(many: Plan) -> None:
    shown = Called(many, "given").shown
    for kind, message in shown["chat_messages"].items():
        said = json.loads(message["input_template"])
        assert (said["version"], said["source"]) == ("1.0", "custom")
        content = said["content"]
        assert content["textType"] == "client-markdown"
        first = shown["messages"][kind]["input_template"].split("\n")[0]
        assert content["description"].split("\n")[0] == json.loads(first)
        assert content["title"]
        assert placeholders(message["input_template"]) == set(message["input_paths"])
    assert json.loads(shown["chat_format"] % ('"t"', '"d <who>"'))["content"] == {
        "description": "d <who>",
        "textType": "client-markdown",
        "title": "t",
    }


def test_what_is_refused(tf: Planner) -> None:
    name = "name must be 1 to 238 letters, digits, underscores and hyphens. A FIFO topic"
    https = "https_subscribers must hold addresses that start with https://"
    statements = "policy_statements must be the JSON of a list of statements"
    assert_refused(
        tf,
        "alert-topic",
        [
            *(({"name": bad}, name) for bad in ("", "a b", "alerts.fifo", "a" * 239)),
            (
                {**LEAST, "email_subscribers": ["a@example.com", "b@example", "c example.com"]},
                'these are none: "b@example", "c example.com".',
            ),
            (
                {**LEAST, "kms_key_arn": "alias/aws/sns"},
                "not an alias (alias/aws/sns can't admit EventBridge) or a bare id",
            ),
            ({**LEAST, "https_subscribers": {"a": "http://example.com"}}, https),
            ({**LEAST, "https_subscribers": {"a": "https:// x"}}, https),
            ({**LEAST, "policy_statements": "x"}, statements),
            ({**LEAST, "policy_statements": json.dumps(["x"])}, statements),
            ({**LEAST, "queue_policies": "merge"}, 'queue_policies must be "attach"'),
            (
                {**ATTACH, "queue_subscribers": {"a": queue("a.fifo")}},
                "name is the bare name of a standard queue",
            ),
            (
                {**ATTACH, "queue_subscribers": {"a": queue(arn="audit")}},
                "arn must be that of an SQS queue; pass the queue whole",
            ),
            (
                {**ATTACH, "queue_subscribers": {"a": queue(), "b": queue()}},
                "A queue is in queue_subscribers twice",
            ),
            *(
                (
                    {**ATTACH, "queue_subscribers": {"a": queue(kms_master_key_id=bad)}},
                    "A subscribed queue is encrypted with alias/aws/sqs, and that key can't admit",
                )
                for bad in (
                    "alias/aws/sqs",
                    f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/sqs",
                )
            ),
            (
                {**LEAST, "alarm_topic": {"arn": PAGERS, "kms_master_key_id": "alias/aws/sns"}},
                "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch",
            ),
            (
                {**LEAST, "named_email_subscribers": {"a": "nobody"}},
                "named_email_subscribers must hold e-mail addresses such as security@example.com.",
            ),
            ({**LEAST, "role_path": "audit"}, "role_path starts and ends with a slash, as in"),
            (
                {**LEAST, "existing_queue_policies": {"a": "[]"}},
                "existing_queue_policies maps the key of a queue to its policy as JSON",
            ),
        ],
    )


def test_queues_that_are_refused(tf: Planner) -> None:
    unseen = {key: value for key, value in queue().items() if key != "id"}
    abroad = queue() | {"arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:audit"}
    assert_refused(
        tf,
        "alert-topic",
        [
            (
                {**LEAST, "existing_queue_policies": {"a": ""}},
                "existing_queue_policies names queues that are no subscribers: a.",
            ),
            (
                {**ATTACH, "queue_subscribers": {"a": unseen}},
                "Whether the queue audit has a policy can't be seen from here",
            ),
            (
                {**ATTACH, "queue_subscribers": {"a": queue(policy=MINE_ALONE)}},
                "The queue audit has a policy with statements from elsewhere, which would be "
                "lost: Mine.",
            ),
            (
                {**ATTACH, "queue_subscribers": {"a": abroad}},
                f"The queue audit ({abroad['arn']}) is not in the topic's account and Region",
            ),
            (
                {**LEAST, "queue_subscribers": {"a": queue()}},
                "queue_policies is missing: who writes the policies of the queues in",
            ),
        ],
    )


CONFIRMED = """
mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/failures" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:111122223333:key/1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:111122223333:alerts" }
  }
  mock_resource "aws_sns_topic_subscription" {
    defaults = { pending_confirmation = PENDING }
  }
}

run "applied" {
  command = apply
}
"""
TOPIC = """
provider "aws" {}

module "topic" {
  source            = "${modules}/alert-topic"
  name              = "alerts"
  checks            = CHECKS
  email_subscribers = ["ana@example.com"]
  https_subscribers = { pager = "https://example.com/pager" }
}
"""


@pytest.mark.parametrize(
    ("pending", "checks"), [(True, True), (True, False), (False, True)], ids=str
)
def test_a_subscription_that_nobody_confirms_trips_the_check(
    tf: Planner, tmp_path: Path, pending: bool, checks: bool
) -> None:
    """Under `terraform test`: an emulator confirms mail by itself."""
    done = terraform_test(
        tf,
        tmp_path,
        TOPIC.replace("CHECKS", str(checks).lower()),
        CONFIRMED.replace("PENDING", str(pending).lower()),
    )
    sentence = (
        "The topic alerts has subscriptions that nobody confirmed, to which nothing is sent: "
        "ana@example.com, pager."
    )
    assert (sentence in done.said) is (pending and checks), done.said
    assert done.passed is not (pending and checks), done.said


def test_a_setting_that_is_misspelt_is_an_error(tf: Planner) -> None:
    error = tf.plan_error(call("alert-topic", {**LEAST, "email_subscriber": []}))
    assert 'An argument named "email_subscriber" is not expected here.' in error


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("alert-topic"))
    # Whether somebody confirmed is not known yet.
    (warning,) = plan.warnings
    assert warning.startswith("Check block assertion known after apply")
    assert len(plan.of_type("aws_sns_topic_subscription")) == 1
