locals {
  # Who may send to each queue: the rules that have it as a target, or as their dead-letter queue.
  # A queue of another account admits the rule's role: see the output target_policies.
  _target_queues = {
    for target in values(local._targets) : target.queue.name => merge(target.queue, { rule_id = target.rule_id })...
    if target.kind == "queue" && !target.cross_account ? target.queue.name != null : false
  }
  _own_dead_letter_queue = nonsensitive(var.dead_letter_queue == null)
  # By its name alone: the url of a queue of the same apply is not known yet.
  _given_dead_letter_queue = try(var.dead_letter_queue.name, null) != null
  _queue_rules = merge(
    { for name, uses in local._target_queues : name => distinct(uses[*].rule_id) },
    local._given_dead_letter_queue ? { (var.dead_letter_queue.name) = keys(local._rules) } : {},
  )
  _queues = merge(
    { for name, uses in local._target_queues : name => uses[0] },
    local._given_dead_letter_queue ? { (var.dead_letter_queue.name) = var.dead_letter_queue } : {},
  )

  _dead_letter_queue_name = "${var.name}-dead-letters"
  _senders = merge(
    local._queue_rules,
    local._own_dead_letter_queue ? { (local._dead_letter_queue_name) = keys(local._rules) } : {},
  )
  _queue_arns = { for name in keys(local._senders) : name => "arn:${local._partition}:sqs:${local._region}:${local._account_id}:${name}" }

  # The rules by their ARNs, or by the beginning of their names where that would be too long for SQS.
  _exact_senders = { for name, ids in local._senders : name => sort([for id in ids : local._rule_arns[id]]) }
  _wide_senders = {
    for name, ids in local._senders : name => sort(distinct([
      for id in ids : startswith(local._rules[id].name, "${var.name}-") ? "${local._arn_start}:rule/${local._bus_path}${var.name}-*" : local._rule_arns[id]
    ]))
  }
  # 1,000 for the rest of the policy but what is merged into it.
  _too_many = { for name, arns in local._exact_senders : name => length(jsonencode(arns)) > 8192 - 1000 - length(lookup(var.existing_queue_policies, name, "")) }

  # What is in a policy already and not from here.
  _our_sids = ["DenyInsecureTransport", "EventBridgeRules-${local._sid}"]
  _kept = {
    for name in keys(local._senders) : name => [
      for statement in flatten([try(jsondecode(var.existing_queue_policies[name]).Statement, [])]) : statement
      if !contains(local._our_sids, try(statement.Sid, ""))
    ]
  }
  _strangers = {
    for name, queue in local._queues : name => [
      for statement in flatten([try(jsondecode(queue.policy).Statement, [])]) : try(statement.Sid, "a statement without Sid")
      if !contains(concat(local._our_sids, [for kept in local._kept[name] : try(kept.Sid, "")]), try(statement.Sid, ""))
    ]
  }

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
  _queue_statements = {
    for name, ids in local._senders : name => concat(
      [
        {
          Sid       = "DenyInsecureTransport"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = local._queue_arns[name]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [
        for condition in length(ids) == 0 ? [] : [local._too_many[name]] : {
          Sid       = "EventBridgeRules-${local._sid}"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = local._queue_arns[name]
          Condition = {
            for operator in [condition ? "ArnLike" : "ArnEquals"] :
            operator => { "aws:SourceArn" = condition ? local._wide_senders[name] : local._exact_senders[name] }
          }
        }
      ],
      local._kept[name],
    )
  }
  _queue_policies = { for name, statements in local._queue_statements : name => jsonencode({ Version = "2012-10-17", Statement = statements }) }

  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
  _queue_counts = {
    for name, statements in local._queue_statements : name => {
      "statements (SQS takes 20)"            = [length(statements), 20]
      "principals (SQS takes 50)"            = [length(flatten([for statement in statements : try(values(statement.Principal), [statement.Principal], [])])), 50]
      "conditions (SQS takes 10)"            = [length(flatten([for statement in statements : try([for operator in values(statement.Condition) : keys(operator)], [])])), 10]
      "actions in a statement (SQS takes 7)" = [max([for statement in statements : length(flatten([try(statement.Action, [])]))]...), 7]
    }
  }
  _queue_excesses = { for name, counts in local._queue_counts : name => [for what, count in counts : "${count[0]} ${what}" if count[0] > count[1]] }

  _dead_letter_queue = local._own_dead_letter_queue ? {
    arn   = aws_sqs_queue.dead_letters[0].arn
    name  = aws_sqs_queue.dead_letters[0].name
    owner = var.name
    url   = aws_sqs_queue.dead_letters[0].url
    } : {
    arn   = var.dead_letter_queue.arn
    name  = var.dead_letter_queue.name
    owner = var.dead_letter_queue.owner
    url   = var.dead_letter_queue.url
  }
}

resource "aws_sqs_queue" "dead_letters" {
  count = local._own_dead_letter_queue ? 1 : 0

  name                      = local._dead_letter_queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  # Inline: a policy resource of its own would wait another 25 seconds for SQS.
  policy = local._queue_policies[local._dead_letter_queue_name]
  tags   = var.tags

  lifecycle {
    precondition {
      condition     = length(local._queue_policies[local._dead_letter_queue_name]) <= 8192
      error_message = "The policy of the dead-letter queue would exceed the 8,192 characters that SQS takes: ${length(local._rules)} rules are too many for one queue, of which those with a name of their own are each listed. Leave name out (it is then <name>-<key>), or split them into several event-rules modules."
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = var.queue_policies == "emit" ? {} : local._queue_rules

  queue_url = local._queues[each.key].url
  policy    = local._queue_policies[each.key]

  lifecycle {
    precondition {
      condition     = var.queue_policies != null
      error_message = "queue_policies is missing: who writes the policy of the queue ${each.key}? A queue has one policy, and two writers overwrite each other. Set queue_policies = \"attach\" if this module alone writes it. Set \"emit\" if another event-rules module, an alert-topic or an aws_sqs_queue_policy writes it, and add the statements of the output queue_policies there."
    }

    precondition {
      condition     = length(local._queue_policies[each.key]) <= 8192
      error_message = "The policy of the queue ${each.key} would exceed the 8,192 characters that SQS takes: ${length(each.value)} rules are too many for one queue, of which those with a name of their own are each listed. Leave name out (it is then <name>-<key>), or put a topic between the rules and the queue."
    }

    precondition {
      condition     = length(local._queue_excesses[each.key]) == 0
      error_message = "The policy of the queue ${each.key} would have ${join(" and ", local._queue_excesses[each.key])}: keep less in existing_queue_policies, or put a topic between the rules and the queue."
    }

    precondition {
      condition     = local._queues[each.key].url != null
      error_message = "The queue ${each.key} was given without its url, which its policy is written through: pass the queue whole (queue = aws_sqs_queue.x)."
    }

    precondition {
      # A mocked provider's ARN is a word.
      condition     = endswith(local._queues[each.key].arn, ":${each.key}") || !startswith(local._queues[each.key].arn, "arn:")
      error_message = "The queue ${each.key} was given with the ARN of another one (${local._queues[each.key].arn}): pass the queue whole (queue = aws_sqs_queue.x)."
    }

    # Whole resources have these, and under mock_provider at least the second.
    precondition {
      condition     = local._queues[each.key].fifo_queue != null || local._queues[each.key].sqs_managed_sse_enabled != null || contains(keys(var.existing_queue_policies), each.key)
      error_message = "Whether the queue ${each.key} has a policy can't be seen from here, and writing one would replace it. Pass the queue whole (queue = aws_sqs_queue.x), give what it has in existing_queue_policies = { ${each.key} = \"...\" } (\"\" if it has none), or write its policy yourself from the output queue_policies with queue_policies = \"emit\"."
    }

    precondition {
      condition     = length(local._strangers[each.key]) == 0
      error_message = "The queue ${each.key} has a policy with statements from elsewhere, which would be lost: ${join(", ", local._strangers[each.key])}. Give it in existing_queue_policies = { ${each.key} = ... } to keep them, or, if Terraform writes that policy, set queue_policies = \"emit\" and add the statements of the output queue_policies there."
    }
  }
}
