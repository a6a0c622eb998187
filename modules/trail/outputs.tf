output "arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.this.arn
}

output "home_region" {
  description = "Region the trail was made in."
  value       = aws_cloudtrail.this.home_region
}

output "log_group" {
  description = "Log group that the events go to, { arn, name }, or null."
  value = var.cloudwatch_logs == "off" ? null : {
    arn  = local._log_group_arn
    name = local._log_group_name
  }
}

output "name" {
  description = "Name of the trail."
  value       = aws_cloudtrail.this.name
}

output "organization_id" {
  description = "Id of the organization whose calls are recorded; null for an account's trail, or where the log_bucket did not bring it."
  value       = var.scope == "organization" ? var.log_bucket.organization_id : null
}

output "role_arn" {
  description = "ARN of the role that delivers to CloudWatch Logs, or null."
  value       = one(aws_iam_role.logs[*].arn)
}
