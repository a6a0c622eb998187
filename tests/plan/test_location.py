"""modules/location: what is told is known at once, and a Region tells its partition."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import botocore
import pytest

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Planner
from tests.plan.calls import Called, call
from trailctl.terraform import Terraform

pytestmark = pytest.mark.plan

PARTITIONS = json.loads(
    (Path(botocore.__file__).parent / "data" / "partitions.json").read_text(encoding="utf-8")
)["partitions"]


def test_account_and_region_are_looked_up(tf: Planner) -> None:
    assert Called(tf.plan(call("location", {})), "this").shown == {
        "account_id": ACCOUNT,
        "dns_suffix": "amazonaws.com",
        "partition": "aws",
        "region": REGION,
    }


def test_a_call_for_each_of_what_is_not_there_yet_knows_it_too(tf: Planner) -> None:
    """A lookup with conditions of its own would wait for all that the call refers to."""
    plan = tf.plan(
        'provider "aws" {}\n'
        'resource "aws_sqs_queue" "made" {\n  name = "made"\n}\n'
        'module "each" {\n  source = "${modules}/location"\n'
        "  for_each = { one = aws_sqs_queue.made.name }\n}\n"
        'output "told" {\n  value = module.each["one"]\n}\n'
    )
    assert plan.outputs["told"]["account_id"] == ACCOUNT


def test_a_region_tells_its_partition_as_aws_sdks_have_it(tf: Planner) -> None:
    """Against botocore's own table; the provider need not know the Region."""
    regions = {
        region: (partition["id"], partition["outputs"]["dnsSuffix"])
        for partition in PARTITIONS
        for region in partition["regions"]
        if not region.endswith("-global")
    }
    assert len(regions) > 30
    # A lookup in another Region would refuse what is told.
    lone = 'provider "aws" {\n  region = "us-east-1"\n}\n'
    found: dict[str, Any] = {}
    text = "".join(
        f'module "r{i}" {{\n  source = "${{modules}}/location"\n  region = "{region}"\n'
        "  depends_on = [terraform_data.later]\n}\n"
        f'output "r{i}" {{\n  value = module.r{i}\n}}\n'
        for i, region in enumerate(regions)
    )
    plan = tf.plan(lone + 'resource "terraform_data" "later" {}\n' + text)
    for i, region in enumerate(regions):
        shown = Called(plan, f"r{i}").shown
        found[region] = (shown["partition"], shown["dns_suffix"])
        assert shown["region"] == region
    assert found == regions


def test_another_account_or_region_is_refused(tf: Planner) -> None:
    error = tf.plan_error(call("location", {"account_id": "210987654321"}))
    assert f"account_id is 210987654321, and the provider is in the account {ACCOUNT}" in error
    error = tf.plan_error(call("location", {"region": "eu-west-1"}))
    assert f"region is eu-west-1, and the provider is in {REGION}" in error
    assert "account_id must be the 12 digits" in tf.plan_error(
        call("location", {"account_id": "1"})
    )
    assert "region must be a Region such as" in tf.plan_error(call("location", {"region": "x"}))


def test_a_folder_copied_by_itself_lacks_its_neighbours(
    terraform: Terraform, tmp_path: Path
) -> None:
    """So a module is named in the whole repository, or in a copy of all of it."""
    alone = tmp_path / "alone" / "trail"
    shutil.copytree(REPOSITORY / "modules" / "trail", alone)
    told = terraform.run("get", "-no-color", cwd=alone)
    assert told.returncode == 1
    assert "../location" in told.stderr
    beside = tmp_path / "vendor" / "modules"
    for name in ("trail", "location"):
        shutil.copytree(REPOSITORY / "modules" / name, beside / name)
    terraform.run("get", "-no-color", cwd=beside / "trail").check()
