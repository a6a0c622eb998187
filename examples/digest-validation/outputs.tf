output "alert_topic_arn" {
  description = "ARN of the topic that alerts go to."
  value       = module.alert_topic.arn
}

output "checkpoint_table" {
  description = "Table of how far each account and Region is proven: { arn, name }."
  value       = module.digest_validation.checkpoint_table
}

output "function_name" {
  description = "Name of the function."
  value       = module.digest_validation.function_name
}

output "log_group_name" {
  description = "Log group of the function."
  value       = module.digest_validation.log_group.name
}

output "operations" {
  description = "What to look at when something is wrong."
  value       = module.digest_validation.operations
}
