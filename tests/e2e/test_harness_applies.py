"""The apply harness itself, on a configuration that needs none of the modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.applies import Applier
from tests.harness.local_aws import LocalAws
from trailctl.terraform import Terraform, TerraformError

pytestmark = pytest.mark.e2e

TOPIC = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "display_name" {
  description = "What changes."
  type        = string
  default     = null
}

data "aws_caller_identity" "me" {}

resource "aws_sns_topic" "this" {
  name         = "topic"
  display_name = var.display_name
}

output "account" {
  description = "The account."
  value       = data.aws_caller_identity.me.account_id
}

output "arn" {
  description = "The topic's ARN."
  value       = aws_sns_topic.this.arn
}
"""


def test_stacks_side_by_side_have_accounts_of_their_own(apply: Applier) -> None:
    first, second = apply.start(TOPIC), apply.start(TOPIC, region="eu-west-1")
    one, two = first.result(), second.result()
    assert one.account != two.account
    assert one.outputs["account"] == one.account
    assert two.outputs["arn"] == f"arn:aws:sns:eu-west-1:{two.account}:topic"
    assert apply(TOPIC) is one
    topics = one.client("sns").list_topics()["Topics"]
    assert topics == [{"TopicArn": one.outputs["arn"]}]


def test_a_stack_changes_and_goes(apply: Applier) -> None:
    stack = apply.fresh(TOPIC)
    stack.client("sns").set_topic_attributes(
        TopicArn=stack.outputs["arn"], AttributeName="DisplayName", AttributeValue="by hand"
    )
    assert stack.changes() == {"aws_sns_topic.this": ["update"]}
    stack.apply({"display_name": "by hand"})
    assert stack.changes() == {}
    assert stack.resources["aws_sns_topic.this"]["values"]["display_name"] == "by hand"
    stack.destroy()
    assert stack.client("sns").list_topics()["Topics"] == []


def test_what_terraform_refuses_is_told_in_its_words(apply: Applier) -> None:
    with pytest.raises(TerraformError, match="Unsupported argument"):
        apply(TOPIC.replace("display_name =", "displayname ="))


def test_an_example_keeps_its_place_beside_the_modules(apply: Applier) -> None:
    stack = apply.start(Path("tests/e2e/fixtures/placed")).result()
    assert stack.outputs["modules"] == ["trail"]


def test_what_takes_too_long_tells_where_the_local_aws_stood(apply: Applier) -> None:
    stack = apply(TOPIC)
    with pytest.raises(TerraformError, match="was ended after") as raised:
        stack.run("plan", timeout=0.01)
    (note,) = raised.value.__notes__
    assert "Current thread" in note or "Thread 0x" in note


def test_what_is_retired_goes_while_others_work(
    terraform: Terraform, local_aws: LocalAws, tmp_path: Path
) -> None:
    applier = Applier(terraform, local_aws, tmp_path, 99)
    stack = applier(TOPIC)
    applier.retire()
    assert applier(TOPIC) is not stack
    applier.close()
    assert stack.destroyed
    assert stack.client("sns").list_topics()["Topics"] == []
