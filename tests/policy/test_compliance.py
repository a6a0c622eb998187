"""Every example before terraform-compliance, and terraform-compliance before broken plans."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from policy.audit import FEATURES
from tests.harness import policy
from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner
from tests.policy.test_checkov import EXAMPLES, VARIABLES
from tests.policy.wholes import plan_whole
from trailctl.terraform import run_limited

pytestmark = pytest.mark.plan

PARTS = FEATURES / "parts"
WHOLE = FEATURES / "whole"
MONITOR = "ec2-launch-monitor"
# These examples are a part of what has been set up elsewhere, and have no rule or no trail.
OF_A_PART = (
    "archive",
    "digest-validation",
    "existing-trail",
    "log-query",
    "multi-region",
    "nothing-missed",
    "organization-trail",
    "sqs-fanout",
    "targets",
    "trail",
)


@pytest.fixture(scope="module")
def plans(tf: Planner) -> dict[str, dict[str, Any]]:
    """The examples', that of keys which are given, and that of all that the modules can do."""
    found = {name: tf.plan(Path("examples") / name, VARIABLES.get(name, {})) for name in EXAMPLES}
    found["own-keys"] = tf.plan(Path("tests/policy/fixtures/own_keys"))
    found["whole"] = plan_whole(tf)
    return {name: plan.json for name, plan in found.items()}


@pytest.fixture(scope="module")
def judged(
    plans: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, policy.Judged]:
    return policy.compliance(plans, FEATURES, tmp_path_factory.mktemp("judged"))


def scenarios(features: Path) -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in features.glob("*.feature")]
    found = re.findall(r"^  Scenario: (.+)$", "\n".join(texts), re.MULTILINE)
    assert len(found) == len(set(found)), "two scenarios have one name"
    return set(found)


def test_no_example_fails_and_every_scenario_judges_some(judged: dict[str, policy.Judged]) -> None:
    parts = scenarios(PARTS)
    found = {
        name: {scenario: words for scenario, words in one.failed.items() if scenario in parts}
        for name, one in judged.items()
    }
    assert found == {name: {} for name in judged}
    assert {*EXAMPLES} < {*judged}
    assert parts <= set().union(*(one.passed for one in judged.values()))


def test_an_example_that_stands_alone_has_a_log_and_a_reaction(
    judged: dict[str, policy.Judged],
) -> None:
    whole = scenarios(WHOLE)
    lacking = {name for name in EXAMPLES if whole & {*judged[name].failed}}
    assert lacking == {*OF_A_PART}
    assert all(whole <= judged[name].passed for name in {*EXAMPLES} - lacking)


def statements(action: str | list[str], **more: Any) -> str:
    """A policy whose second statement is the bad one: the tool must read them all."""
    harmless = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    bad = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [harmless, bad]})


