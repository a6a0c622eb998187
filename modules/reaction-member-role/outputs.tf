output "arn" {
  description = "ARN of the role. The output waits until the role has its policy."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "external_id" {
  description = "External id that a principal must name to assume the role."
  value       = var.external_id
}

output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "path" {
  description = "IAM path of the role."
  value       = var.path
}

output "policy_json" {
  description = "Policy document (JSON) of what the role may do."
  value       = local._policy_json
}

output "trust_json" {
  description = "Policy document (JSON) of who may assume the role."
  value       = local._trust_json
}
