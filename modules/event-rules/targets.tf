# What each kind of target needs.
#   is       what a message calls it
#   arn      how its ARN goes on after its Region and account
#   actions  what a role has to be allowed
#   role     "always"; "abroad": in another account only, since at home the target's own policy admits
#            the rule, and AWS advises against both; "never"
#   reach    "anywhere"; "region": of any account, in the rule's Region; "here": the rule's account and Region
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
locals {
  _kinds = {
    api_destination = { is = "an API destination", service = "events", arn = "api-destination/", actions = ["events:InvokeApiDestination"], role = "always", reach = "here" }
    automation      = { is = "an SSM document", service = "ssm", arn = "(?:document|automation-definition)/", actions = ["ssm:StartAutomationExecution"], role = "always", reach = "here" }
    bus             = { is = "an event bus", service = "events", arn = "event-bus/", actions = ["events:PutEvents"], role = "always", reach = "anywhere" }
    delivery_stream = { is = "a Firehose stream", service = "firehose", arn = "deliverystream/", actions = ["firehose:PutRecord", "firehose:PutRecordBatch"], role = "always", reach = "here" }
    ecs_task        = { is = "an ECS cluster", service = "ecs", arn = "cluster/", actions = ["ecs:RunTask"], role = "always", reach = "here" }
    function        = { is = "a Lambda function", service = "lambda", arn = "function:", actions = ["lambda:InvokeFunction"], role = "abroad", reach = "region" }
    log_group       = { is = "a CloudWatch log group", service = "logs", arn = "log-group:", actions = ["logs:CreateLogStream", "logs:PutLogEvents"], role = "never", reach = "here" }
    queue           = { is = "an SQS queue", service = "sqs", arn = "", actions = ["sqs:SendMessage"], role = "abroad", reach = "region" }
    run_command     = { is = "an SSM document", service = "ssm", arn = "document/", actions = ["ssm:SendCommand"], role = "always", reach = "here" }
    state_machine   = { is = "a Step Functions state machine", service = "states", arn = "stateMachine:", actions = ["states:StartExecution"], role = "always", reach = "here" }
    stream          = { is = "a Kinesis stream", service = "kinesis", arn = "stream/", actions = ["kinesis:PutRecord"], role = "always", reach = "region" }
    topic           = { is = "an SNS topic", service = "sns", arn = "", actions = ["sns:Publish"], role = "abroad", reach = "region" }
  }

  # Every target by <rule>/<target>, or <rule>/<part>/<target>.
  _given_targets = merge([
    for rule_id, rule in local._rules : {
      for key, target in nonsensitive(rule.targets == null) ? {} : rule.targets : "${rule_id}/${replace(key, "/", "|")}" => merge(target, {
        key     = key
        rule_id = rule_id
        # What people know it by.
        label = "${nonsensitive(var.rules[rule.key].targets == null) ? "*" : rule.key}/${key}"
        kinds = [for kind in keys(local._kinds) : kind if nonsensitive(target[kind] != null)]
      })
    }
  ]...)
  _targets = {
    for id, target in local._given_targets : id => merge(target, {
      kind = length(target.kinds) == 1 ? target.kinds[0] : null
      # A topic is what people read: it gets the rule's own sentence.
      transformer = nonsensitive(target.input_transformer != null) ? target.input_transformer : (
        target.kinds == ["topic"] && nonsensitive(target.input == null) ? var.rules[local._rules[target.rule_id].key].input_transformer : null
      )
    })
  }
  # One of "*" is every rule's, and a rule's target is each of its patterns': what is wrong with it is
  # told at the first.
  _labels = { for id, target in local._given_targets : target.label => id... }
  _told   = { for id, target in local._given_targets : id => local._labels[target.label][0] == id }

  _target_arns = {
    for id, target in local._targets : id => target.kind == null ? "" : (
      target.kind == "automation" ? "${replace(trimsuffix(target.automation.document.arn, ":$DEFAULT"), ":document/", ":automation-definition/")}${can(regex("automation-definition/.+:", target.automation.document.arn)) ? "" : ":$DEFAULT"}" :
      target.kind == "ecs_task" ? target.ecs_task.cluster.arn :
      target.kind == "log_group" ? trimsuffix(target.log_group.arn, ":*") :
      target.kind == "run_command" ? target.run_command.document.arn : target[target.kind].arn
    )
  }

  # A permission is for one rule's target. From so many rules on, targets of one name share one, by the
  # beginning of the rules' names, as in a queue's policy: the policy of a function takes 20,480 bytes, and
  # a statement has up to 470. Rules with a name of their own keep their permissions.
  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  _many_rules = 40
  _function_targets = {
    for id, target in local._targets : target.key => id... if target.kind == "function" && !target.cross_account
  }
  _sharing = {
    for key, ids in local._function_targets : key => [
      for id in ids : id if length(ids) >= local._many_rules && nonsensitive(var.rules[local._rules[local._targets[id].rule_id].key].name == null)
    ]
  }
  _permissions = merge(
    { for id in flatten([for key, ids in local._function_targets : [for id in ids : id if !contains(local._sharing[key], id)]]) : id => [id] },
    { for key, ids in local._sharing : "*/${key}" => ids if length(ids) > 0 },
  )
  _permission_sources = {
    for id, ids in local._permissions : id => startswith(id, "*/") ? "${local._arn_start}:rule/${local._bus_path}${var.name}-*" : (
      "${can(regex(local._mock, aws_cloudwatch_event_rule.this[local._targets[ids[0]].rule_id].arn)) ? local._mock_start : ""}${aws_cloudwatch_event_rule.this[local._targets[ids[0]].rule_id].arn}"
    )
  }

  # jsonencode writes <, > and & as \u003c, \u003e and \u0026, which EventBridge does not take for a
  # placeholder and a person can't read. A doubled backslash is put aside meanwhile, so that
  # "\\u003c" stays what it is.
  _inputs = {
    for id, target in local._targets : id => replace(replace(replace(replace(replace(target.input,
    "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\") if nonsensitive(target.input != null)
  }
  _templates = {
    for id, target in local._targets : id => replace(replace(replace(replace(replace(target.transformer.input_template,
    "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\") if nonsensitive(target.transformer != null)
  }

  # What is wrong with the transformers, the rules' own too, a sentence each.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
  _transformers = merge(
    { for id, rule in local._rules : "${id}/(rule)" => { of = "the rule ${id}", is = var.rules[rule.key].input_transformer } },
    { for id, target in local._targets : id => { of = "the target ${target.label}", is = target.input_transformer } if local._told[id] },
  )
  _transformer_faults = {
    for id, transformer in local._transformers : id => nonsensitive(transformer.is == null) ? [] : concat(
      [for size in [length(transformer.is.input_template)] : "The input_template of ${transformer.of} must have 1 to 8,192 characters, and it has ${size}." if size < 1 || size > 8192],
      [for count in [length(transformer.is.input_paths)] : "The transformer of ${transformer.of} has ${count} input_paths, and EventBridge takes up to 100." if count > 100],
      [
        for name, path in transformer.is.input_paths :
        "input_paths maps names (letters, digits, underscores, hyphens; not starting with \"aws\") to JSON paths that start with \"$.\", as in user = \"$.detail.userIdentity.arn\". Correct in ${transformer.of}: ${name} = ${path}."
        if !can(regex("^[A-Za-z0-9_-]+$", name)) || startswith(lower(name), "aws") || !can(regex("^\\$[.\\[][^\\s]+$", path))
      ],
      [
        for name in setsubtract(
          [for match in regexall("(?:^|[^\\\\])(?:<|\\\\u003c)([A-Za-z0-9._-]+)(?:>|\\\\u003e)", transformer.is.input_template) : match[0]],
          concat(keys(transformer.is.input_paths), [
            # What EventBridge fills in by itself.
            "aws.events.event", "aws.events.event.ingestion-time", "aws.events.event.json", "aws.events.rule-arn", "aws.events.rule-name",
          ])
        ) : "A placeholder <x> in an input_template needs x in input_paths, or EventBridge refuses the target. Add for ${transformer.of}: <${name}>."
      ],
    )
  }

  # A function's name, also where its ARN is given for it, as an alias has it.
  _function_names = {
    for id, target in local._targets : id => [
      for name in [coalesce(target.function.function_name, target.function.arn)] : length(split(":", name)) > 6 ? split(":", name)[6] : name
    ][0] if target.kind == "function"
  }
}

# A function of another account admits the rule's role: see the output target_policies.
resource "aws_lambda_permission" "this" {
  for_each = local._permissions

  # Unique for the function, whatever other rules, buses and modules it serves.
  statement_id  = "${substr(replace("${startswith(each.key, "*/") ? var.name : local._rules[local._targets[each.value[0]].rule_id].name}-${local._targets[each.value[0]].key}", "/[^A-Za-z0-9_-]/", "_"), 0, 80)}-${substr(sha256("${var.name}/${local._bus_path}${each.key}"), 0, 8)}"
  action        = "lambda:InvokeFunction"
  function_name = local._function_names[each.value[0]]
  # A version's or alias's ARN has one part more than a function's.
  qualifier  = try(split(":", local._targets[each.value[0]].function.arn)[7], null)
  principal  = "events.amazonaws.com"
  source_arn = local._permission_sources[each.key]

  lifecycle {
    precondition {
      condition     = !local._told[each.value[0]] || can(regex("^[A-Za-z0-9_-]{1,64}$", local._function_names[each.value[0]]))
      error_message = "function.function_name of the target ${local._targets[each.value[0]].label} must be the function's name or ARN: pass the function whole (function = aws_lambda_function.x, or a reaction module)."
    }

    precondition {
      condition     = length(distinct([for id in each.value : local._targets[id].function.arn])) == 1
      error_message = "The targets ${local._targets[each.value[0]].key} of ${length(each.value)} rules are several functions, and from ${local._many_rules} rules on the targets of one name share one permission: give the targets of each function a name of their own."
    }
  }
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local._target_ids

  rule           = aws_cloudwatch_event_rule.this[local._targets[each.key].rule_id].name
  event_bus_name = local._bus_name
  target_id      = local._targets[each.key].key
  arn            = "${can(regex(local._mock, local._target_arns[each.key])) ? local._mock_start : ""}${local._target_arns[each.key]}"
  input          = try(local._inputs[each.key], null)
  role_arn       = !contains(keys(local._role_targets), each.key) ? null : local._role_arns[local._targets[each.key].rule_id]

  dead_letter_config {
    arn = "${can(regex(local._mock, local._dead_letter_queue.arn)) ? local._mock_start : ""}${local._dead_letter_queue.arn}"
  }

  dynamic "ecs_target" {
    for_each = local._targets[each.key].kind == "ecs_task" ? [local._targets[each.key].ecs_task] : []

    content {
      launch_type         = ecs_target.value.launch_type
      platform_version    = ecs_target.value.platform_version
      task_count          = ecs_target.value.task_count
      task_definition_arn = ecs_target.value.task_definition.arn

      dynamic "network_configuration" {
        for_each = ecs_target.value.network_configuration == null ? [] : [ecs_target.value.network_configuration]

        content {
          assign_public_ip = network_configuration.value.assign_public_ip
          security_groups  = network_configuration.value.security_groups
          subnets          = network_configuration.value.subnets
        }
      }
    }
  }

  dynamic "http_target" {
    for_each = nonsensitive(local._targets[each.key].http == null) ? [] : [local._targets[each.key].http]

    content {
      header_parameters       = http_target.value.header_parameters
      path_parameter_values   = http_target.value.path_parameter_values
      query_string_parameters = http_target.value.query_string_parameters
    }
  }

  dynamic "input_transformer" {
    for_each = nonsensitive(local._targets[each.key].transformer == null) ? [] : [local._targets[each.key].transformer]

    content {
      input_paths    = input_transformer.value.input_paths
      input_template = local._templates[each.key]
    }
  }

  dynamic "kinesis_target" {
    for_each = local._targets[each.key].partition_key_path == null ? [] : [local._targets[each.key].partition_key_path]

    content {
      partition_key_path = kinesis_target.value
    }
  }

  dynamic "retry_policy" {
    for_each = local._targets[each.key].retry == null ? [] : [local._targets[each.key].retry]

    content {
      maximum_event_age_in_seconds = coalesce(retry_policy.value.max_age_seconds, 86400)
      maximum_retry_attempts       = coalesce(retry_policy.value.max_attempts, 185)
    }
  }

  dynamic "run_command_targets" {
    for_each = local._targets[each.key].kind == "run_command" ? local._targets[each.key].run_command.targets : {}

    content {
      key    = run_command_targets.key
      values = run_command_targets.value
    }
  }

  lifecycle {
    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].kind != null
      error_message = "The target ${local._targets[each.key].label} must be exactly one of ${join(", ", slice(keys(local._kinds), 0, length(local._kinds) - 1))} or ${reverse(keys(local._kinds))[0]}, and it is ${length(local._targets[each.key].kinds)} of them: give the one resource that it is, whole (topic = module.alert_topic)."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    precondition {
      condition     = !local._told[each.key] || can(regex("^[.A-Za-z0-9_-]{1,64}$", local._targets[each.key].key))
      error_message = "The key of the target ${local._targets[each.key].label} must be 1 to 64 letters, digits, dots, underscores and hyphens: rename it."
    }

    precondition {
      condition     = !local._told[each.key] || length(local._foreign[each.key]) == 0
      error_message = "The target ${local._targets[each.key].label} has settings that go by other names here: ${join(", ", local._foreign[each.key])}."
    }

    precondition {
      # AWS's own SSM documents have no account. A provider that `terraform test` mocks makes ARNs of eight
      # letters and digits.
      condition     = !local._told[each.key] || local._targets[each.key].kind == null ? true : can(regex("^(?:arn:[a-z-]+:${local._kinds[local._targets[each.key].kind].service}:[a-z0-9-]+:(?:[0-9]{12}${local._kinds[local._targets[each.key].kind].service == "ssm" ? "|" : ""}):${local._kinds[local._targets[each.key].kind].arn}.+|[a-z0-9]{8}(?::[$]DEFAULT)?)$", local._target_arns[each.key]))
      error_message = "The arn of the target ${local._targets[each.key].label} must be that of ${try(local._kinds[local._targets[each.key].kind].is, "?")}, as its kind says, and it is ${coalesce(local._target_arns[each.key], "?")}: pass the target whole (topic = module.alert_topic)."
    }

    precondition {
      condition     = !local._told[each.key] || !startswith(local._target_arns[each.key], "arn:") ? true : split(":", local._target_arns[each.key])[1] == local._partition
      error_message = "The target ${local._targets[each.key].label} (${coalesce(local._target_arns[each.key], "?")}) is of another partition than the rule (${local._partition}), and nothing reaches from one to the other: make the rule there."
    }

    # Only what the messages name is looked at: what is not known yet is judged by AWS.
    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].kind == null ? true : local._kinds[local._targets[each.key].kind].reach == "anywhere" || try(split(":", local._target_arns[each.key])[3], local._region) == local._region
      error_message = "The target ${local._targets[each.key].label} (${coalesce(local._target_arns[each.key], "?")}) is in another Region, and a rule reaches only event buses there: EventBridge asks for ${local._region}. Make the rule there, or forward the events to the event bus there."
    }

    precondition {
      condition = !local._told[each.key] || local._targets[each.key].kind == null ? true : local._kinds[local._targets[each.key].kind].reach == "anywhere" || (
        contains(["", local._account_id], try(split(":", local._target_arns[each.key])[4], local._targets[each.key].cross_account ? "mocked" : "")) != (local._targets[each.key].cross_account && local._kinds[local._targets[each.key].kind].reach == "region")
      )
      error_message = local._targets[each.key].cross_account && try(local._kinds[local._targets[each.key].kind].reach, "") == "region" ? (
        "The target ${local._targets[each.key].label} (${local._target_arns[each.key]}) is in the rules' own account: leave cross_account out."
        ) : try(local._kinds[local._targets[each.key].kind].reach, "") == "region" ? (
        "The target ${local._targets[each.key].label} (${local._target_arns[each.key]}) is not in the rules' account (${local._account_id}): say cross_account = true, so that the rule gets a role for it, and let the target's own policy admit that role (output target_policies)."
        ) : (
        "The target ${local._targets[each.key].label} (${coalesce(local._target_arns[each.key], "?")}) is not in the rules' account and Region (${local._account_id}, ${local._region}), which EventBridge asks for. Make the rule there, or forward the events to the event bus there."
      )
    }

    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].kind == null ? true : !local._targets[each.key].cross_account || local._kinds[local._targets[each.key].kind].reach == "region"
      error_message = "The target ${local._targets[each.key].label} has cross_account, which is for a function, a queue, a stream or a topic of another account: leave it out. A bus needs no word, and no rule reaches anything else there."
    }

    precondition {
      condition     = local._told[each.key] && local._targets[each.key].kind == "bus" ? local._targets[each.key].bus.arn != "${local._arn_start}:event-bus/${local._bus_name}" : true
      error_message = "The target ${local._targets[each.key].label} is the event bus that the rule is on: its events would go round in a circle. Give another bus, or what the events are meant for."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].kind != "bus" || (local._targets[each.key].input == null && local._targets[each.key].input_transformer == null)
      error_message = "The target ${local._targets[each.key].label} is an event bus, which gets the event as it is: leave input and input_transformer out, and shape the text in the rule there."
    }

    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].input == null || local._targets[each.key].input_transformer == null
      error_message = "The target ${local._targets[each.key].label} has input (the same text for every event) and input_transformer (a text made from the event): leave one out."
    }

    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].input == null ? true : can(jsondecode(local._targets[each.key].input)) && length(local._targets[each.key].input) <= 8192
      error_message = "The input of the target ${local._targets[each.key].label} must be JSON of up to 8,192 characters (a plain text needs quotes: jsonencode(\"text\"))."
    }

    precondition {
      condition     = length(lookup(local._transformer_faults, each.key, [])) == 0
      error_message = join(" ", lookup(local._transformer_faults, each.key, []))
    }

    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
    precondition {
      condition = !local._told[each.key] || try(local._targets[each.key].retry.max_age_seconds >= 60 && local._targets[each.key].retry.max_age_seconds <= 86400 && floor(local._targets[each.key].retry.max_age_seconds) == local._targets[each.key].retry.max_age_seconds, true) && (
        try(local._targets[each.key].retry.max_attempts >= 0 && local._targets[each.key].retry.max_attempts <= 185 && floor(local._targets[each.key].retry.max_attempts) == local._targets[each.key].retry.max_attempts, true)
      )
      error_message = "In the target ${local._targets[each.key].label}, retry.max_age_seconds must be a whole number from 60 to 86400, retry.max_attempts one from 0 to 185."
    }

    precondition {
      condition     = local._told[each.key] && local._targets[each.key].kind == "topic" ? !endswith(local._targets[each.key].topic.arn, ".fifo") : true
      error_message = "The target ${local._targets[each.key].label} is a FIFO topic, which can't be a target: give a standard topic (the alert-topic module makes one)."
    }

    precondition {
      condition     = local._told[each.key] && local._targets[each.key].kind == "queue" && !local._targets[each.key].cross_account ? can(regex("^[A-Za-z0-9_-]{1,80}$", local._targets[each.key].queue.name)) : true
      error_message = "queue.name of the target ${local._targets[each.key].label} must be the bare name of a standard queue (a FIFO queue would need a message group): pass the queue whole (queue = aws_sqs_queue.x)."
    }

    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    precondition {
      condition     = !local._told[each.key] || !strcontains(try(coalesce(local._targets[each.key].queue.kms_master_key_id), coalesce(local._targets[each.key].topic.kms_master_key_id), ""), "alias/aws/")
      error_message = "The target ${local._targets[each.key].label} is encrypted with AWS's own key for SNS or SQS, which does not admit EventBridge: every event would be lost. Use sqs_managed_sse_enabled = true on a queue, the alert-topic module for a topic, or a key of yours that admits events.amazonaws.com."
    }

    precondition {
      condition     = local._told[each.key] && local._targets[each.key].kind == "ecs_task" ? local._targets[each.key].ecs_task.launch_type != "FARGATE" || local._targets[each.key].ecs_task.network_configuration != null : true
      error_message = "The target ${local._targets[each.key].label} is a task on Fargate, which has a network interface of its own: give ecs_task.network_configuration = { subnets = [...] }."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RunCommandTarget.html
    precondition {
      condition = local._told[each.key] && local._targets[each.key].kind == "run_command" ? length(local._targets[each.key].run_command.targets) >= 1 && length(local._targets[each.key].run_command.targets) <= 5 && alltrue([
        for key, values in local._targets[each.key].run_command.targets : can(regex("^(InstanceIds|tag:.+)$", key)) && length(values) >= 1 && length(values) <= 50
      ]) : true
      error_message = "run_command.targets of the target ${local._targets[each.key].label} must have one to five keys, each InstanceIds or tag:<name> with 1 to 50 values, as in { \"tag:Role\" = [\"web\"] }."
    }

    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].partition_key_path == null || local._targets[each.key].kind == "stream"
      error_message = "The target ${local._targets[each.key].label} has partition_key_path, which is for a stream: leave it out."
    }

    precondition {
      condition     = !local._told[each.key] || local._targets[each.key].http == null || local._targets[each.key].kind == "api_destination"
      error_message = "The target ${local._targets[each.key].label} has http, which is for an api_destination: leave it out."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html#targets-specifics-cwl
    precondition {
      condition     = local._targets[each.key].kind == "log_group" && local._targets[each.key].transformer != null ? can(regex("\"timestamp\"\\s*:", local._targets[each.key].transformer.input_template)) && can(regex("\"message\"\\s*:", local._targets[each.key].transformer.input_template)) : true
      error_message = "The target ${local._targets[each.key].label} is a log group, which takes an input_template with a timestamp and a message only: jsonencode({ timestamp = \"<time>\", message = \"...\" })."
    }
  }

  # A target that may not be reached yet would send its first events to the dead-letter queue.
  depends_on = [aws_cloudwatch_log_resource_policy.this, aws_iam_role_policy.this, aws_lambda_permission.this, aws_sqs_queue_policy.this]
}

