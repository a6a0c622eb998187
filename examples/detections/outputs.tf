output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "audit_queue_url" {
  description = "URL of the queue that keeps what was told."
  value       = aws_sqs_queue.audit.url
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

output "sequences" {
  description = "Ids of the sequences of detections that are found."
  value       = keys(module.detections.sequences)
}
