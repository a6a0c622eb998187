output "archive" {
  description = "The archive: { arn, event_source_arn, name }, for a replay; null if there is none."
  value       = one([for archive in values(aws_cloudwatch_event_archive.this) : { arn = archive.arn, event_source_arn = archive.event_source_arn, name = archive.name }])
}

output "dead_letter_queue" {
  description = "Queue that gets the events no target took: arn, name, url; owner is this module's name if the module made it."
  value       = local._dead_letter_queue
}

output "deployed" {
  description = "The rules that see events, as a reconciliation module takes them (this module whole): { rules }, by their keys in the output rules, each { arn, pattern, read_only_events, targets }. Rules that are not enabled are left out."
  value = {
    rules = {
      for id, rule in local._rules : id => {
        arn              = local._rule_arns[id]
        pattern          = local._minified[id]
        read_only_events = var.rules[rule.key].read_only_events
        targets = {
          for key, target in local._targets : target.key => {
            arn   = local._target_arns[key]
            input = try(local._inputs[key], null)
            input_transformer = nonsensitive(target.transformer == null) ? null : {
              input_paths    = target.transformer.input_paths
              input_template = local._templates[key]
            }
            kms_key_arn = one([
              for arn in [try(coalesce(target.topic.kms_master_key_id), coalesce(target.queue.kms_master_key_id), "")] : arn if can(regex(":key/", arn))
            ])
          } if target.rule_id == id
        }
      } if rule.schedule == null && var.rules[rule.key].enabled
    }
  }

  # What is said to be deployed is.
  depends_on = [aws_cloudwatch_event_rule.this]
}

output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
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
    functions  = {}
    log_groups = {}
    parameters = {}
    queues = {
      dead-letters = {
        arn  = local._dead_letter_queue.arn
        name = local._dead_letter_queue.name
      }
    }
    schedules = {}
    tables    = {}
  }
}

output "queue_policies" {
  description = "Policy (JSON) of each queue by its name, the dead-letter queue's included: what \"attach\" writes, and what the queue's own policy has to hold with \"emit\"."
  value       = local._queue_policies
}

output "roles" {
  description = "Role with which a rule reaches targets that need one, by the rule's key: { arn, name }."
  value       = { for id, role in aws_iam_role.this : id => { arn = role.arn, name = role.name } }
}

output "rules" {
  description = "Name and ARN of each rule, by its key in rules; of several patterns, all but \"main\" are under `<key>/<pattern>`."
  value       = { for key, rule in aws_cloudwatch_event_rule.this : key => { arn = rule.arn, name = rule.name } }
}

output "target_policies" {
  description = "Statement (JSON) that a target's own policy must hold and that this module does not write, by `<rule>/<target>`: of each topic (the alert-topic module has it), and of whatever is in another account."
  # No Condition on a topic: EventBridge does not support one in a topic's policy.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
  value = {
    for id, target in local._targets : id => jsonencode({
      Sid       = "EventBridgeRules-${local._sid}"
      Effect    = "Allow"
      Principal = { for type in [target.cross_account ? "AWS" : "Service"] : type => target.cross_account ? local._role_arns[target.rule_id] : "events.amazonaws.com" }
      Action    = local._kinds[target.kind].actions[0]
      Resource  = local._target_arns[id]
    }) if target.kind == "topic" || target.cross_account && target.kind != null
  }
}
