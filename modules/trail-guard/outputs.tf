output "actions_per_hour" {
  description = "Actions that the guard may take in an hour, unless its reaction says otherwise."
  value       = 100
}

output "alerts" {
  description = "Events that the guard alerts on, in words."
  value       = "trails that are stopped, changed or deleted"
}

output "description" {
  description = "One line that says what the guard does."
  value       = "Keeps CloudTrail trails recording (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern (JSON) of the events that the guard is for: calls that stop, change, narrow or delete a trail, by anybody but the guard."
  value = jsonencode({
    source      = ["aws.cloudtrail"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["cloudtrail.amazonaws.com"]
      eventName = [
        "DeleteTrail",
        "PutEventSelectors",
        "PutInsightSelectors",
        "StopLogging",
        "UpdateTrail",
      ]
      errorCode    = [{ exists = false }]
      userIdentity = { arn = [{ "anything-but" = ["{{session_arn}}"] }, { exists = false }] }
    }
  })
}

output "handler" {
  description = "Entry point of the guard's code."
  value       = "reactor.reactions.trail_guard.handler"
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
  value = jsonencode({
    bucket          = var.bucket
    event_selectors = var.event_selectors
    global_events   = var.global_events
    key_prefix      = var.key_prefix
    kms_key_arn     = var.kms_key_arn
    multi_region    = var.multi_region
    organization    = var.organization
    restore         = var.restore
    trails          = var.trails
    validation      = var.validation
  })
}
