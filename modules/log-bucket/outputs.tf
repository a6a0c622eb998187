# What a trail needs comes out only when CloudTrail may write: without the depends_on, a trail made
# at the same time is refused (InsufficientS3BucketPolicyException).

output "access_log_bucket" {
  description = "Name of the bucket that the access log goes to, or null."
  value       = local._access_log_bucket
}

output "access_log_policy_statement" {
  description = "Statement (JSON) that a given access log bucket needs in its policy; null unless access_log is \"given\"."
  value       = var.access_log == "given" ? jsonencode(local._access_log_write) : null
}

output "account_id" {
  description = "Account that the bucket is in."
  value       = local._account_id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
  depends_on  = [aws_s3_bucket_policy.this]
}

output "key_prefix" {
  description = "Prefix that the trail has to write below, or null."
  value       = var.key_prefix
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the logs, made or given."
  value       = local._kms_key_arn
}

output "kms_key_policy" {
  description = "Key policy (JSON) that the logs need: the own key has it, a given key needs its CloudTrail and reader statements."
  value       = local._kms_key_policy
}

output "mfa_delete_commands" {
  description = "Commands with which the account's root user switches MFA delete, with the device's six digits in place of CODE: { enable, disable }."
  value       = local._mfa_delete_commands
}

output "mfa_delete_enabled" {
  description = "Whether MFA delete is on, as S3 answers."
  value       = local._mfa_delete_enabled

  precondition {
    condition     = !local._lifecycle || !local._mfa_delete_enabled
    error_message = "MFA delete is on for the bucket ${var.name}, and S3 refuses a lifecycle beside it: leave out transitions and expire_after_days, and let the logs age in an archive instead (modules/log-archive, fed by modules/log-replication)."
  }
}

output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
  depends_on = [
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_object_lock_configuration.this,
  ]
}

output "organization_id" {
  description = "Id of the organization whose trail may write, or null."
  value       = var.organization_id
}

output "readable_days" {
  description = "Days for which a log file can be read at once: then it is deleted, or has to be restored (GLACIER, DEEP_ARCHIVE). Null: for ever."
  value       = try(min(concat([for class, days in var.transitions : days if class != "GLACIER_IR"], compact([var.expire_after_days]))...), null)
}

output "region" {
  description = "Region that the bucket is in."
  value       = module.location.region
}

output "trail_name" {
  description = "Name of the only trail that may write to the bucket."
  value       = var.trail_name
}
