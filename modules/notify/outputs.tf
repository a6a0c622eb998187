output "actions_per_hour" {
  description = "Actions that the guard may take in an hour, unless its reaction says otherwise."
  value       = 100
}

output "alerts" {
  description = "Events that the guard alerts on, in words."
  value       = "whatever it is told of"
}

output "description" {
  description = "One line that says what the guard does."
  value       = "Tells people of events (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern (JSON) of the events that the guard is for; null if none was given."
  value       = var.event_pattern
}

output "handler" {
  description = "Entry point of the guard's code."
  value       = "reactor.reactions.notify.handler"
}

output "mode" {
  description = "Mode of the guard: dry_run, notify or enforce."
  value       = var.mode
}

output "policy_json" {
  description = "Null: the guard needs nothing beyond alerting."
  value       = null
}

output "settings" {
  description = "Settings as the guard's code reads them, as JSON."
  value = jsonencode({
    detection             = var.detection
    failures              = var.failures
    severity              = var.severity
    summary               = var.summary
    title                 = var.title
    trusted_accounts      = var.trusted_accounts
    trusted_organizations = var.trusted_organizations
    window_seconds        = var.window_seconds
  })
}
