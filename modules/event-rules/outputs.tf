output "dead_letter_queue" {
  description = "Queue that gets the events no target took: arn, name, url; owner is this module's name if the module made it."
  value       = local._dead_letter_queue
}

output "operations" {
  description = "What to look at when something is wrong: { alarms, log_groups, queues }, each a map from its purpose to { arn, name }."
  value = {
    alarms = {
      for alarm in aws_cloudwatch_metric_alarm.dead_letters : "dead-letters" => {
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

output "rules" {
  description = "Name and ARN of each rule, by its key in rules."
  value       = { for key, rule in aws_cloudwatch_event_rule.this : key => { arn = rule.arn, name = rule.name } }
}
