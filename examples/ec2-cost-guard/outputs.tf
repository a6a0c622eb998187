output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "audit_bus_name" {
  description = "Event bus that a record of every action goes to."
  value       = aws_cloudwatch_event_bus.audit.name
}

output "dashboard_name" {
  description = "Dashboard of what the guard did and what waits."
  value       = module.dashboard.name
}

output "failure_queue" {
  description = "Queue of the events that the reaction failed on: { arn, name, url }."
  value       = module.reaction.failure_queue
}

output "function_name" {
  description = "Name of the reaction's function."
  value       = module.reaction.function_name
}

output "kill_switch_name" {
  description = "SSM parameter that caps the guard's mode."
  value       = aws_ssm_parameter.kill_switch.name
}

output "log_group_name" {
  description = "Log group that the reaction writes to: what it did, or would do."
  value       = module.reaction.log_group.name
}
