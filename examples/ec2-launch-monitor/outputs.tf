output "alert_topic_arn" {
  description = "ARN of the topic that people are told by."
  value       = module.alert_topic.arn
}

output "dead_letter_queue" {
  description = "Queue of the events that EventBridge could not deliver: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}

output "downstream_queue_url" {
  description = "URL of the queue that every launch is put into."
  value       = aws_sqs_queue.downstream.url
}

output "failure_queue" {
  description = "Queue of the events that the guard failed on: { arn, name, url }."
  value       = module.reaction.failure_queue
}

output "function_name" {
  description = "Name of the guard's function."
  value       = module.reaction.function_name
}

output "log_bucket_name" {
  description = "Name of the bucket that the trail writes to."
  value       = module.log_bucket.name
}

output "log_group_name" {
  description = "Log group that the guard writes to: what it did, or would do."
  value       = module.reaction.log_group.name
}

output "trail_name" {
  description = "Name of the trail."
  value       = module.trail.name
}
