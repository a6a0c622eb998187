output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "failure_queue" {
  description = "Queue of the runs whose last try failed, and of events that a target did not take: { arn, name, url }."
  value = {
    arn  = aws_sqs_queue.failures.arn
    name = aws_sqs_queue.failures.name
    url  = aws_sqs_queue.failures.url
  }
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "log_group" {
  description = "Log group of the function: { arn, name }."
  value = {
    arn  = local._log_group_arn
    name = aws_cloudwatch_log_group.this.name
  }
}

output "not_redelivered" {
  description = "ARNs of the targets that get no missed event, by `<name in rules>/<rule>/<target>`: nothing but EventBridge gives an event to a bus, a stream and the like. Empty with redeliver false, where nothing is redelivered at all."
  value = {
    for target in local._targets : target.label => target.arn
    if !contains(["lambda", "sns", "sqs"], try(split(":", target.arn)[2], ""))
  }
}

output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
  value = {
    alarms = {
      for key, alarm in merge(aws_cloudwatch_metric_alarm.this, { for each in aws_cloudwatch_metric_alarm.silence : "silence" => each }) :
      key => { arn = alarm.arn, name = alarm.alarm_name }
    }
    functions = {
      reconciliation = {
        arn  = local._function_arn
        name = var.name
      }
    }
    log_groups = {
      reconciliation = {
        arn  = local._log_group_arn
        name = local._log_group_name
      }
    }
    parameters = {}
    queues = {
      for key, arn in local._queues : key => { arn = arn, name = "${var.name}-${key}" }
    }
    schedules = {
      hourly = {
        arn  = aws_scheduler_schedule.hourly.arn
        name = aws_scheduler_schedule.hourly.name
      }
    }
    tables = {
      state = {
        arn  = local._table_arn
        name = "${var.name}-state"
      }
    }
  }
}

output "policy_json" {
  description = "Policy document (JSON) of what the function may do. A bucket or key of another account must admit the function's role, too."
  value       = local._policy_json
}

output "role_arn" {
  description = "ARN of the function's role, for the bucket's and the key's policy."
  value       = aws_iam_role.function.arn
}

output "state_table" {
  description = "Table that holds up to which time each account and Region is reconciled, and what was redelivered: { arn, name }."
  value = {
    arn  = local._table_arn
    name = aws_dynamodb_table.state.name
  }
}

output "target_policies" {
  description = "Statement (JSON) that the own policy of each target of another account must hold, by the target's ARN, so that the function can give it missed events: EventBridge reaches it by a role that the function has not."
  value = {
    for arn, action in local._abroad : arn => jsonencode({
      Sid       = "Reconciliation-${var.name}"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.function.arn }
      Action    = action
      Resource  = arn
    })
  }
}

output "witness" {
  description = "Where rules note what they saw: { delivery_stream, role }, for witness of event-rules. It does not wait for the function, which waits for the rules."
  value = {
    delivery_stream = {
      arn = aws_kinesis_firehose_delivery_stream.witness.arn
    }
    role = {
      arn = aws_iam_role.witness.arn
    }
  }

  # A rule that may not write yet would send its first lines to the dead-letter queue.
  depends_on = [aws_iam_role_policy.witness]
}

output "work_queue" {
  description = "Queue of the accounts and Regions to be reconciled: { arn, name, url }."
  value = {
    arn  = aws_sqs_queue.work.arn
    name = aws_sqs_queue.work.name
    url  = aws_sqs_queue.work.url
  }
}
