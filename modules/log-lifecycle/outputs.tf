output "rules" {
  description = "Ids of the lifecycle's rules."
  value       = aws_s3_bucket_lifecycle_configuration.this.rule[*].id
}
