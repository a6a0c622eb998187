locals {
  # What a target may be, and the service in its ARN.
  _target_services = { bus = "events", function = "lambda", queue = "sqs", topic = "sns" }
  _target_kinds    = keys(local._target_services)

  # Every target by <rule>/<target>, or <rule>/<part>/<target>.
  _targets = merge([
    for rule_id, rule in local._rules : {
      for key, target in rule.targets : "${rule_id}/${key}" => merge(target, {
        key     = key
        rule_id = rule_id
        # What people know it by: the rule's own target, or one of default_targets.
        label = var.rules[rule.key].targets != null ? "${rule.key}/${key}" : "default_targets/${key}"
        # Exactly one: a precondition of the target refuses what is not.
        arns = { for kind in local._target_kinds : kind => target[kind].arn if target[kind] != null }
        # A topic is what people read: it gets the rule's own sentence.
        transformer = target.input_transformer != null ? target.input_transformer : (
          target.topic != null && target.input == null ? var.rules[rule.key].input_transformer : null
        )
      })
    }
  ]...)

  # One of default_targets is every rule's, and a rule's target is each of its patterns': what is
  # wrong with it is told at the first.
  _told_at = { for id, target in local._targets : target.label => id... }

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
  _wrong_paths = {
    for id, target in local._targets : id => [
      for name, path in try(target.transformer.input_paths, {}) : "${name} = ${path}"
      if !can(regex("^[A-Za-z0-9_-]+$", name)) || startswith(lower(name), "aws") || !can(regex("^\\$[.\\[][^\\s]+$", path))
    ]
  }
  _unfilled = {
    for id, target in local._targets : id => [
      for name in setsubtract(
        [for match in regexall("(?:^|[^\\\\])(?:<|\\\\u003c)([A-Za-z0-9._-]+)(?:>|\\\\u003e)", try(target.transformer.input_template, "")) : match[0]],
        concat(keys(try(target.transformer.input_paths, {})), [
          # What EventBridge fills in by itself.
          "aws.events.event", "aws.events.event.ingestion-time", "aws.events.event.json", "aws.events.rule-arn", "aws.events.rule-name",
        ])
      ) : "<${name}>"
    ]
  }

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

  _target_arns = { for id, target in local._targets : id => try(values(target.arns)[0], "") }
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

  lifecycle {
    precondition {
      condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", each.value.function.function_name))
      error_message = "function.function_name of the target ${each.value.label} must be the function's bare name, not its ARN: pass the function whole (function = aws_lambda_function.x, or a reaction module)."
    }
  }
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
      condition     = can(regex("^[.A-Za-z0-9_-]{1,64}$", each.value.key))
      error_message = "The key of the target ${each.value.label} must be 1 to 64 letters, digits, dots, underscores and hyphens: rename it."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : length(each.value.arns) == 1
      error_message = "The target ${each.value.label} must be exactly one of ${join(", ", local._target_kinds)}, and it is ${length(each.value.arns)} of them."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : alltrue([for kind, arn in each.value.arns : can(regex("^arn:[a-z-]+:${local._target_services[kind]}:[a-z0-9-]+:[0-9]{12}:.+$", arn))])
      error_message = "The arn of the target ${each.value.label} must be that of an event bus, a Lambda function, an SNS topic or an SQS queue, as its kind says, and it is ${join(", ", values(each.value.arns))}: pass the target whole (topic = module.alert_topic)."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : each.value.topic == null ? true : !endswith(each.value.topic.arn, ".fifo")
      error_message = "The target ${each.value.label} is a FIFO topic, which can't be a target: give a standard topic (the alert-topic module makes one)."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : each.value.queue == null ? true : can(regex("^[A-Za-z0-9_-]{1,80}$", each.value.queue.name))
      error_message = "queue.name of the target ${each.value.label} must be the bare name of a standard queue (a FIFO queue would need a message group): pass the queue whole (queue = aws_sqs_queue.x)."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : each.value.bus == null || (each.value.input == null && each.value.input_transformer == null)
      error_message = "The target ${each.value.label} is an event bus, which gets the event as it is: leave input and input_transformer out, and shape the text in the rule there."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : each.value.input == null || each.value.input_transformer == null
      error_message = "The target ${each.value.label} has input (the same text for every event) and input_transformer (a text made from the event): leave one out."
    }

    precondition {
      condition     = local._told_at[each.value.label][0] != each.key ? true : each.value.input == null ? true : can(jsondecode(each.value.input)) && length(each.value.input) <= 8192
      error_message = "The input of the target ${each.value.label} must be JSON of up to 8,192 characters (a plain text needs quotes: jsonencode(\"text\"))."
    }

    precondition {
      condition = local._told_at[each.value.label][0] != each.key ? true : alltrue([
        for limits in each.value.retry == null ? [] : [{ age = each.value.retry.max_age_seconds, attempts = each.value.retry.max_attempts }] :
        (limits.age == null ? true : limits.age >= 60 && limits.age <= 86400 && floor(limits.age) == limits.age) &&
        (limits.attempts == null ? true : limits.attempts >= 0 && limits.attempts <= 185 && floor(limits.attempts) == limits.attempts)
      ])
      error_message = "In the target ${each.value.label}, retry.max_age_seconds must be a whole number from 60 to 86400, retry.max_attempts one from 0 to 185."
    }

    precondition {
      condition     = each.value.transformer == null ? true : length(each.value.transformer.input_template) >= 1 && length(each.value.transformer.input_template) <= 8192
      error_message = "The input_template of the target ${each.key} must have 1 to 8,192 characters, and it has ${try(length(each.value.transformer.input_template), 0)}."
    }

    precondition {
      condition     = try(length(each.value.transformer.input_paths), 0) <= 100
      error_message = "The transformer of the target ${each.key} has ${try(length(each.value.transformer.input_paths), 0)} input_paths, and EventBridge takes up to 100."
    }

    precondition {
      condition     = length(local._wrong_paths[each.key]) == 0
      error_message = "input_paths maps names (letters, digits, underscores, hyphens; not starting with \"aws\") to JSON paths that start with \"$.\", as in user = \"$.detail.userIdentity.arn\". Correct in the target ${each.key}: ${join(", ", local._wrong_paths[each.key])}."
    }

    precondition {
      condition     = length(local._unfilled[each.key]) == 0
      error_message = "A placeholder <x> in an input_template needs x in input_paths, or EventBridge refuses the target. Add for the target ${each.key}: ${join(", ", local._unfilled[each.key])}."
    }

    precondition {
      condition = each.value.bus != null || length(each.value.arns) != 1 ? true : try(
        split(":", local._target_arns[each.key])[3] == local._region &&
        split(":", local._target_arns[each.key])[4] == local._account_id,
        true # no ARN at all, which is told above
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
