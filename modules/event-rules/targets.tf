locals {
  # Every target by <rule>/<target>.
  _targets = merge([
    for rule_key, rule in var.rules : {
      for key, target in rule.targets : "${rule_key}/${key}" => merge(target, {
        key      = key
        rule_key = rule_key

        # jsonencode writes <, > and & as \u003c, \u003e and \u0026, which EventBridge does not take for a
        # placeholder and a person can't read. A doubled backslash is put aside meanwhile, so that
        # "\\u003c" stays what it is.
        text = target.input == null ? null : replace(replace(replace(replace(replace(target.input,
        "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\")
        template = target.input_transformer == null ? null : replace(replace(replace(replace(replace(target.input_transformer.input_template,
        "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\")
      })
    }
  ]...)

  _target_arns = {
    for id, target in local._targets : id => (
      target.function != null ? target.function.arn : target.topic != null ? target.topic.arn : target.queue.arn
    )
  }
}

resource "aws_lambda_permission" "this" {
  for_each = { for id, target in local._targets : id => target if target.function != null }

  # Unique for the function, whatever other rules it serves.
  statement_id  = "${substr(replace("${local._rule_names[each.value.rule_key]}-${each.value.key}", ".", "_"), 0, 80)}-${substr(sha256(each.key), 0, 8)}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function.function_name
  # A version's or alias's ARN has one part more than a function's.
  qualifier  = try(split(":", each.value.function.arn)[7], null)
  principal  = "events.amazonaws.com"
  source_arn = aws_cloudwatch_event_rule.this[each.value.rule_key].arn
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local._targets

  rule      = aws_cloudwatch_event_rule.this[each.value.rule_key].name
  target_id = each.value.key
  arn       = local._target_arns[each.key]
  input     = each.value.text

  dead_letter_config {
    arn = local._dead_letter_queue.arn
  }

  dynamic "input_transformer" {
    for_each = each.value.input_transformer == null ? [] : [each.value]

    content {
      input_paths    = input_transformer.value.input_transformer.input_paths
      input_template = input_transformer.value.template
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
      condition = (
        split(":", local._target_arns[each.key])[3] == local._region &&
        split(":", local._target_arns[each.key])[4] == local._account_id
      )
      error_message = "The target ${each.key} (${local._target_arns[each.key]}) is not in the rules' account and Region (${local._account_id}, ${local._region}), which EventBridge asks for. Make the rule there, or forward the events to the event bus there."
    }
  }

  # A target that may not be reached yet would send its first events to the dead-letter queue.
  depends_on = [aws_lambda_permission.this, aws_sqs_queue_policy.this]
}
