"""modules/alert-topic: its policies to the letter, its subscribers, what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    PARTITION_OF_REGION,
    REGIONS,
    Called,
    Raw,
    Settings,
    assert_refused,
    call,
    calls,
    readme_example,
)

pytestmark = pytest.mark.plan

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
LEAST: Settings = {"name": "alerts"}
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


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    own: Settings = {**LEAST, "email_subscribers": PEOPLE, "tags": {"team": "platform"}}
    made: Settings = {**LEAST, "kms_key_arn": Raw('format("%s", aws_kms_key.mine.arn)')}
    return tf.plan(
        'resource "aws_kms_key" "mine" {}\n'
        + call("alert-topic", own, "own")
        + call("alert-topic", {**LEAST, "kms_key_arn": KEY}, "given")
        + call("alert-topic", made, "made")
        + calls("alert-topic", [{"name": name} for name in NAMES])
    )


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    plan = tf.plan(PARTITION_OF_REGION + call("alert-topic", LEAST), region=region)
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


def test_everything_given(many: Plan) -> None:
    plan = Called(many, "given")
    assert plan.managed == ["aws_sns_topic.this"]
    assert plan.one("aws_sns_topic")["kms_master_key_id"] == KEY
    assert (plan.shown["kms_key_arn"], plan.shown["name"]) == (KEY, "alerts")
    # What the given key has to admit.
    assert json.loads(plan.shown["kms_key_policy"]) == key_policy("aws")


def test_a_key_of_the_same_apply(many: Plan) -> None:
    plan = Called(many, "made")
    assert plan.managed == ["aws_sns_topic.this"]
    assert plan.unknown("aws_sns_topic.this")["kms_master_key_id"] is True


def test_what_is_accepted(many: Plan) -> None:
    made = {topic["name"] for topic in many.of_type("aws_sns_topic").values()}
    assert made == {"alerts", *NAMES}


def test_what_is_refused(tf: Planner) -> None:
    name = "name must be 1 to 238 letters, digits, underscores and hyphens. A FIFO topic"
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
        ],
    )


def test_a_setting_that_is_misspelt_is_an_error(tf: Planner) -> None:
    error = tf.plan_error(call("alert-topic", {**LEAST, "email_subscriber": []}))
    assert 'An argument named "email_subscriber" is not expected here.' in error


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("alert-topic"))
    assert plan.warnings == ()
    assert len(plan.of_type("aws_sns_topic_subscription")) == 1
