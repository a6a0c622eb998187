output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
  value = {
    alarms = {
      for alarm in aws_cloudwatch_metric_alarm.failed : "replication-failed" => {
        arn  = alarm.arn
        name = alarm.alarm_name
      }
    }
    functions  = {}
    log_groups = {}
    parameters = {}
    queues     = {}
    schedules  = {}
    tables     = {}
  }
}

output "role_arn" {
  description = "ARN of the role, for the archive's replication_role_arn; known before the role is made."
  value       = local._role_arn
}

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "rule_id" {
  description = "Id of the replication rule, or null."
  value       = var.create_rule ? var.name : null
}
