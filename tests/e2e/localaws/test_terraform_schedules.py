"""Terraform's own resources of schedules and archives: applied, and the second plan is empty."""

from __future__ import annotations

import pytest

from tests.harness.applies import Applier
from trailctl.terraform import TerraformError

pytestmark = pytest.mark.e2e

STACK = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "expression" {
  description = "The rule's schedule."
  type        = string
  default     = "cron(0 6 ? * MON-FRI *)"
}

resource "aws_sns_topic" "this" {
  name = "ticks"
}

resource "aws_cloudwatch_event_rule" "this" {
  name                = "tick"
  schedule_expression = var.expression
}

resource "aws_cloudwatch_event_target" "this" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = aws_sns_topic.this.arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "publish" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]
  }
}

resource "aws_iam_role" "this" {
  name               = "scheduler"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "publish"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.publish.json
}

resource "aws_scheduler_schedule_group" "this" {
  name = "checks"
}

resource "aws_scheduler_schedule" "this" {
  name                         = "hourly"
  group_name                   = aws_scheduler_schedule_group.this.name
  schedule_expression          = "cron(5 * * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 10
  }
  target {
    arn      = aws_sns_topic.this.arn
    role_arn = aws_iam_role.this.arn
    input    = jsonencode({ at = "<aws.scheduler.scheduled-time>" })
    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 3
    }
  }
}

data "aws_cloudwatch_event_bus" "default" {
  name = "default"
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = "calls"
  event_source_arn = data.aws_cloudwatch_event_bus.default.arn
  retention_days   = 7
  event_pattern    = jsonencode({ source = ["aws.iam"] })
}
"""


def test_schedules_and_archives_apply_and_stay(apply: Applier) -> None:
    stack = apply(STACK)
    assert stack.changes() == {}
    rule = stack.client("events").describe_rule(Name="tick")
    assert rule["ScheduleExpression"] == "cron(0 6 ? * MON-FRI *)"
    schedule = stack.client("scheduler").get_schedule(Name="hourly", GroupName="checks")
    assert schedule["State"] == "ENABLED"
    assert stack.client("events").describe_archive(ArchiveName="calls")["EventCount"] == 0


def test_terraform_shows_what_is_refused(apply: Applier) -> None:
    with pytest.raises(TerraformError, match="ScheduleExpression is not valid"):
        apply.fresh(STACK, {"expression": "rate(1 minutes)"})