# Plan, scenario, type, argument, and the value that breaks it, or LEFT_OUT for no such resource.
# What breaks two scenarios has two rows. A plan is broken by all rows of its key at once.
LEFT_OUT = object()
_S3 = "aws_s3_bucket_server_side_encryption_configuration"
_PUBLIC = "aws_s3_bucket_public_access_block"
_EVENT = "aws_cloudwatch_event_rule"
BROKEN: dict[str, list[tuple[str, str, str, Any]]] = {
    "own-keys": [
        ("Trails are switched on", "aws_cloudtrail", "enable_logging", False),
        ("Calls are logged", "aws_cloudtrail", "enable_logging", False),
        (
            "Trails sign digests of their log files",
            "aws_cloudtrail",
            "enable_log_file_validation",
            False,
        ),
        ("Trails cover every Region", "aws_cloudtrail", "is_multi_region_trail", False),
        ("Trails record global services", "aws_cloudtrail", "include_global_service_events", False),
        ("The trail's logs are encrypted with a key", "aws_cloudtrail", "kms_key_id", None),
        (
            "Buckets are encrypted",
            _S3,
            "rule",
            [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "none"}]}],
        ),
        (
            "Buckets keep every version",
            "aws_s3_bucket_versioning",
            "versioning_configuration",
            [{"status": "Suspended"}],
        ),
        ("Buckets refuse public ACLs", _PUBLIC, "block_public_acls", False),
        ("Buckets refuse public policies", _PUBLIC, "block_public_policy", False),
        ("Buckets refuse public access", _PUBLIC, "restrict_public_buckets", False),
        (
            "Queues without a key of their own are encrypted with SQS's",
            "aws_sqs_queue",
            "sqs_managed_sse_enabled",
            False,
        ),
        (
            "Events that failed are kept for 14 days",
            "aws_sqs_queue",
            "message_retention_seconds",
            345600,
        ),
        ("Topics are encrypted with a key", "aws_sns_topic", "kms_master_key_id", None),
        (
            "Functions send their failures on",
            "aws_lambda_function_event_invoke_config",
            "destination_config",
            [],
        ),
        (
            "Targets have a queue for what can't be delivered",
            "aws_cloudwatch_event_target",
            "dead_letter_config",
            [],
        ),
        (
            "Functions may be called only by a source that is named",
            "aws_lambda_permission",
            "source_arn",
            None,
        ),
        (
            "Logs of functions and rules are kept for a year",
            "aws_cloudwatch_log_group",
            "retention_in_days",
            30,
        ),
        ("Alarms tell somebody", "aws_cloudwatch_metric_alarm", "alarm_actions", []),
        ("Alarms are switched on", "aws_cloudwatch_metric_alarm", "actions_enabled", False),
        (
            "Tables can be restored",
            "aws_dynamodb_table",
            "point_in_time_recovery",
            [{"enabled": False}],
        ),
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
    "own-keys, among others": [
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
        ("Every bucket says how it is encrypted", _S3, "", LEFT_OUT),
        (
            "Functions that no queue feeds say what becomes of their failures",
            "aws_lambda_function_event_invoke_config",
            "",
            LEFT_OUT,
        ),
    ],
    "own-keys, of a service": [
        (
            "Roles don't allow all of a service",
            "aws_iam_role_policy",
            "policy",
            statements(["ec2:CreateTags", "ec2:*"]),
        ),
    ],
    MONITOR: [
        ("Keys are rotated", "aws_kms_key", "enable_key_rotation", False),
        ("Keys can be rescued for 30 days", "aws_kms_key", "deletion_window_in_days", 7),
        ("Calls are logged", "aws_cloudtrail", "", LEFT_OUT),
        (
            "Rules match calls that CloudTrail has logged",
            _EVENT,
            "event_pattern",
            '{"source": ["aws.health"]}',
        ),
        ("What a rule matches goes somewhere", "aws_cloudwatch_event_target", "", LEFT_OUT),
        ("People are told", "aws_sns_topic", "", LEFT_OUT),
        ("Events that can't be delivered are kept", "aws_sqs_queue", "", LEFT_OUT),
        ("Alarms watch all of that", "aws_cloudwatch_metric_alarm", "", LEFT_OUT),
    ],
}


def broken(plan: Mapping[str, Any], rows: list[tuple[str, str, str, Any]]) -> dict[str, Any]:
    document = dict(plan)
    for _, kind, name, value in rows:
        if value is LEFT_OUT:
            document = policy.without(document, kind)
        else:
            document = policy.with_value(document, kind, name, value)
    return document


def test_what_is_broken_fails_and_nothing_else(
    plans: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    cases = {name: broken(plans[name.partition(",")[0]], rows) for name, rows in BROKEN.items()}
    found = policy.compliance(cases, FEATURES, tmp_path)
    failed = {name: {*one.failed} for name, one in found.items()}
    assert failed == {name: {row[0] for row in rows} for name, rows in BROKEN.items()}


def test_every_scenario_is_broken_once() -> None:
    rows = {row[0] for rows in BROKEN.values() for row in rows}
    assert rows == scenarios(PARTS) | scenarios(WHOLE)


def audit(plan: Path, *arguments: str, folder: Path) -> tuple[int, str]:
    """The guide's line, where a module call has brought this repository."""
    (line,) = re.findall(
        r"^\.terraform/modules/trail/(policy/audit\.py) plan\.json$",
        (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    done = run_limited(
        [str(REPOSITORY / line), str(plan), *arguments],
        cwd=folder,
        environment=policy.environment(folder),
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_guides_line_judges_a_plan_as_terraform_prints_it(tf: Planner, tmp_path: Path) -> None:
    plan = tf.plan(Path("examples") / MONITOR)
    report = tmp_path / "report.xml"
    code, said = audit(plan.path, "--whole", f"--junit-xml={report}", folder=tmp_path)
    assert (code, "0 failed" in said) == (0, False), said
    assert report.is_file()
    wrong = policy.with_value(plan.json, "aws_cloudtrail", "enable_logging", False)
    (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    code, said = audit(tmp_path / "wrong.json", folder=tmp_path)
    assert code == 1
    assert "aws_cloudtrail" in said


def test_what_is_no_plan_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    code, said = audit(tmp_path / "plan.json", folder=tmp_path)
    assert (code, said.count("\n")) == (2, 1)
    assert "terraform show -json" in said
