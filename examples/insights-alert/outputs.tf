output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "audit_queue_url" {
  description = "URL of the queue that hears what the topic says."
  value       = aws_sqs_queue.audit.url
}

output "dead_letter_queue" {
  description = "Queue of the events that EventBridge could not deliver: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}
