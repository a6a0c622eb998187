output "central_queue_statement" {
  description = "Statement (JSON) that the policy of the queue in the other account has to hold."
  value       = module.event_rules.target_policies["instance-launched/central"]
}

output "dead_letter_queue" {
  description = "Queue of the events that EventBridge could not deliver: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}

output "roles" {
  description = "Roles with which the rules reach their targets, by the rule's key: { arn, name }."
  value       = module.event_rules.roles
}
