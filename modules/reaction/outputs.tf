output "arn" {
  description = "ARN of the function. The output waits until failed events go to the failure queue."
  value       = aws_lambda_function.this.arn

  # Whoever routes events here does so after nothing can be lost any more.
  depends_on = [aws_lambda_function_event_invoke_config.this]
}

output "failure_queue" {
  description = "Queue of the events that the function failed on: { arn, name, url }. The url of a queue of your own is null unless you gave it."
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
  value       = var.guard.mode
}

output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
  value = {
    alarms = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : key => {
        arn  = alarm.arn
        name = alarm.alarm_name
      }
    }
    functions = {
      reaction = {
        arn  = local._function_arn
        name = var.name
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
    schedules = {}
    tables = {
      ledger = {
        arn  = local._ledger_arn
        name = local._ledger_name
      }
    }
  }
}

output "policy_json" {
  description = "Policy document (JSON) of what the function's role may do. A role of your own must have it."
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

output "role_names" {
  description = "Names of the roles of the reaction: the function's and, beyond dry_run, the one of its schedules."
  value = concat(
    [var.role == null ? aws_iam_role.this[0].name : element(split("/", var.role.arn), -1)],
    [for role in aws_iam_role.schedule : role.name],
  )
}

output "rule" {
  description = "Rule that leads the guard's events here, as event-rules takes it: { pattern, targets }. pattern is null where the guard has none."
  value = {
    pattern = local._guard.event_pattern
    targets = {
      guard = {
        function = {
          arn           = aws_lambda_function.this.arn
          function_name = aws_lambda_function.this.function_name
        }
      }
    }
  }

  # As for `arn`.
  depends_on = [aws_lambda_function_event_invoke_config.this]
}

output "service_control_policies" {
  description = "Service control policies (JSON), by number, that prevent what the guard would react to, with the reaction's exemptions. Each fits into AWS's 5,120 characters. Empty if the guard has none."
  value       = { for number, statements in local._scps : number => jsonencode({ Version = "2012-10-17", Statement = statements }) }

  precondition {
    condition     = alltrue([for size in local._scp_sizes : size <= 5079])
    error_message = "A statement of the service control policies has ${max(0, local._scp_sizes...)} characters, and a policy 5,120 at most: exempt fewer principals, or write them as wildcards."
  }
}
