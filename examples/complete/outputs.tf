output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "audit_queue_url" {
  description = "URL of the queue that keeps what people were told."
  value       = aws_sqs_queue.audit.url
}

output "kill_switch_name" {
  description = "Name of the parameter that stops every reaction."
  value       = aws_ssm_parameter.kill_switch.name
}

output "operations" {
  description = "What to look at when something is wrong, by module."
  value       = local._operations
}

output "reactions" {
  description = "By guard: { alert_topic_arn, failure_queue, function_name, log_group_name }."
  value = { for key, reaction in module.reaction : key => {
    alert_topic_arn = module.alert_topic.arn
    failure_queue   = reaction.failure_queue
    function_name   = reaction.function_name
    log_group_name  = reaction.log_group.name
  } }
}

output "rules" {
  description = "Rules at home by key: { arn, name }."
  value       = module.event_rules.rules
}
