# What a trail needs comes out only when CloudTrail may write: without the depends_on, a trail made
# at the same time is refused (InsufficientS3BucketPolicyException).

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
  value       = local._own_kms_key ? aws_kms_key.this[0].arn : var.kms_key_arn
}

output "kms_key_policy" {
  description = "Key policy (JSON) that the logs need: the own key has it, a given key needs its CloudTrail and reader statements."
  value       = local._kms_key_policy
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
  ]
}

output "trail_name" {
  description = "Name of the only trail that may write to the bucket."
  value       = var.trail_name
}
