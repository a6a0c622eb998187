"""examples/trail, organization-trail and archive: what stands in their plans, what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT
from tests.harness.plans import Planner

pytestmark = pytest.mark.plan

EXAMPLES = Path("examples")
ORGANIZATION = {"organization_id": "o-a1b2c3d4e5"}


def test_the_cheapest_safe_defaults(tf: Planner) -> None:
    """One free copy of management events; nothing that is paid for by the event or gigabyte."""
    plan = tf.plan(EXAMPLES / "trail")
    assert plan.warnings == ()
    trail = plan.one("aws_cloudtrail")
    assert [s["name"] for s in trail["advanced_event_selector"]] == ["Management events"]
    assert trail["insight_selector"] == []
    assert trail["cloud_watch_logs_group_arn"] is None
    assert trail["is_multi_region_trail"] is trail["enable_log_file_validation"] is True
    assert len(plan.of_type("aws_kms_key")) == 1
    assert plan.one("aws_s3_bucket_logging")["target_prefix"] == f"audit-logs-{ACCOUNT}/"
    assert not plan.of_type("aws_cloudwatch_log_group")


def test_a_trail_of_the_whole_organization(tf: Planner) -> None:
    plan = tf.plan(EXAMPLES / "organization-trail", ORGANIZATION)
    assert plan.warnings == ()
    assert plan.one("aws_cloudtrail")["is_organization_trail"] is True
    assert plan.outputs["log_bucket_account_id"] == ACCOUNT


def test_mfa_delete_on_one_side_glacier_on_the_other(tf: Planner) -> None:
    plan = tf.plan(EXAMPLES / "archive")
    lifecycles = list(plan.of_type("aws_s3_bucket_lifecycle_configuration"))
    assert [address.split(".")[1] for address in lifecycles] == ["log_archive"]
    locks = list(plan.of_type("aws_s3_bucket_object_lock_configuration"))
    assert [address.split(".")[1] for address in locks] == ["log_archive"]
    retention = plan.one("aws_s3_bucket_object_lock_configuration")["rule"][0]
    assert retention["default_retention"][0]["mode"] == "GOVERNANCE"
    commands = plan.outputs["mfa_delete_commands"]
    assert f"--bucket audit-logs-{ACCOUNT} " in commands["enable"]


@pytest.mark.parametrize(
    ("example", "bad", "sentence", "more"),
    [
        ("trail", "Audit", "name must be 3 to 30 lower-case letters", {}),
        ("archive", "a" * 31, "name must be 3 to 30 lower-case letters", {}),
        ("organization-trail", "a" * 13, "name must be 3 to 12 lower-case letters", ORGANIZATION),
    ],
)
def test_a_name_that_does_not_fit(
    tf: Planner, example: str, bad: str, sentence: str, more: dict[str, Any]
) -> None:
    assert sentence in tf.plan_error(EXAMPLES / example, {"name": bad, **more})


def test_a_demo_of_the_archive_is_without_mfa_delete(tf: Planner) -> None:
    error = tf.plan_error(EXAMPLES / "archive", {"force_destroy": True})
    assert "force_destroy can't delete versions from a bucket with MFA delete" in error
    tf.plan(EXAMPLES / "archive", {"force_destroy": True, "mfa_delete": False})
