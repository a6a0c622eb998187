output "archive" {
  description = "The archive: { arn, event_source_arn, name }, for a replay; null if there is none."
  value       = one([for archive in aws_cloudwatch_event_archive.this : { arn = archive.arn, event_source_arn = archive.event_source_arn, name = archive.name }])
}

output "dead_letter_queue" {
  description = "Queue that gets the events no target took: arn, name, url; owner is this module's name if the module made it."
  value       = local._dead_letter_queue
}

output "operations" {
  description = "What to look at when something is wrong: { alarms, log_groups, queues }, each a map from its purpose to { arn, name }."
  value = {
    alarms = {
      for purpose, alarm in merge(
        { for alarm in aws_cloudwatch_metric_alarm.dead_letters : "dead-letters" => alarm },
        { for alarm in aws_cloudwatch_metric_alarm.dead_letters_age : "dead-letters-age" => alarm },
        { for id, alarm in aws_cloudwatch_metric_alarm.failed_invocations : "failed-invocations-${id}" => alarm },
        ) : purpose => {
        arn  = alarm.arn
        name = alarm.alarm_name
      }
    }
    log_groups = {}
    queues = {
      dead-letters = {
        arn  = local._dead_letter_queue.arn
        name = local._dead_letter_queue.name
      }
    }
  }
}

output "queue_policies" {
  description = "Policy (JSON) of each queue by its name, the dead-letter queue's included: what \"attach\" writes, and what the queue's own policy has to hold with \"emit\"."
  value       = local._queue_policies
}

output "roles" {
  description = "Role with which a rule puts events on other event buses, by the rule's key: { arn, name }."
  value       = { for id, role in aws_iam_role.bus : id => { arn = role.arn, name = role.name } }
}

output "rules" {
  description = "Name and ARN of each rule, by its key in rules; of several patterns, all but \"main\" are under <key>/<pattern>."
  value       = { for key, rule in aws_cloudwatch_event_rule.this : key => { arn = rule.arn, name = rule.name } }
}

output "topic_policies" {
  description = "Statement (JSON) that the policy of each topic among the targets must hold, by <rule>/<target>: the alert-topic module has it, a topic of one's own needs it."
  # No Condition: EventBridge does not support one in a topic's policy.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  value = {
    for id, target in local._targets : id => jsonencode({
      Sid       = "EventBridgePublish"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = target.topic.arn
    }) if target.topic != null
  }
}
