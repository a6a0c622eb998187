output "arn" {
  description = "ARN of the hub's event bus: a spoke takes this module whole as its hub_bus."
  value       = local._hub_bus_arn
}

output "bus_policy_statements" {
  description = "Statements (JSON of a list) that admit account_ids and organization_id, for the writer of the bus's policy."
  value       = jsonencode(local._bus_policy_statements)
}

output "canary_queues" {
  description = "Queue in which each canary ends, by its key: { arn, name, url }."
  value       = { for key, queue in aws_sqs_queue.canary : key => { arn = queue.arn, name = queue.name, url = queue.url } }
}

output "dead_letter_queue" {
  description = "Queue of the events that were not forwarded: { arn, name, url }; null if there are no rules."
  value       = one(module.rules[*].dead_letter_queue)
}

output "forwarded" {
  description = "What a spoke forwards, as reconciliation takes it: { account_ids, patterns, read_only_patterns, regions }; a hub's is null."
  value = !local._is_spoke ? null : {
    account_ids        = [local._account_id]
    patterns           = local._patterns
    read_only_patterns = var.read_only_patterns
    regions            = [local._region]
  }
}

output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
  value = {
    alarms = merge(
      { for key, alarm in aws_cloudwatch_metric_alarm.canary : "canary-${key}" => { arn = alarm.arn, name = alarm.alarm_name } },
      module.rules[*].operations.alarms...
    )
    functions  = {}
    log_groups = {}
    parameters = {}
    queues = merge(
      { for key, queue in aws_sqs_queue.canary : "canary-${key}" => { arn = queue.arn, name = queue.name } },
      module.rules[*].operations.queues...
    )
    schedules = {
      for schedule in aws_scheduler_schedule.canary : "canary" => {
        arn  = schedule.arn
        name = schedule.name
      }
    }
    tables = {}
  }
}

output "roles" {
  description = "Role with which each rule puts events on the hub's bus, by the rule's key: { arn, name }."
  value       = merge(module.rules[*].roles...)
}

output "rules" {
  description = "Name and ARN of each rule, by the key of its pattern (a spoke's), or `canary-<key>` (a hub's)."
  value       = merge(module.rules[*].rules...)
}
