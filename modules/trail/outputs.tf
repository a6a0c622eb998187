output "arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.this.arn
}

output "home_region" {
  description = "Region the trail was made in."
  value       = aws_cloudtrail.this.home_region
}

output "name" {
  description = "Name of the trail."
  value       = aws_cloudtrail.this.name
}
