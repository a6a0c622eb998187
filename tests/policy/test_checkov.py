"""Every example, and the modules with all that they have, before checkov: in one run."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness import policy
from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.harness.tools import tool
from tests.policy.wholes import EVENTS

pytestmark = pytest.mark.plan

# What an example must be given. The others' plans are made for other tests already.
VARIABLES: dict[str, dict[str, Any]] = {
    "complete": {"away_region": "eu-west-1"},
    "digest-validation": {"bucket_name": "logs", "trail_name": "main"},
    "existing-trail": {"trail_log_group_name": "aws-controltower/CloudTrailLogs"},
    "log-query": {"bucket_name": "logs"},
    "multi-region": {"away_region": "eu-west-1", "member_account_ids": ["123456789012"]},
    "nothing-missed": {"bucket_name": "logs", "trail_name": "main"},
    "organization-trail": {"organization_id": "o-a1b2c3d4e5"},
    "targets": {
        "api_key": "key",
        "bucket_name": "events",
        "security": {
            "function_arn": "arn:aws:lambda:us-east-1:210987654321:function:central",
            "queue_arn": "arn:aws:sqs:us-east-1:210987654321:central",
            "topic_arn": "arn:aws:sns:us-east-1:210987654321:central",
        },
        "subnet_ids": ["subnet-1"],
    },
}
CHECKS = Path("tests/policy/fixtures/configurations/checks")
EXAMPLES = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/main.tf"))
SKIP = re.compile(r"#checkov:skip=(\w+)(?::(.*))?")


@pytest.fixture(scope="module")
def plans(tf: Planner, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    found = {name: tf.plan(Path("examples") / name, VARIABLES.get(name, {})) for name in EXAMPLES}
    own_keys = tf.plan(Path("tests/policy/fixtures/own_keys"))
    own_keys = moved(own_keys, looks_like_a_key(tmp_path_factory.mktemp("plans")))
    return {**found, "events": tf.plan(EVENTS), "offered": tf.plan(offered()), "own": own_keys}


def looks_like_a_key(folder: Path) -> Path:
    """A path for a plan in which checkov would see a secret access key: 40 characters in a row."""
    return folder / f"under-{'x' * 35}" / "plan.json"


def moved(plan: Plan, path: Path) -> Plan:
    """The plan at another path."""
    path.parent.mkdir()
    return replace(plan, path=Path(shutil.copyfile(plan.path, path)))


def offered() -> str:
    """The commented options of examples/trail, switched on."""
    main = (REPOSITORY / "examples" / "trail" / "main.tf").read_text(encoding="utf-8")
    option = re.compile(r"^  # (?=(?: *[a-z_]+ +=| *[a-z-]+ += \{| *\}))", re.MULTILINE)
    # Object Lock and MFA delete stand for each other, and so do MFA delete and a lifecycle.
    text = option.sub("  ", main).replace("  mfa_delete = true\n", "")
    assert "data_events" in text
    assert "# data_events" not in text
    variables = (REPOSITORY / "examples/trail/variables.tf").read_text(encoding="utf-8")
    return 'provider "aws" {}\n' + text.replace('"../../modules/', '"${modules}/') + variables


def test_checkov_finds_nothing(plans: dict[str, Plan], tmp_path: Path) -> None:
    checked = policy.checkov(*plans.values(), folder=tmp_path)
    assert checked.failed == ()
    assert checked.passed > 20 * len(plans)  # it did look, at all of them
    assert {line.split()[0] for line in checked.skipped} <= {check for check, _ in skips()}


def test_checkov_is_given_all_that_it_reads(plans: dict[str, Plan]) -> None:
    """A newer checkov may read more of a plan than this one."""
    folder = Path(tool("policy", "checkov")[0]).parent.parent
    [source] = folder.glob("lib/python*/site-packages/checkov/terraform/plan_parser.py")
    asked = set(re.findall(r"template\.get\(['\"](\w+)", source.read_text(encoding="utf-8")))
    assert asked == {"configuration", "planned_values", "resource_changes"}
    given = policy.read_by_checkov(plans["trail"].json)
    whole = plans["trail"].json
    assert {name: given[name] == whole[name] for name in asked} == {
        **dict.fromkeys(asked, True),
        "configuration": False,  # of which it reads providers and resources
    }


def test_offered_options_are_in_the_plan(plans: dict[str, Plan]) -> None:
    kinds = {resource["type"] for resource in plans["offered"].resources.values()}
    assert {"aws_cloudwatch_log_group", "aws_s3_bucket_lifecycle_configuration"} <= kinds


def test_checkov_finds_what_is_broken(plans: dict[str, Plan], tf: Planner, tmp_path: Path) -> None:
    trail, events = plans["ec2-launch-monitor"], plans["events"]
    cases = [
        (trail, ("aws_cloudtrail", "enable_log_file_validation")),
        (events, ("aws_sqs_queue", "sqs_managed_sse_enabled")),
    ]
    broken = []
    for number, (plan, (kind, name)) in enumerate(cases):
        path = tmp_path / f"plan-{number}.json"
        case = policy.with_value(plan.json, kind, name, False)
        path.write_text(json.dumps(case), encoding="utf-8")
        broken.append(Plan(path, plan.folder, ()))
    found = policy.checkov(*broken, tf.plan(CHECKS), folder=tmp_path).failed
    failed = {tuple(line.split(": ")[0].split()) for line in found}
    modules = {check for check, address in failed if address.startswith("module.")}
    assert modules == {"CKV_AWS_36", "CKV_AWS_27", "CKV2_CTR_6"}
    # Beside built-in checks, which find more in a configuration that holds faults only.
    marked = policy.expected_failures(REPOSITORY / CHECKS / "main.tf", text_too=False)
    own = {one for one in failed if one[0].startswith("CKV2_CTR_") and "module." not in one[1]}
    assert own == {(check, address) for address, checks in marked.items() for check in checks}


def test_every_skip_says_why() -> None:
    found = skips()
    assert found
    assert [(check, why) for check, why in found if len(why.strip()) < 10] == []


def skips() -> list[tuple[str, str]]:
    """What is skipped, and why."""
    return [
        pair
        for kind in ("examples", "modules")
        for path in sorted(REPOSITORY.glob(f"{kind}/**/*.tf"))
        for pair in SKIP.findall(path.read_text(encoding="utf-8"))
    ]
