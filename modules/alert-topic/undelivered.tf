# The last hop: what a subscriber did not take, why, and the alarm on it.

locals {
  # A queue's name has 80 characters at most.
  _undelivered_name = "${substr(var.name, 0, 68)}-undelivered"
  _undelivered_arn  = "arn:${local._partition}:sqs:${local._region}:${local._account_id}:${local._undelivered_name}"

  # SNS writes down failures of these two; of e-mail it tells nothing.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
  _logs_failures   = nonsensitive(length(var.https_subscribers)) + length(var.queue_subscribers) > 0
  _failures_log    = "sns/${local._region}/${local._account_id}/${var.name}/Failure"
  _failures_groups = "arn:${local._partition}:logs:${local._region}:${local._account_id}:log-group:sns/${local._region}/${local._account_id}/${var.name}*"

  # An alarm on this topic's own failures can only reach those subscribers that still hear. It does not
  # tell them that all is well: that message would fail as well and ring the alarm again.
  _alarm_topic_arn = var.alarm_topic == null ? local._topic_arn : var.alarm_topic.arn
  _ok_topic_arns   = [for topic in var.alarm_topic == null ? [] : [var.alarm_topic] : topic.arn]

  _look = "Read why in the log group ${local._failures_log} (of e-mail there is none), and the messages with: aws sqs receive-message --queue-url ${aws_sqs_queue.undelivered.url} --attribute-names All --message-attribute-names All. Mend the subscriber, publish again what still matters, then: aws sqs purge-queue --queue-url ${aws_sqs_queue.undelivered.url}"
  _alarms = {
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    failed = {
      namespace  = "AWS/SNS"
      metric     = "NumberOfNotificationsFailed"
      dimensions = { TopicName = var.name }
      statistic  = "Sum"
      text       = "The topic ${var.name} could not deliver a message to one of its subscribers: somebody was not alerted. ${local._look}"
    }
    undelivered = {
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = local._undelivered_name }
      statistic  = "Maximum"
      text       = "The queue ${local._undelivered_name} holds alerts that a subscriber of the topic ${var.name} never got; they are lost after 14 days. ${local._look}"
    }
  }
}

resource "aws_sqs_queue" "undelivered" {
  name                      = local._undelivered_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  # https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local._undelivered_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "AlertTopic"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local._undelivered_arn
        Condition = { ArnEquals = { "aws:SourceArn" = local._topic_arn } }
      },
    ]
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${substr(each.value.text, 0, 960)} Runbook: docs/runbook.md#alert-topic-${each.key}"
  alarm_actions       = [local._alarm_topic_arn]
  ok_actions          = local._ok_topic_arns
  comparison_operator = "GreaterThanThreshold"
  dimensions          = each.value.dimensions
  evaluation_periods  = 1
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  period              = 300
  statistic           = each.value.statistic
  tags                = var.tags
  threshold           = 0
  treat_missing_data  = "notBreaching"

  depends_on = [aws_sns_topic.this]
}

resource "aws_iam_role" "failures" {
  count = local._logs_failures ? 1 : 0

  name_prefix          = substr("${var.name}-failures-", 0, 38)
  path                 = var.role_path
  description          = "Lets SNS log what the topic ${var.name} could not deliver"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sns.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "failures" {
  count = local._logs_failures ? 1 : 0

  name = "log"
  role = aws_iam_role.failures[0].name

  # SNS makes the log group itself, when the first delivery fails.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "LogFailures"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:PutMetricFilter", "logs:PutRetentionPolicy"]
      Resource = [local._failures_groups]
    }]
  })
}
