output "audit_queue_url" {
  description = "URL of the queue that hears what the topic says."
  value       = aws_sqs_queue.audit.url
}

output "away_dead_letter_queue" {
  description = "Queue, in the second Region, of the events that were not forwarded: { arn, name, url }."
  value       = module.away.dead_letter_queue
}

output "canary_queues" {
  description = "Queues in which the canaries end, by their names: { arn, name, url }."
  value       = module.hub.canary_queues
}

output "hub_bus_arn" {
  description = "ARN of the bus that members send to: their variable hub_bus_arn."
  value       = module.hub.arn
}

output "rules" {
  description = "Rules at home by key: { arn, name }."
  value       = module.event_rules.rules
}
