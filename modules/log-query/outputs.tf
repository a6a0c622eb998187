output "database" {
  description = "Name of the database in Glue's catalog."
  value       = aws_glue_catalog_database.this.name
}

output "named_queries" {
  description = "Ids of the saved queries, by table and question, as in \"cloudtrail/access-key\"."
  value       = { for key, query in aws_athena_named_query.this : key => query.id }
}

output "policy_json" {
  description = "Policy (JSON) that lets a role ask: attach it to the roles of those who investigate, and to no other."
  value       = local._policy
}

output "results_bucket" {
  description = "Bucket that holds the results: { arn, name }."
  value       = { arn = local._results_arn, name = local._results_bucket }
  depends_on  = [aws_s3_bucket_policy.results]
}

output "tables" {
  description = "Names of the tables with their database, as `trailctl replay --athena` takes them, by their keys in logs; those of Insights end with _insights."
  value       = { for name, table in aws_glue_catalog_table.this : name => "${table.database_name}.${table.name}" }
}

output "workgroup" {
  description = "Athena's workgroup: { arn, name }."
  value       = { arn = aws_athena_workgroup.this.arn, name = aws_athena_workgroup.this.name }
}
