output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "coverage" {
  description = "What is watched, as a Markdown table."
  value       = module.detections.coverage_markdown
}

output "dead_letter_queue" {
  description = "Queue of the events that EventBridge could not deliver: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}

output "downstream_queue_url" {
  description = "URL of the queue that every event is put into."
  value       = aws_sqs_queue.downstream.url
}
