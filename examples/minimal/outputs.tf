output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "dead_letter_queue" {
  description = "Queue of the events that were not delivered: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}
