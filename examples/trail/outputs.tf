output "access_log_bucket_name" {
  description = "Name of the bucket that tells who read the logs."
  value       = module.log_bucket.access_log_bucket
}

output "log_bucket_name" {
  description = "Name of the bucket that the trail writes to."
  value       = module.log_bucket.name
}

output "log_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log files."
  value       = module.log_bucket.kms_key_arn
}

output "mfa_delete_commands" {
  description = "What the root user runs to switch MFA delete: { enable, disable }."
  value       = module.log_bucket.mfa_delete_commands
}

output "trail_arn" {
  description = "ARN of the trail."
  value       = module.trail.arn
}