# People read what a topic gets. Both may be meant, for a time or for a topic that no one subscribes to.
locals {
  _topic_rules = distinct([for target in values(local._targets) : local._rules[target.rule_id].key if target.kind == "topic"])
  _unfiltered  = sort([for key in local._topic_rules : key if nonsensitive(var.rules[key].needs_function)])

  # Every call of a function is an event, too: its own calls would start it again.
  _everything = sort(distinct([
    for target in values(local._targets) : local._rules[target.rule_id].key
    if contains(["function", "topic"], coalesce(target.kind, "-")) && nonsensitive(try(
      length(setsubtract(keys(local._decoded[target.rule_id]), ["account", "detail-type", "region", "source"])) == 0 &&
      contains(try(local._decoded[target.rule_id]["detail-type"], ["AWS API Call via CloudTrail"]), "AWS API Call via CloudTrail") &&
      anytrue([for matcher in local._decoded[target.rule_id].source : try(contains(["a", "aw", "aws", "aws."], matcher.prefix), false) || try(matcher.wildcard == "aws.*", false)]),
      false
    ))
  ]))
}

check "unfiltered" {
  assert {
    condition     = length(local._unfiltered) == 0
    error_message = "A topic gets all that the patterns of these rules let through, and a function was to decide or to leave out what is excluded: ${join(", ", local._unfiltered)}. Lead them to a notify reaction; or set decided_by = \"pattern\" in detections, which takes those that a pattern decides alone, and give it no exclusions."
  }
}

check "everything" {
  assert {
    condition     = length(local._everything) == 0
    error_message = "These rules match every call of every AWS service and lead to a topic or a function, which gets them all, those that it causes itself among them: ${join(", ", local._everything)}. Narrow their patterns, as with detail = { eventName = [...] }, or lead them to a queue, a stream or an archive."
  }
}
