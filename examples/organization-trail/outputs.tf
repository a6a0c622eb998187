output "log_bucket_account_id" {
  description = "Account that the bucket is in."
  value       = module.log_bucket.account_id
}

output "log_bucket_name" {
  description = "Name of the bucket that the trail writes to."
  value       = module.log_bucket.name
}

output "trail_arn" {
  description = "ARN of the trail."
  value       = module.trail.arn
}
