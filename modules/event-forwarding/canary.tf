# Silence is the worst failure: an event of our own goes the way of the others, on schedule, and is
# missed where it ends.
locals {
  _canary_source = "cloudtrail-reactor.canary"
  _sends_canary  = var.canary_schedule != null
  _schedule_name = "${var.name}-canary"
  _canaries = {
    for key, canary in var.canaries : key => {
      account_id = coalesce(canary.account_id, local._account_id)
      region     = coalesce(canary.region, local._region)
    }
  }
  _alarm_arns = [for topic in var.alarm_topic == null ? [] : [var.alarm_topic] : topic.arn]
}

resource "aws_iam_role" "canary" {
  count = local._sends_canary ? 1 : 0

  # IAM's names are the account's: the canary of another Region needs another role. A name with the
  # Region in it would replace the role where the Region is not known yet.
  name_prefix          = substr("${local._schedule_name}-", 0, 38)
  description          = "The schedule ${local._schedule_name} puts the canary on the event bus"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # A single schedule can't be named here, its group can.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "scheduler.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:${local._partition}:scheduler:${local._region}:${local._account_id}:schedule-group/default" }
          StringEquals = { "aws:SourceAccount" = local._account_id }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "canary" {
  count = local._sends_canary ? 1 : 0

  name = "put-events"
  role = aws_iam_role.canary[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "events:PutEvents"
        Resource = local._default_bus
      },
    ]
  })
}

resource "aws_scheduler_schedule" "canary" {
  #checkov:skip=CKV_AWS_297:EventBridge Scheduler encrypts every schedule, and this one holds the canary's name only.
  count = local._sends_canary ? 1 : 0

  name                = local._schedule_name
  description         = "Puts the canary on the event bus"
  schedule_expression = var.canary_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = local._default_bus
    role_arn = aws_iam_role.canary[0].arn
    input    = jsonencode({ name = var.name })

    eventbridge_parameters {
      detail_type = "Canary"
      source      = local._canary_source
    }

    # A late canary is a dead one.
    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 1
    }
  }

  # The first one is sent at once, and has to find its way.
  depends_on = [aws_iam_role_policy.canary, module.rules]
}

# The acknowledgement: SQS itself counts what arrives. Nobody reads the messages.
resource "aws_sqs_queue" "canary" {
  for_each = var.canaries

  name                      = "${var.name}-canary-${each.key}"
  message_retention_seconds = 3600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
resource "aws_cloudwatch_metric_alarm" "canary" {
  for_each = local._canaries

  alarm_name          = "${var.name}-canary-${each.key}"
  alarm_description   = "No canary of account ${each.value.account_id}, ${each.value.region}, arrived in the queue ${var.name}-canary-${each.key} for ${var.canary_silence_minutes} minutes: other events of there may be lost too. Look there at the schedule and the rule canary of event-forwarding (enabled? role?) and at the dead-letter queue: aws sqs receive-message --queue-url <url> --message-attribute-names All; and here at the policy of the event bus: aws events describe-event-bus. Then apply both sides again. Runbook: docs/runbook.md#event-forwarding-canary"
  alarm_actions       = local._alarm_arns
  ok_actions          = local._alarm_arns
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 1
  tags                = var.tags
  threshold           = 1
  treat_missing_data  = "breaching"

  # One period and FILL: while data is missing, CloudWatch looks further back than it was told to, and
  # old canaries would count.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
  metric_query {
    id          = "arrived"
    expression  = "FILL(sent, 0)"
    label       = "Canaries that arrived"
    return_data = true
  }

  metric_query {
    id = "sent"

    metric {
      dimensions  = { QueueName = aws_sqs_queue.canary[each.key].name }
      metric_name = "NumberOfMessagesSent"
      namespace   = "AWS/SQS"
      period      = var.canary_silence_minutes * 60
      stat        = "Sum"
    }
  }
}
