output "arn" {
  description = "ARN of the function, once its failures are caught."
  value       = aws_lambda_function.this.arn

  # Whoever routes events here does so after nothing can be lost any more.
  depends_on = [aws_lambda_function_event_invoke_config.this]
}

output "failure_queue" {
  description = "Queue of the events that the function failed on: { arn, name, url }. The url of a queue of one's own is null unless it was given."
  value = {
    arn  = var.failure_queue == null ? aws_sqs_queue.failures[0].arn : var.failure_queue.arn
    name = local._failure_queue_name
    url  = var.failure_queue == null ? aws_sqs_queue.failures[0].url : var.failure_queue.url
  }
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "ledger_table" {
  description = "Table that remembers what was done: { arn, name }."
  value = {
    arn  = local._ledger_arn
    name = local._ledger_name
  }
}

output "log_group" {
  description = "Log group of the function: { arn, name }."
  value = {
    arn  = "arn:${local._partition}:logs:${local._region}:${local._account}:log-group:${local._log_group_name}"
    name = local._log_group_name
  }
}

output "mode" {
  description = "Mode of the reaction: dry_run, notify or enforce."
  value       = var.mode
}

output "operations" {
  description = "What to look at when something is wrong: { alarms, log_groups, parameters, queues, tables }, each a map from its purpose to { arn, name }."
  value = {
    alarms = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : key => {
        arn  = alarm.arn
        name = alarm.alarm_name
      }
    }
    log_groups = {
      reaction = {
        arn  = "arn:${local._partition}:logs:${local._region}:${local._account}:log-group:${local._log_group_name}"
        name = local._log_group_name
      }
    }
    parameters = var.kill_switch == null ? {} : {
      kill_switch = {
        arn  = "arn:${local._partition}:ssm:${local._region}:${local._account}:parameter/${trimprefix(var.kill_switch.name, "/")}"
        name = var.kill_switch.name
      }
    }
    queues = {
      failures = {
        arn  = local._failure_queue_arn
        name = local._failure_queue_name
      }
    }
    tables = {
      ledger = {
        arn  = local._ledger_arn
        name = local._ledger_name
      }
    }
  }
}

output "policy_json" {
  description = "What the function's role must be allowed, as a policy document: for a role of one's own."
  value       = local._policy_json
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = var.role == null ? aws_iam_role.this[0].arn : var.role.arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = var.role == null ? aws_iam_role.this[0].name : element(split("/", var.role.arn), -1)
}
