"""Every block of Terraform in a module's README is a configuration that plans."""

from __future__ import annotations

import re

import pytest

from scripts.terraform_docs import BEGIN
from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner

pytestmark = pytest.mark.plan

MODULES = (
    "alert-topic",
    "dashboard",
    "digest-validation",
    "event-forwarding",
    "log-archive",
    "log-bucket",
    "log-lifecycle",
    "log-query",
    "log-replication",
    "metric-filters",
    "reconciliation",
    "trail",
)
SOURCE = re.compile(r'"git::https://example\.com/[\w.-]+\.git//modules/([\w-]+)\?ref=v[\d.]+"')


def blocks(module: str) -> list[str]:
    text = (REPOSITORY / "modules" / module / "README.md").read_text(encoding="utf-8")
    usage, _, _types = text.partition(BEGIN)
    return re.findall(r"```hcl\n(.*?)```", usage, re.DOTALL)


# What names a second Region is planned in the module's own tests.
CASES = [
    (module, number)
    for module in MODULES
    for number, block in enumerate(blocks(module))
    if "alias" not in block
]


@pytest.mark.parametrize(("module", "number"), CASES)
def test_a_block_plans_from_a_git_source(tf: Planner, module: str, number: int) -> None:
    block = re.sub(
        r'"20\d\d-\d\d-\d\d"', '"2099-12-31"', blocks(module)[number]
    )  # which will have ended
    local, found = SOURCE.subn(r'"${modules}/\1"', block)
    assert found == len(re.findall(r"^  source +=", local, re.MULTILINE)) > 0
    plan = tf.plan('provider "aws" {}\n' + local)
    assert plan.resources


@pytest.mark.parametrize("module", MODULES)
def test_a_readme_says_what_it_costs(module: str) -> None:
    text = (REPOSITORY / "modules" / module / "README.md").read_text(encoding="utf-8")
    (costs,) = re.findall(r"^## What it costs\n\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert costs.startswith("AWS's list prices in us-east-1, looked up on 20")
    assert re.search(
        r"^\| what \| idle, USD a month \| USD per million (events|messages) \|$", costs, re.M
    )
