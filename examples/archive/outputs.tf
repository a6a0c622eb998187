output "archive_bucket_name" {
  description = "Name of the bucket that the logs are kept in."
  value       = module.log_archive.name
}

output "log_bucket_name" {
  description = "Name of the bucket that the trail writes to."
  value       = module.log_bucket.name
}

output "mfa_delete_commands" {
  description = "What the root user runs to switch MFA delete: { enable, disable }."
  value       = module.log_bucket.mfa_delete_commands
}

output "mfa_delete_enabled" {
  description = "Whether MFA delete is on, as S3 answers."
  value       = module.log_bucket.mfa_delete_enabled
}

output "replication_role_arn" {
  description = "ARN of the role that the logs are replicated with."
  value       = module.log_replication.role_arn
}

output "trail_arn" {
  description = "ARN of the trail."
  value       = module.trail.arn
}
