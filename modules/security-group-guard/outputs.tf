output "actions_per_hour" {
  description = "How many actions the guard may take in an hour, unless its reaction says otherwise."
  value       = 100
}

output "alerts" {
  description = "What the guard alerts on."
  value       = "rules that open risky ports to the world"
}

output "description" {
  description = "What the guard does, in a line."
  value       = "Revokes rules that open risky ports to the world (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern of the events that this guard is for, as JSON: rules that are added to a security group or changed."
  value = jsonencode({
    source      = ["aws.ec2"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["ec2.amazonaws.com"]
      eventName = [
        "AuthorizeSecurityGroupIngress",
        "ModifySecurityGroupRules",
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
    },
    var.ports == null ? {} : { ports = var.ports },
  ))
}
