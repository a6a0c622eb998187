output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "checkpoint_table" {
  description = "Table of how far each account and Region is proven: { arn, name }."
  value       = module.digest_validation.checkpoint_table
}

output "function_name" {
  description = "Name of the function that compares log and rules."
  value       = module.reconciliation.function_name
}

output "operations" {
  description = "What to look at when something is wrong, by module."
  value = {
    digest_validation = module.digest_validation.operations
    event_rules       = module.event_rules.operations
    reconciliation    = module.reconciliation.operations
  }
}

output "rules" {
  description = "Name and ARN of each rule."
  value       = module.event_rules.rules
}

output "state_table" {
  description = "Table of how far each account and Region is reconciled: { arn, name }."
  value       = module.reconciliation.state_table
}
