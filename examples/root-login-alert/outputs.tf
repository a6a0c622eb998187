output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "audit_queue_url" {
  description = "URL of the queue that hears what the topic says."
  value       = aws_sqs_queue.audit.url
}

output "canary_queues" {
  description = "Queues in which the canaries end, by their names: { arn, name, url }."
  value       = module.home.canary_queues
}

output "dead_letter_queues" {
  description = "Queues of the events that were not delivered at home, or not forwarded: { arn, name, url }; the latter null where home is the global Region."
  value = {
    forwarding = one(module.forwarding[*].dead_letter_queue)
    home       = module.event_rules.dead_letter_queue
  }
}

output "forwarding_role_names" {
  description = "Names of the roles that forward, by their patterns."
  value       = { for key, role in merge(module.forwarding[*].roles...) : key => role.name }
}
