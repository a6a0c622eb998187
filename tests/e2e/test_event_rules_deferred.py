"""modules/event-rules under `depends_on`: what is looked up later replaces nothing."""

from __future__ import annotations

import json

import pytest

from tests.harness.applies import Applier

pytestmark = pytest.mark.e2e

SOURCE = """
variable "generation" {
  type    = string
  default = "1"
}

resource "terraform_data" "network" {
  input = var.generation
}

resource "aws_cloudwatch_event_bus" "central" {
  name = "central-01"
}

module "rules" {
  source  = "${modules}/event-rules"
  name    = "dep"
  archive = { retention_days = 30 }
  rules = {
    launches = {
      pattern = jsonencode({ source = ["aws.ec2"], detail = { eventName = ["RunInstances"] } })
      targets = { central = { bus = aws_cloudwatch_event_bus.central } }
    }
  }
  depends_on = [terraform_data.network]
}

output "archive" { value = module.rules.archive }
output "role" { value = module.rules.roles.launches.name }
"""


def test_a_change_of_what_it_depends_on_replaces_nothing(apply: Applier) -> None:
    """A replaced archive would lose what it holds; a replaced role is another principal."""
    stack = apply(SOURCE)
    before = stack.outputs
    archive = {"ArchiveName": before["archive"]["name"]}
    made = stack.client("events").describe_archive(**archive)["CreationTime"]
    planned = stack.run("plan", "-json", "-var", "generation=2").check().stdout
    lines = [json.loads(line) for line in planned.splitlines()]
    actions = {
        line["change"]["resource"]["addr"]: line["change"]["action"]
        for line in lines
        if line["type"] == "planned_change"
    }
    assert actions["terraform_data.network"] == "update"
    assert {
        address for address, action in actions.items() if action not in ("update", "read")
    } == set()
    stack.apply({"generation": "2"})
    assert stack.outputs == before
    assert stack.client("events").describe_archive(**archive)["CreationTime"] == made
    assert stack.changes() == {}
