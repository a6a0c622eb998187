output "actions_per_hour" {
  description = "Actions that the guard may take in an hour, unless its reaction says otherwise."
  value       = 100
}

output "alerts" {
  description = "Events that the guard alerts on, in words."
  value       = "rules that open risky ports to the world"
}

output "description" {
  description = "One line that says what the guard does."
  value       = "Revokes rules that open risky ports to the world (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern (JSON) of the events that the guard is for: new and changed rules of security groups, and changed prefix lists."
  value = jsonencode({
    source      = ["aws.ec2"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["ec2.amazonaws.com"]
      eventName = [
        "AuthorizeSecurityGroupIngress",
        "ModifyManagedPrefixList",
        "ModifySecurityGroupRules",
        "RestoreManagedPrefixListVersion",
      ]
      errorCode = [{ exists = false }]
    }
  })
}

output "handler" {
  description = "Entry point of the guard's code."
  value       = "reactor.reactions.security_group_guard.handler"
}

output "mode" {
  description = "Mode of the guard: dry_run, notify or enforce."
  value       = var.mode
}

output "policy_json" {
  description = "Policy document (JSON) of what the guard needs in its mode, with placeholders for the place ({{account_id}}, {{partition}}, {{region}}, {{role_arn}}) that reaction and reaction-member-role fill in."
  value       = jsonencode({ Version = "2012-10-17", Statement = local._statements })
}

output "settings" {
  description = "Settings as the guard's code reads them, as JSON."
  value = jsonencode(merge(
    {
      allowed_groups = var.allowed_groups
      allowed_ports  = var.allowed_ports
      world_prefix   = var.world_prefix
    },
    var.ports == null ? {} : { ports = var.ports },
  ))
}
