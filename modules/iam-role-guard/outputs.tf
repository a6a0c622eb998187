output "actions_per_hour" {
  description = "Actions that the guard may take in an hour, unless its reaction says otherwise."
  value       = 100
}

output "alerts" {
  description = "Events that the guard alerts on, in words."
  value       = "roles that break a rule"
}

output "description" {
  description = "One line that says what the guard does."
  value       = "Contains IAM roles that break the rules (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern (JSON) of the events that the guard is for: every change of a role, by anybody but the guard. IAM's events arrive in us-east-1 only (China: cn-north-1, GovCloud: us-gov-west-1)."
  value = jsonencode({
    source      = ["aws.iam"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["iam.amazonaws.com"]
      eventName = [
        "AttachRolePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "SetDefaultPolicyVersion",
        "UntagRole",
        "UpdateAssumeRolePolicy",
      ]
      errorCode    = [{ exists = false }]
      userIdentity = { arn = [{ "anything-but" = ["{{session_arn}}"] }, { exists = false }] }
    }
  })
}

output "handler" {
  description = "Entry point of the guard's code."
  value       = "reactor.reactions.iam_role_guard.handler"
}

output "mode" {
  description = "Mode of the guard: dry_run, notify or enforce."
  value       = var.mode
}

output "policy_json" {
  description = "Policy document (JSON) of what the guard needs in its mode, with placeholders for the place ({{account_id}}, {{partition}}, {{region}}, {{role_arn}}) that reaction and reaction-member-role fill in."
  value       = jsonencode({ Version = "2012-10-17", Statement = local._statements })
}

output "scp_json" {
  description = "Statements (JSON) of a service control policy that enforces what it can of the same rules, without exemptions: the reaction adds those and outputs the policies. Null if there are none."
  value       = length(local._scp_statements) == 0 ? null : jsonencode({ Version = "2012-10-17", Statement = local._scp_statements })
}

output "settings" {
  description = "Settings as the guard's code reads them, as JSON."
  value = jsonencode({
    allowed_paths         = var.allowed_paths
    allowed_providers     = var.allowed_providers
    containment           = var.containment
    forbid_admin          = var.forbid_admin
    forbidden_names       = var.forbidden_names
    forbidden_policies    = var.forbidden_policies
    required_boundary     = var.required_boundary
    required_tags         = var.required_tags
    trusted_accounts      = var.trusted_accounts
    trusted_organizations = var.trusted_organizations
  })
}
