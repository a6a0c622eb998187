locals {
  _inspect = "Read the log group ${local._log_group_name}."

  _alarms = var.alarm_topic == null ? {} : {
    errors = {
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = { FunctionName = var.name }
      statistic  = "Sum"
      text       = "The reconciliation ${var.name} failed to start or to work. It is tried again, then a message is in the queue ${var.name}-failures. ${local._inspect}"
    }
    failures = {
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = "${var.name}-failures" }
      statistic  = "Maximum"
      text       = "The queue ${var.name}-failures holds runs of the reconciliation ${var.name} that failed to the last try (their hours come with the next run, once the cause is gone), or events that a target did not take: the message attributes TARGET_ARN and ERROR_CODE say which and why. Once the cause is gone: trailctl redrive ${var.name}-failures --function <the function in TARGET_ARN>. ${local._inspect}"
    }
    missed = {
      namespace  = "CloudTrailReactor"
      metric     = "EventsMissed"
      dimensions = { service = var.name }
      statistic  = "Sum"
      text       = "Rules did not see events that the log has. The alert says which and why; what could be redelivered was. All at once: trailctl reconcile --function ${var.name}. Where a rule is disabled or was changed, apply it again. ${local._inspect}"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
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
}

# Silence is the worst failure: nobody compares, or one account and Region is never through.
resource "aws_cloudwatch_metric_alarm" "silence" {
  count = var.alarm_topic == null ? 0 : 1

  alarm_name          = "${var.name}-silence"
  alarm_description   = "The reconciliation ${var.name} did not run for three hours (aws scheduler get-schedule --name ${var.name}), or is more than ${var.stale_minutes} minutes behind the log in at least one account and Region. ${local._inspect}"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
  comparison_operator = "GreaterThanThreshold"
  dimensions          = { service = var.name }
  evaluation_periods  = 1
  metric_name         = "BehindMinutes"
  namespace           = "CloudTrailReactor"
  period              = 10800
  statistic           = "Maximum"
  tags                = var.tags
  threshold           = var.stale_minutes
  treat_missing_data  = "breaching"
}
