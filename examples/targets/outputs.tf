output "dead_letter_queue" {
  description = "Queue of the events that EventBridge could not deliver: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}

output "roles" {
  description = "Roles with which the rules reach their targets, by the rule's key: { arn, name }."
  value       = module.event_rules.roles
}

output "security_statements" {
  description = "Statements (JSON) that the policies of the security account's function (code), topic (people) and queue (work) have to hold."
  value       = { for target in ["code", "people", "work"] : target => module.event_rules.target_policies["trail-tampered/${target}"] }
}
