locals {
  _dead_letter_queue_watched = var.dead_letter_queue == null ? local._dead_letter_queue_name : try(var.dead_letter_queue.name, null)
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count = var.alarm_topic == null ? 0 : 1

  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "The queue ${local._dead_letter_queue_watched} holds events that a rule matched and its target did not get. The message attributes RULE_ARN, TARGET_ARN, ERROR_CODE and ERROR_MESSAGE say which and why: aws sqs receive-message --queue-url <url> --message-attribute-names All. Most often a permission is missing: apply the rules again. Then hand each message's body, the event, to the target."
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
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
      condition     = split(":", var.alarm_topic.arn)[3] == local._region
      error_message = "alarm_topic is in ${split(":", var.alarm_topic.arn)[3]}, and an alarm can only report to a topic of its own Region, ${local._region}: give a topic from there."
    }
  }
}
