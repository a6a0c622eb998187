locals {
  _inspect = "Read the log group ${local._log_group_name}."
  _command = "trailctl validate-logs --trail-arn arn:${local._partition}:cloudtrail:${local._home_region}:${local._account_id}:trail/${var.trail_name} --s3-bucket ${var.bucket_name} --all-regions --start-time <an hour before>"

  _alarms = var.alarm_topic == null ? {} : {
    errors = {
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = { FunctionName = var.name }
      statistic  = "Sum"
      text       = "The digest validation ${var.name} failed to start or to work. It is tried again, then a message is in the queue ${var.name}-failures. ${local._inspect}"
    }
    failures = {
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = "${var.name}-failures" }
      statistic  = "Maximum"
      text       = "The queue ${var.name}-failures holds runs of the digest validation ${var.name} that failed to the last try: their hours are proven by the next run, once the cause is gone. ${local._inspect} Then purge the queue: aws sqs purge-queue --queue-url ${aws_sqs_queue.failures.url}"
    }
    findings = {
      namespace  = "CloudTrailReactor"
      metric     = "Findings"
      dimensions = { service = var.name }
      statistic  = "Sum"
      text       = "Log or digest files of the trail ${var.trail_name} were changed, removed or added, or can't be proven, or files lie where CloudTrail puts none. ${local._inspect} See for yourself: ${local._command}"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} Runbook: docs/runbook.md#digest-validation-${each.key}"
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

# Silence is the worst failure: nothing proven lately, or nobody looking. Each run measures the place
# (account and Region) whose newest proof is oldest, so that a lively one hides no silent one. A run
# proves nothing that is younger than lag_minutes. So if there was no run for the rest of
# stale_minutes, the newest proof is older than that, too.
resource "aws_cloudwatch_metric_alarm" "silence" {
  count = var.alarm_topic == null ? 0 : 1

  alarm_name          = "${var.name}-silence"
  alarm_description   = "For ${var.stale_minutes} minutes nothing of the trail ${var.trail_name} was proven in at least one account and Region (the log says which: oldest proof): no new digest came (is the trail logging? aws cloudtrail get-trail-status --name ${var.trail_name}), or the digest validation ${var.name} does not run (aws scheduler get-schedule --name ${var.name}). ${local._inspect} Runbook: docs/runbook.md#digest-validation-silence"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  tags                = var.tags
  threshold           = var.stale_minutes
  treat_missing_data  = "breaching"

  # One period and FILL: while data is missing, CloudWatch looks further back than it was told to, and
  # old proofs would count.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
  metric_query {
    id          = "silence"
    expression  = "FILL(age, ${var.stale_minutes + 1})"
    label       = "Minutes since the end of the newest proof, in the worst place"
    return_data = true
  }

  metric_query {
    id = "age"

    metric {
      dimensions  = { service = var.name }
      metric_name = "ProofAgeMinutes"
      namespace   = "CloudTrailReactor"
      period      = (var.stale_minutes - var.lag_minutes) * 60
      stat        = "Maximum"
    }
  }
}
