"""examples/ec2-launch-monitor: the plan that the README promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner

pytestmark = pytest.mark.plan

EXAMPLE = Path("examples/ec2-launch-monitor")


@pytest.fixture(scope="session")
def plan(tf: Planner) -> Plan:
    """The example as it stands, nothing set."""
    return tf.plan(EXAMPLE)


def test_it_needs_nothing_set_and_warns_of_nothing(plan: Plan) -> None:
    assert plan.warnings == ()
    assert {change["change"]["actions"][0] for change in changes(plan)} == {"create"}


def changes(plan: Plan) -> list[dict[str, Any]]:
    return [c for c in plan.resource_changes.values() if c["mode"] == "managed"]


def test_it_is_short() -> None:
    assert len((REPOSITORY / EXAMPLE / "main.tf").read_text(encoding="utf-8").splitlines()) < 70


def test_a_trail_records_every_region_into_the_bucket(plan: Plan) -> None:
    trail = plan.one("aws_cloudtrail")
    assert trail["name"] == "ec2-launch-monitor"
    assert trail["is_multi_region_trail"] is True
    assert trail["enable_log_file_validation"] is True
    assert plan.one("aws_s3_bucket")["bucket"] == f"ec2-launch-monitor-logs-{ACCOUNT}"
    assert plan.one("aws_s3_bucket")["force_destroy"] is False


def test_one_rule_on_launches_has_three_targets(plan: Plan) -> None:
    rule = plan.one("aws_cloudwatch_event_rule")
    assert rule["state"] == "ENABLED"
    assert json.loads(rule["event_pattern"])["detail"]["eventName"] == ["RunInstances"]
    assert len(plan.of_type("aws_cloudwatch_event_target")) == 3


def test_people_get_one_sentence(plan: Plan) -> None:
    [transformer] = [
        target["input_transformer"][0]
        for target in plan.of_type("aws_cloudwatch_event_target").values()
        if target["input_transformer"]
    ]
    template = json.loads(transformer["input_template"])
    assert template == (
        "<who> launched EC2 (up to <most> x <what>) in <where>, account <account>, at <when>."
    )
    assert set(re.findall("<([a-z]+)>", template)) == set(transformer["input_paths"])


def test_every_queue_is_encrypted(plan: Plan) -> None:
    queues = plan.of_type("aws_sqs_queue")
    assert {queue["name"] for queue in queues.values()} >= {
        "ec2-launch-monitor-downstream",
        "ec2-launch-monitor-guard-failures",
    }
    assert all(queue["sqs_managed_sse_enabled"] for queue in queues.values())


def test_the_guard_starts_in_dry_run(plan: Plan) -> None:
    # Its environment names the topic, so it is known after apply; the description says it too.
    assert plan.one("aws_lambda_function")["description"].endswith("(dry_run)")


def test_its_outputs(plan: Plan) -> None:
    assert plan.outputs["function_name"] == "ec2-launch-monitor-guard"
    assert plan.outputs["log_group_name"] == "/aws/lambda/ec2-launch-monitor-guard"
    assert plan.outputs["trail_name"] == "ec2-launch-monitor"
    planned = set(plan.json["planned_values"]["outputs"])
    assert planned == {
        "alert_topic_arn",
        "dead_letter_queue",
        "downstream_queue_url",
        "failure_queue",
        "function_name",
        "log_bucket_name",
        "log_group_name",
        "trail_name",
    }


def test_settings_are_in_the_plan(tf: Planner) -> None:
    changed = tf.plan(
        EXAMPLE,
        {
            "alert_from_size": "metal",
            "email_subscribers": ["ops@example.com"],
            "force_destroy": True,
            "mode": "enforce",
            "name": "launches",
        },
        region="eu-central-1",
    )
    assert changed.one("aws_s3_bucket")["force_destroy"] is True
    assert changed.one("aws_s3_bucket")["bucket"] == f"launches-logs-{ACCOUNT}"
    assert changed.one("aws_sns_topic_subscription")["endpoint"] == "ops@example.com"
    assert {role["name"] for role in changed.of_type("aws_iam_role").values()} == {
        "launches-guard-eu-central-1",
        "launches-guard-eu-central-1-later",
    }
    assert changed.outputs["function_name"] == "launches-guard"
    assert REGION != "eu-central-1"


WRONG = [
    ({"name": "Launches"}, "name must be 3 to 30 lower-case letters, digits and hyphens"),
    ({"mode": "on"}, "mode must be dry_run, notify or enforce"),
    ({"alert_from_size": "t3.large"}, "alert_from_size must be a size without its family"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_what_is_wrong_is_refused(tf: Planner, wrong: dict[str, str], sentence: str) -> None:
    assert sentence in tf.plan_error(EXAMPLE, wrong)
