"""The AWS provider against what the layer answers: applied, and nothing to change after."""

from __future__ import annotations

import json

import pytest

from tests.harness.applies import Applier

pytestmark = pytest.mark.e2e

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

data "aws_caller_identity" "me" {}

locals {
  account = data.aws_caller_identity.me.account_id
  trail   = "arn:aws:cloudtrail:us-east-1:${local.account}:trail/audit"
}

resource "aws_cloudwatch_event_bus" "hub" {
  name = "hub"
}

resource "aws_cloudwatch_event_bus_policy" "hub" {
  event_bus_name = aws_cloudwatch_event_bus.hub.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "organization"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.hub.arn
      Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-abcdefghij" } }
    }]
  })
}

resource "aws_cloudwatch_event_permission" "spoke" {
  principal    = "444455556666"
  statement_id = "spoke"
}

resource "aws_cloudwatch_event_rule" "reads" {
  name          = "reads"
  event_pattern = jsonencode({ source = ["aws.ec2"] })
  state         = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "dead"
  alarm_description   = "Read the queue & redrive it."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = "dead" }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_s3_bucket" "logs" {
  bucket        = "logs-${local.account}"
  force_destroy = true
}

resource "aws_s3_bucket_request_payment_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  payer  = "BucketOwner"
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_metric" "all" {
  bucket = aws_s3_bucket.logs.id
  name   = "all"
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "all" {
  bucket = aws_s3_bucket.logs.id
  name   = "all"
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 125
  }
}

resource "aws_s3_bucket_analytics_configuration" "all" {
  bucket = aws_s3_bucket.logs.id
  name   = "all"
}

resource "aws_s3_bucket_inventory" "all" {
  bucket                   = aws_s3_bucket.logs.id
  name                     = "all"
  included_object_versions = "All"
  schedule {
    frequency = "Daily"
  }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.logs.arn
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.logs.arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail } }
      },
      {
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/AWSLogs/${local.account}/*"
        Condition = { StringEquals = {
          "aws:SourceArn" = local.trail
          "s3:x-amz-acl"  = "bucket-owner-full-control"
        } }
      },
    ]
  })
}

resource "aws_cloudtrail" "audit" {
  name           = "audit"
  s3_bucket_name = aws_s3_bucket_policy.logs.bucket
  tags           = { team = "blue" }

  insight_selector {
    insight_type = "ApiCallRateInsight"
  }
}

output "bus" {
  description = "The bus with a policy."
  value       = aws_cloudwatch_event_bus.hub.name
}
"""


def test_what_the_layer_answers_is_what_the_provider_wrote(apply: Applier) -> None:
    stack = apply(CONFIGURATION)
    assert stack.changes() == {}
    events = stack.client("events")
    [statement] = json.loads(events.describe_event_bus(Name=stack.outputs["bus"])["Policy"])[
        "Statement"
    ]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    [spoke] = json.loads(events.describe_event_bus()["Policy"])["Statement"]
    assert spoke["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    bucket = f"logs-{stack.account}"
    s3 = stack.client("s3")
    [metric] = s3.list_bucket_metrics_configurations(Bucket=bucket)["MetricsConfigurationList"]
    assert metric["Id"] == "all"
    stack.destroy()
    assert s3.list_buckets()["Buckets"] == []
