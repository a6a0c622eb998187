output "actions_per_hour" {
  description = "Actions that the guard may take in an hour, unless its reaction says otherwise."
  value       = 1000
}

output "alerts" {
  description = "Events that the guard alerts on, in words; null if no setting asks for an alert."
  value       = length(local._alerting) == 0 ? null : "the launches that ${join(", ", local._alerting)} flag (without these settings it only tags)"
}

output "description" {
  description = "One line that says what the guard does."
  value       = "Tags launched EC2 instances with their owner and alerts on large ones (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern (JSON) of the events that the guard is for: launches, and changes of an instance's type, that succeeded."
  value = jsonencode({
    source      = ["aws.ec2"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["ec2.amazonaws.com"]
      errorCode   = [{ exists = false }]
      # ModifyInstanceAttribute is many calls. The attribute that it changes is a key, or named.
      "$or" = [
        { eventName = ["RunInstances"] },
        { eventName = ["ModifyInstanceAttribute"], requestParameters = { instanceType = { value = [{ exists = true }] } } },
        { eventName = ["ModifyInstanceAttribute"], requestParameters = { attribute = ["instanceType"] } },
      ]
    }
  })
}

output "handler" {
  description = "Entry point of the guard's code."
  value       = "reactor.reactions.ec2_launch_guard.handler"
}

output "mode" {
  description = "Mode of the guard: dry_run, notify or enforce."
  value       = var.mode
}

output "policy_json" {
  description = "Policy document (JSON) of what the guard needs in its mode, with the placeholders {{account_id}}, {{partition}} and {{region}} that reaction and reaction-member-role fill in."
  value       = jsonencode({ Version = "2012-10-17", Statement = local._statements })
}

output "settings" {
  description = "Settings as the guard's code reads them, as JSON."
  value = jsonencode({
    alert_from_count      = var.alert_from_count
    alert_from_size       = var.alert_from_size
    alert_from_vcpus      = var.alert_from_vcpus
    alert_instance_types  = var.alert_instance_types
    alert_on_accelerators = var.alert_on_accelerators
    stop_flagged          = var.stop_flagged
    tag_prefix            = var.tag_prefix
  })
}
