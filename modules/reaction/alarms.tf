locals {
  _inspect = "Read the log group ${local._log_group_name}."

  _alarms = var.alarm_topic == null ? {} : { for key, alarm in local._possible_alarms : key => alarm if alarm != null }

  _possible_alarms = {
    budget-spent = local._budget == -1 ? null : {
      namespace  = "CloudTrailReactor"
      metric     = "BudgetSpent"
      dimensions = { service = var.name }
      statistic  = "Sum"
      text       = "The reaction ${var.name} has taken its actions of this hour (${local._budget}, or the share of one principal), and only notifies until the hour is over; then it takes up what it held back. Find out in the log whether it runs wild or there is much to react to; raise actions_per_hour, or stop it with the kill switch. ${local._inspect}"
    }
    errors = {
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = { FunctionName = var.name }
      statistic  = "Sum"
      text       = "The reaction ${var.name} failed on an event. Lambda tries it ${var.max_retries} more time(s), then puts it into the queue ${local._failure_queue_name}. ${local._inspect}"
    }
    events-lost = {
      namespace  = "AWS/Lambda"
      metric     = "DestinationDeliveryFailures"
      dimensions = { FunctionName = var.name }
      statistic  = "Sum"
      text       = "An event that the reaction ${var.name} failed on could not be put into the queue ${local._failure_queue_name}: it is lost there. Check the queue's policy and key, then look the event up in CloudTrail. ${local._inspect}"
    }
    failure-queue = {
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = local._failure_queue_name }
      statistic  = "Maximum"
      text       = "The queue ${local._failure_queue_name} holds events that the reaction ${var.name} failed on to the last try: nothing was done about them. ${local._inspect} Then send them to the function again: trailctl redrive ${local._failure_queue_name}"
    }
    kill-switch = var.kill_switch == null ? null : {
      namespace  = "CloudTrailReactor"
      metric     = "KillSwitchUnreadable"
      dimensions = { service = var.name }
      statistic  = "Sum"
      text       = "The reaction ${var.name} can't read its kill switch, the SSM parameter ${var.kill_switch.name}, or the value is no mode: it touches nothing and only notifies. Set the parameter to enforce, notify or dry_run. ${local._inspect}"
    }
    kill-switch-thrown = var.kill_switch == null || var.guard.mode == "dry_run" ? null : {
      namespace  = "CloudTrailReactor"
      metric     = "KillSwitchThrown"
      dimensions = { service = var.name }
      statistic  = "Sum"
      text       = "The kill switch, the SSM parameter ${coalesce(try(var.kill_switch.name, null), "-")}, is thrown: the reaction ${var.name} does less than its mode says. If nobody of you threw it, find out in CloudTrail who called PutParameter, and set it to enforce. ${local._inspect}"
    }
    refused = var.guard.mode == "dry_run" ? null : {
      namespace  = "CloudTrailReactor"
      metric     = "ActionsRefused"
      dimensions = { service = var.name }
      statistic  = "Sum"
      text       = "The reaction ${var.name} refused to act on events: they are older than act_within_seconds, or of an account or Region that it has no way to. Raise the limit, or deploy modules/reaction-member-role there and give its name as member_role, or leave those events out of the rule. ${local._inspect}"
    }
    throttles = {
      namespace  = "AWS/Lambda"
      metric     = "Throttles"
      dimensions = { FunctionName = var.name }
      statistic  = "Sum"
      text       = "The reaction ${var.name} is throttled: its events wait, for ${floor(var.max_event_age_seconds / 60)} minutes at most, then go to the queue ${local._failure_queue_name}. Raise the account's concurrency or the function's reserved_concurrency."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} Runbook: docs/runbook.md#reaction-${each.key}"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 1
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
