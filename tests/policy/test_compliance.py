"""The plans before terraform-compliance, and terraform-compliance before broken plans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import policy
from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.policy.wholes import plan_whole

pytestmark = pytest.mark.plan

FEATURES = REPOSITORY / "policy" / "compliance"
MADE_KEYS = FEATURES / "made_keys"
PROMISES = FEATURES / "promises"
LEAST_PRIVILEGE = FEATURES / "least_privilege"


@pytest.fixture(scope="module")
def example(tf: Planner) -> Plan:
    return tf.plan(Path("examples/ec2-launch-monitor"))


@pytest.fixture(scope="module")
def own_keys(tf: Planner) -> Plan:
    return tf.plan(Path("tests/policy/fixtures/own_keys"))


@pytest.fixture(params=["example", "own_keys"])
def plan(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.getfixturevalue(request.param)
    return found


def scenarios(features: Path) -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in features.glob("*.feature")]
    lines = "\n".join(texts).splitlines()
    return {line.partition("Scenario: ")[2] for line in lines if "Scenario: " in line}


def test_no_policy_of_the_modules_allows_everything(tf: Planner, tmp_path: Path) -> None:
    found = policy.compliance(plan_whole(tf).json, LEAST_PRIVILEGE, tmp_path)
    assert found == dict.fromkeys(scenarios(LEAST_PRIVILEGE), "")


def test_every_promise_is_in_the_plan(plan: Plan, tmp_path: Path) -> None:
    found = policy.compliance(plan.json, PROMISES, tmp_path)
    assert found == dict.fromkeys(scenarios(PROMISES), "")


def test_no_policy_allows_everything(own_keys: Plan, tmp_path: Path) -> None:
    found = policy.compliance(own_keys.json, LEAST_PRIVILEGE, tmp_path)
    assert found == dict.fromkeys(scenarios(LEAST_PRIVILEGE), "")


def test_keys_are_rotated(example: Plan, tmp_path: Path) -> None:
    assert policy.compliance(example.json, MADE_KEYS, tmp_path) == {"Keys are rotated": ""}
    broken = policy.with_value(example.json, "aws_kms_key", "enable_key_rotation", False)
    assert policy.compliance(broken, MADE_KEYS, tmp_path)["Keys are rotated"] != ""


def statements(action: str | list[str], **more: Any) -> str:
    """A policy whose second statement is the bad one: the tool must read them all."""
    harmless = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    bad = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [harmless, bad]})


BROKEN_PROMISES = [
    ("The trail validates its log files", "aws_cloudtrail", "enable_log_file_validation", False),
    ("The trail covers every Region", "aws_cloudtrail", "is_multi_region_trail", False),
    (
        "The trail records global services",
        "aws_cloudtrail",
        "include_global_service_events",
        False,
    ),
    ("The trail's logs are encrypted with a key", "aws_cloudtrail", "kms_key_id", None),
    (
        "Buckets are encrypted with a key",
        "aws_s3_bucket_server_side_encryption_configuration",
        "rule",
        [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}],
    ),
    (
        "Buckets keep every version",
        "aws_s3_bucket_versioning",
        "versioning_configuration",
        [{"status": "Suspended"}],
    ),
    (
        "Buckets refuse public policies",
        "aws_s3_bucket_public_access_block",
        "block_public_policy",
        False,
    ),
    (
        "Buckets refuse public access",
        "aws_s3_bucket_public_access_block",
        "restrict_public_buckets",
        False,
    ),
    ("Queues are encrypted", "aws_sqs_queue", "sqs_managed_sse_enabled", False),
    ("Topics are encrypted with a key", "aws_sns_topic", "kms_master_key_id", None),
    (
        "Functions send their failures on",
        "aws_lambda_function_event_invoke_config",
        "destination_config",
        [],
    ),
    (
        "Every target has a queue for what can't be delivered",
        "aws_cloudwatch_event_target",
        "dead_letter_config",
        [],
    ),
    ("Functions may be called only by a rule", "aws_lambda_permission", "source_arn", None),
    ("Logs of functions are kept for a year", "aws_cloudwatch_log_group", "retention_in_days", 30),
    ("Every alarm tells somebody", "aws_cloudwatch_metric_alarm", "alarm_actions", []),
    (
        "Tables can be restored",
        "aws_dynamodb_table",
        "point_in_time_recovery",
        [{"enabled": False}],
    ),
]
MISSING = [
    (
        "Every bucket says how it is encrypted",
        "aws_s3_bucket_server_side_encryption_configuration",
    ),
    (
        "Every function says what becomes of its failures",
        "aws_lambda_function_event_invoke_config",
    ),
]
BROKEN_POLICIES = [
    [
        ("Roles don't allow every action", "aws_iam_role_policy", "policy", statements("*")),
        (
            "Roles are not assumed by everyone",
            "aws_iam_role",
            "assume_role_policy",
            statements("sts:AssumeRole", Principal="*"),
        ),
        (
            "Bucket policies don't name every action but to deny it",
            "aws_s3_bucket_policy",
            "policy",
            statements("s3:*", Principal="*"),
        ),
        (
            "Queue policies don't name every action but to deny it",
            "aws_sqs_queue_policy",
            "policy",
            statements("sqs:*", Principal="*"),
        ),
    ],
    [
        (
            "Roles don't allow every action",
            "aws_iam_role_policy",
            "policy",
            statements(["sqs:SendMessage", "*:*"]),
        ),
        (
            "Roles are not assumed by everyone",
            "aws_iam_role",
            "assume_role_policy",
            statements("sts:AssumeRole", Principal={"AWS": "*"}),
        ),
    ],
    [
        (
            "Roles don't allow all of a service",
            "aws_iam_role_policy",
            "policy",
            statements(["ec2:CreateTags", "ec2:*"]),
        ),
    ],
]


def test_broken_promises_are_seen(own_keys: Plan, tmp_path: Path) -> None:
    broken, missing = own_keys.json, own_keys.json
    for _, kind, name, value in BROKEN_PROMISES:
        broken = policy.with_value(broken, kind, name, value)
    for _, kind in MISSING:
        missing = policy.without(missing, kind)
    found = policy.compliance(broken, PROMISES, tmp_path)
    assert {name for name, words in found.items() if words} == {b[0] for b in BROKEN_PROMISES}
    found = policy.compliance(missing, PROMISES, tmp_path)
    assert {m[0] for m in MISSING} <= {name for name, words in found.items() if words}
    # None was forgotten: every scenario has been seen to fail.
    assert {case[0] for case in (*BROKEN_PROMISES, *MISSING)} == scenarios(PROMISES)


@pytest.mark.parametrize("broken", BROKEN_POLICIES, ids=["all", "among-others", "service"])
def test_policies_that_allow_everything_are_seen(
    own_keys: Plan, tmp_path: Path, broken: list[tuple[str, str, str, Any]]
) -> None:
    plan = own_keys.json
    for _, kind, name, value in broken:
        plan = policy.with_value(plan, kind, name, value)
    found = policy.compliance(plan, LEAST_PRIVILEGE, tmp_path)
    assert {name for name, words in found.items() if words} == {case[0] for case in broken}


def test_every_policy_scenario_is_broken_once() -> None:
    broken = {case[0] for round_ in BROKEN_POLICIES for case in round_}
    assert broken == scenarios(LEAST_PRIVILEGE)
