"""The plan harness itself, on configurations that need none of the modules."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness.plans import Plan, Planner

pytestmark = pytest.mark.plan

SENTENCE = (
    "The name is too long for this queue: use at most four characters, because a sentence longer "
    "than one line of a terminal has to be found whole."
)
QUEUE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" {
  description = "The queue's name."
  type        = string
  default     = "a"

  validation {
    condition     = length(var.name) < 5
    error_message = "@SENTENCE@"
  }
}

data "aws_caller_identity" "me" {}
data "aws_region" "here" {}

resource "aws_sqs_queue" "this" {
  name = var.name
}

output "me" {
  description = "The account."
  value       = "${data.aws_caller_identity.me.account_id} ${data.aws_region.here.id}"
}

output "url" {
  description = "Known after apply."
  value       = aws_sqs_queue.this.url
}
""".replace("@SENTENCE@", SENTENCE)


def test_a_plan_shows_resources_outputs_and_changes(tf: Planner) -> None:
    plan = tf.plan(QUEUE, {"name": "abcd"})
    assert plan.resources["aws_sqs_queue.this"]["values"]["name"] == "abcd"
    assert plan.one("aws_sqs_queue")["name"] == "abcd"
    assert plan.resource_changes["aws_sqs_queue.this"]["change"]["actions"] == ["create"]
    assert plan.outputs == {"me": "100000000001 us-east-1"}
    assert plan.data["data.aws_region.here"]["values"]["id"] == "us-east-1"
    assert plan.warnings == ()


def test_a_plan_can_be_made_for_another_account_and_region(tf: Planner) -> None:
    plan = tf.plan(QUEUE, region="eu-central-1", account="222222222222")
    assert plan.outputs == {"me": "222222222222 eu-central-1"}


def test_a_refusal_is_returned_with_its_sentences_whole(tf: Planner) -> None:
    error = tf.plan_error(QUEUE, {"name": "abcdef"})
    assert SENTENCE in error


def test_a_misspelt_variable_is_no_plan(tf: Planner) -> None:
    assert 'variable named "nam"' in tf.plan_error(QUEUE, {"nam": "x"})


def test_a_plan_that_should_have_failed_is_a_failure(tf: Planner) -> None:
    with pytest.raises(AssertionError, match="should have been refused"):
        tf.plan_error(QUEUE)
    with pytest.raises(AssertionError, match="too long for this queue"):
        tf.plan(QUEUE, {"name": "abcdef"})


def test_a_folder_is_planned_and_the_same_plan_is_made_once(tf: Planner, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(QUEUE)
    first = tf.plan(tmp_path)
    made = first.path.stat().st_mtime_ns
    assert tf.plan(tmp_path).path.stat().st_mtime_ns == made
    (tmp_path / "main.tf").write_text(QUEUE.replace('"a"', '"b"'))
    assert tf.plan(tmp_path).one("aws_sqs_queue")["name"] == "b"


filtered = pytest.mark.skipif("WHOLE_SCHEMA" in os.environ, reason="WHOLE_SCHEMA is set")


@filtered
def test_a_plan_is_the_same_with_all_schemas(tf: Planner, tmp_path: Path) -> None:
    assert tf.provider.short != tf.provider.whole  # it is the default
    whole = replace(tf, shared=tmp_path, provider=replace(tf.provider, short=tf.provider.whole))
    example = Path("examples/ec2-launch-monitor")
    assert shown(tf.plan(example)) == shown(whole.plan(example))
    name = {"name": "Upper"}
    assert tf.plan_error(example, name) == whole.plan_error(example, name)


def shown(plan: Plan) -> dict[str, Any]:
    """The plan but for its time, with the list that Terraform writes in any order sorted."""
    found = {name: value for name, value in plan.json.items() if name != "timestamp"}
    return found | {"relevant_attributes": sorted(map(str, found["relevant_attributes"]))}


@filtered
def test_a_type_that_no_file_names_gets_all_schemas(tf: Planner) -> None:
    kind = "_".join(["aws", "sqs", "queue", "redrive", "policy"])
    text = f'resource "{kind}" "this" {{\n  queue_url = "x"\n  redrive_policy = "{{}}"\n}}\n'
    assert kind not in tf.provider.types
    assert tf.plan(text).one(kind)["queue_url"] == "x"
