# What a replication rule needs comes out only when the archive can take it: S3 refuses a rule to a
# bucket that is not there, or has no versions.

output "account_id" {
  description = "Account that the archive is in."
  value       = local._account_id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
  depends_on  = [aws_s3_bucket_policy.this]
}

output "key_prefix" {
  description = "Prefix of the logs' keys, or null."
  value       = var.key_prefix
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the archive, made or given."
  value       = local._kms_key_arn
}

output "kms_key_policy" {
  description = "Key policy (JSON) that the archive needs: the own key has it, a given key needs its replication and reader statements."
  value       = local._kms_key_policy
}

output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
  depends_on = [
    aws_s3_bucket_object_lock_configuration.this,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "region" {
  description = "Region that the archive is in."
  value       = local._region
}
