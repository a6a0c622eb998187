"""The trail's examples before checkov, with all options and without; skips say why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.harness import policy
from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner

pytestmark = pytest.mark.plan

EXAMPLES: dict[str, dict[str, Any]] = {
    "archive": {},
    "organization-trail": {"organization_id": "o-a1b2c3d4e5"},
    "trail": {},
}
MODULES = ("log-archive", "log-bucket", "log-lifecycle", "log-replication", "trail")
SKIP = re.compile(r"#checkov:skip=(\w+)(?::(.*))?")


@pytest.mark.parametrize("example", EXAMPLES)
def test_checkov_finds_nothing(tf: Planner, tmp_path: Path, example: str) -> None:
    plan = tf.plan(Path("examples") / example, EXAMPLES[example])
    checked = policy.checkov(plan, tmp_path)
    assert checked.failed == ()
    assert checked.passed > 30  # it did look
    # What is skipped is skipped in the modules, with a reason; nothing is skipped in an example.
    reasons = skips()
    assert {line.split()[0] for line in checked.skipped} <= reasons.keys()
    text = "".join(p.read_text(encoding="utf-8") for p in Path(plan.folder).glob("*.tf"))
    assert not SKIP.findall(text)


def test_every_skip_says_why() -> None:
    found = skips()
    assert found
    assert {check: why for check, why in found.items() if len(why) < 20} == {}


def test_what_the_example_offers_is_clean_too(tf: Planner, tmp_path: Path) -> None:
    """The commented options of examples/trail, switched on."""
    main = (REPOSITORY / "examples" / "trail" / "main.tf").read_text(encoding="utf-8")
    offered = re.compile(r"^  # (?=(?: *[a-z_]+ +=| *[a-z-]+ += \{| *\}))", re.MULTILINE)
    # Object Lock and MFA delete stand for each other, and so do MFA delete and a lifecycle.
    text = offered.sub("  ", main).replace("  mfa_delete = true\n", "")
    assert "data_events" in text
    assert "# data_events" not in text
    variables = (REPOSITORY / "examples/trail/variables.tf").read_text(encoding="utf-8")
    text = 'provider "aws" {}\n' + text.replace('"../../modules/', '"${modules}/') + variables
    plan = tf.plan(text)
    kinds = {resource["type"] for resource in plan.resources.values()}
    assert {"aws_cloudwatch_log_group", "aws_s3_bucket_lifecycle_configuration"} <= kinds
    assert policy.checkov(plan, tmp_path).failed == ()


def skips() -> dict[str, str]:
    """Check to reason, of all skips in the modules that the examples use."""
    return {
        check: why.strip()
        for module in MODULES
        for path in sorted((REPOSITORY / "modules" / module).glob("*.tf"))
        for check, why in SKIP.findall(path.read_text(encoding="utf-8"))
    }
