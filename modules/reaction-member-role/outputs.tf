output "arn" {
  description = "ARN of the role, once it may do what it is for."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "external_id" {
  description = "External id that whoever assumes the role has to name."
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
  description = "What the role may do, as a policy document."
  value       = local._policy_json
}

output "trust_json" {
  description = "Who may assume the role, as a policy document."
  value       = local._trust_json
}
