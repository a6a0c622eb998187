"""The README's usage is not only read: it is planned."""

from __future__ import annotations

import re

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner

pytestmark = pytest.mark.plan

GIT = re.compile(r'"git::https://example\.com/[\w.-]+\.git//modules/([\w-]+)\?ref=v[\d.]+"')


def test_the_usage_in_the_readme_plans(tf: Planner) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (usage,) = re.findall(r"```hcl\n(.*?)```", text, re.DOTALL)
    local, found = GIT.subn(r'"${modules}/\1"', usage)
    assert found == usage.count("source ")
    plan = tf.plan('provider "aws" {}\n' + local)
    kinds = {address.rpartition(".")[0].rpartition(".")[2] for address in plan.resources}
    assert {"aws_cloudtrail", "aws_cloudwatch_event_target", "aws_lambda_function"} <= kinds
