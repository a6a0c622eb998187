output "named_queries" {
  description = "Ids of the saved queries, by table and question."
  value       = module.log_query.named_queries
}

output "policy_arn" {
  description = "ARN of the policy to attach to the roles of those who ask."
  value       = aws_iam_policy.investigate.arn
}

output "results_bucket" {
  description = "Bucket that holds the results: { arn, name }."
  value       = module.log_query.results_bucket
}

output "tables" {
  description = "Names of the tables, as `trailctl replay --athena` takes them."
  value       = module.log_query.tables
}

output "workgroup" {
  description = "Athena's workgroup: { arn, name }."
  value       = module.log_query.workgroup
}
