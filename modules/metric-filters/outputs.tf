output "alarms" {
  description = "Alarms by control: { arn, name }."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => { arn = alarm.arn, name = alarm.alarm_name } }
}

output "controls" {
  description = "What was made by control: { detections (ids of the catalogue), filters (names), metric, security_hub (its control, or null), severity, title }."
  value = {
    for key, control in local._controls : key => {
      detections   = control.detections
      filters      = sort([for filter, each in local._filters : "${var.name}-${filter}" if each.control == key])
      metric       = "${var.name}-${control.metric}"
      security_hub = control.security_hub
      severity     = control.severity
      title        = control.title
    }
  }
}

output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
  value = {
    alarms     = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => { arn = alarm.arn, name = alarm.alarm_name } }
    functions  = {}
    log_groups = {}
    parameters = {}
    queues     = {}
    schedules  = {}
    tables     = {}
  }
}
