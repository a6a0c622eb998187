locals {
  # Every target by <rule>/<target>, or <rule>/<part>/<target>.
  _targets = merge([
    for rule_id, rule in local._rules : {
      for key, target in var.rules[rule.key].targets != null ? var.rules[rule.key].targets : var.default_targets : "${rule_id}/${key}" => merge(target, {
        key     = key
        rule_id = rule_id
        # A topic is what people read: it gets the rule's own sentence.
        transformer = target.input_transformer != null ? target.input_transformer : (
          target.topic != null && target.input == null ? var.rules[rule.key].input_transformer : null
        )
      })
    }
  ]...)

  # jsonencode writes <, > and & as \u003c, \u003e and \u0026, which EventBridge does not take for a
  # placeholder and a person can't read. A doubled backslash is put aside meanwhile, so that
  # "\\u003c" stays what it is.
  _inputs = {
    for id, target in local._targets : id => replace(replace(replace(replace(replace(target.input,
    "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\") if target.input != null
  }
  _templates = {
    for id, target in local._targets : id => replace(replace(replace(replace(replace(target.transformer.input_template,
    "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\") if target.transformer != null
  }

  _target_arns = {
    for id, target in local._targets : id => (
      target.bus != null ? target.bus.arn :
      target.function != null ? target.function.arn :
      target.topic != null ? target.topic.arn : target.queue.arn
    )
  }
}

resource "aws_lambda_permission" "this" {
  for_each = { for id, target in local._targets : id => target if target.function != null }

  # Unique for the function, whatever other rules it serves.
  statement_id  = "${substr(replace("${local._rules[each.value.rule_id].name}-${each.value.key}", ".", "_"), 0, 80)}-${substr(sha256(each.key), 0, 8)}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function.function_name
  # A version's or alias's ARN has one part more than a function's.
  qualifier  = try(split(":", each.value.function.arn)[7], null)
  principal  = "events.amazonaws.com"
  source_arn = aws_cloudwatch_event_rule.this[each.value.rule_id].arn
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local._targets

  rule           = aws_cloudwatch_event_rule.this[each.value.rule_id].name
  event_bus_name = local._bus_name
  target_id      = each.value.key
  arn            = local._target_arns[each.key]
  input          = try(local._inputs[each.key], null)
  role_arn       = each.value.bus == null ? null : var.bus_role_arn != null ? var.bus_role_arn : aws_iam_role.bus[each.value.rule_id].arn

  dead_letter_config {
    arn = local._dead_letter_queue.arn
  }

  dynamic "input_transformer" {
    for_each = each.value.transformer == null ? [] : [each.value.transformer]

    content {
      input_paths    = input_transformer.value.input_paths
      input_template = local._templates[each.key]
    }
  }

  dynamic "retry_policy" {
    for_each = each.value.retry == null ? [] : [each.value]

    content {
      maximum_event_age_in_seconds = coalesce(retry_policy.value.retry.max_age_seconds, 86400)
      maximum_retry_attempts       = coalesce(retry_policy.value.retry.max_attempts, 185)
    }
  }

  lifecycle {
    precondition {
      condition = each.value.bus != null ? true : (
        split(":", local._target_arns[each.key])[3] == local._region &&
        split(":", local._target_arns[each.key])[4] == local._account_id
      )
      error_message = "The target ${each.key} (${local._target_arns[each.key]}) is not in the rules' account and Region (${local._account_id}, ${local._region}), which EventBridge asks for. Make the rule there, or forward the events to the event bus there."
    }

    precondition {
      condition     = each.value.bus == null ? true : each.value.bus.arn != "${local._arn_start}:event-bus/${local._bus_name}"
      error_message = "The target ${each.key} is the event bus that the rule is on: its events would go round in a circle. Give another bus, or what the events are meant for."
    }
  }

  # A target that may not be reached yet would send its first events to the dead-letter queue.
  depends_on = [aws_iam_role_policy.bus, aws_lambda_permission.this, aws_sqs_queue_policy.this]
}
