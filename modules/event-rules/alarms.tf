locals {
  _alarmed    = var.alarms == null ? nonsensitive(var.alarm_topic != null) : var.alarms
  _alarm_arns = [for topic in var.alarm_topic == null ? [] : [var.alarm_topic] : "${can(regex(local._mock, topic.arn)) ? local._mock_start : ""}${topic.arn}"]

  _dead_letter_queue_watched = local._own_dead_letter_queue ? local._dead_letter_queue_name : coalesce(var.dead_letter_queue.name, element(split(":", var.dead_letter_queue.arn), 5))
  _read_dead_letters         = "The message attributes RULE_ARN, TARGET_ARN, ERROR_CODE and ERROR_MESSAGE say which and why: aws sqs receive-message --queue-url <url> --message-attribute-names All. Most often a permission is missing: apply the rules again. Then trailctl redrive ${local._dead_letter_queue_watched} sends them to their functions, topics and queues again; a target of another kind is sent each message's body, the event."
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count = local._alarmed ? 1 : 0

  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "The queue ${local._dead_letter_queue_watched} holds events that a rule matched and its target did not get. ${local._read_dead_letters} Runbook: docs/runbook.md#event-rules-dead-letters"
  alarm_actions       = local._alarm_arns
  ok_actions          = local._alarm_arns
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 1
  dimensions          = { QueueName = local._dead_letter_queue_watched }
  evaluation_periods  = 1
  metric_name         = "ApproximateNumberOfMessagesVisible"
  namespace           = "AWS/SQS"
  period              = 300
  statistic           = "Maximum"
  tags                = var.tags
  threshold           = 0
  treat_missing_data  = "notBreaching"

  lifecycle {
    precondition {
      condition     = try(split(":", var.alarm_topic.arn)[3], local._region) == local._region
      error_message = "alarm_topic is in ${try(element(split(":", var.alarm_topic.arn), 3), "?")}, and an alarm can only report to a topic of its own Region, ${local._region}: give a topic from there, or set alarms = true without one and forward the alarms' state changes."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "dead_letters_age" {
  count = local._alarmed ? 1 : 0

  alarm_name          = "${var.name}-dead-letters-age"
  alarm_description   = "An event waits in the queue ${local._dead_letter_queue_watched} for more than ${var.dead_letter_max_age_hours} hours: nobody took care of it, and after the queue's retention it is lost. ${local._read_dead_letters} Runbook: docs/runbook.md#event-rules-dead-letters-age"
  alarm_actions       = local._alarm_arns
  ok_actions          = local._alarm_arns
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 1
  dimensions          = { QueueName = local._dead_letter_queue_watched }
  evaluation_periods  = 1
  metric_name         = "ApproximateAgeOfOldestMessage"
  namespace           = "AWS/SQS"
  period              = 300
  statistic           = "Maximum"
  tags                = var.tags
  threshold           = var.dead_letter_max_age_hours * 3600
  treat_missing_data  = "notBreaching"
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
resource "aws_cloudwatch_metric_alarm" "failed_invocations" {
  for_each = { for id, rule in local._rules : id => rule if local._alarmed && contains(var.failed_invocation_alarms, rule.key) }

  alarm_name          = "${each.value.name}-failed-invocations"
  alarm_description   = "The rule ${each.value.name} matched an event and could not hand it to a target, all attempts counted. The event is in the queue ${local._dead_letter_queue_watched}. ${local._read_dead_letters} Runbook: docs/runbook.md#event-rules-failed-invocations"
  alarm_actions       = local._alarm_arns
  ok_actions          = local._alarm_arns
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 1
  dimensions          = merge({ RuleName = each.value.name }, var.event_bus == null ? {} : { EventBusName = local._bus_name })
  evaluation_periods  = 1
  metric_name         = "FailedInvocations"
  namespace           = "AWS/Events"
  period              = 300
  statistic           = "Sum"
  tags                = var.tags
  threshold           = 0
  treat_missing_data  = "notBreaching"
}
