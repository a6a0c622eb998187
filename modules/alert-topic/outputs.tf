output "arn" {
  description = "ARN of the topic."
  value       = aws_sns_topic.this.arn
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the messages, made or given: who publishes by IAM policy needs kms:Decrypt and kms:GenerateDataKey* on it."
  value       = local._own_kms_key ? aws_kms_key.this[0].arn : var.kms_key_arn
}

output "kms_key_policy" {
  description = "Key policy (JSON) that the topic needs: the own key has it, a given key needs its EventBridge and CloudWatch statements."
  value       = local._kms_key_policy
}

output "name" {
  description = "Name of the topic."
  value       = aws_sns_topic.this.name
}
