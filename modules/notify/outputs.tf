output "arn" {
  description = "ARN of the function, once its failures are caught."
  value       = module.reaction.arn
}

output "failure_queue" {
  description = "Queue of the events that the function failed on: { arn, name, url }. The url of a queue of one's own is null unless it was given."
  value       = module.reaction.failure_queue
}

output "function_name" {
  description = "Name of the function."
  value       = module.reaction.function_name
}

output "ledger_table" {
  description = "Table that remembers what was done: { arn, name }."
  value       = module.reaction.ledger_table
}

output "log_group" {
  description = "Log group of the function: { arn, name }."
  value       = module.reaction.log_group
}

output "mode" {
  description = "Mode of the guard: dry_run, notify or enforce."
  value       = module.reaction.mode
}

output "operations" {
  description = "What to look at when something is wrong: { alarms, log_groups, parameters, queues, tables }, each a map from its purpose to { arn, name }."
  value       = module.reaction.operations
}

output "policy_json" {
  description = "What the function's role must be allowed, as a policy document: for a role of one's own."
  value       = module.reaction.policy_json
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = module.reaction.role_arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = module.reaction.role_name
}
