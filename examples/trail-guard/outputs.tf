output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "failure_queue" {
  description = "Queue of the events that the reaction failed on: { arn, name, url }."
  value       = module.reaction.failure_queue
}

output "function_name" {
  description = "Name of the reaction's function."
  value       = module.reaction.function_name
}

output "log_group_name" {
  description = "Log group that the reaction writes to: what it did, or would do."
  value       = module.reaction.log_group.name
}

output "trail_name" {
  description = "Name of the trail that is guarded."
  value       = module.trail.name
}
