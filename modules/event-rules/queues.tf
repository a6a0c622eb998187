locals {
  # Who may send to each queue: the rules that have it as a target, or as their dead-letter queue.
  _target_queues = {
    for target in values(local._targets) : target.queue.name => merge(target.queue, { rule_key = target.rule_key })... if target.queue != null
  }
  # By its name alone: the url of a queue of the same apply is not known yet.
  _given_dead_letter_queue = try(var.dead_letter_queue.name, null) != null
  _queue_rules = merge(
    { for name, uses in local._target_queues : name => distinct(uses[*].rule_key) },
    local._given_dead_letter_queue ? { (var.dead_letter_queue.name) = keys(var.rules) } : {},
  )
  _queue_urls = merge(
    { for name, uses in local._target_queues : name => uses[0].url },
    local._given_dead_letter_queue ? { (var.dead_letter_queue.name) = var.dead_letter_queue.url } : {},
  )
  _queue_arns = merge(
    { for name, uses in local._target_queues : name => uses[0].arn },
    local._given_dead_letter_queue ? { (var.dead_letter_queue.name) = var.dead_letter_queue.arn } : {},
  )

  _dead_letter_queue_name = "${var.name}-dead-letters"
  _senders = merge(
    local._queue_rules,
    var.dead_letter_queue == null ? { (local._dead_letter_queue_name) = keys(var.rules) } : {},
  )

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
  _queue_policies = {
    for name, rule_keys in local._senders : name => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [
          {
            Sid       = "DenyInsecureTransport"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sqs:*"
            Resource  = "arn:${local._partition}:sqs:${local._region}:${local._account_id}:${name}"
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
        ],
        length(rule_keys) == 0 ? [] : [
          {
            Sid       = "EventBridgeRules"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = "arn:${local._partition}:sqs:${local._region}:${local._account_id}:${name}"
            Condition = { ArnEquals = { "aws:SourceArn" = sort([for key in rule_keys : local._rule_arns[key]]) } }
          },
        ],
      )
    })
  }

  _dead_letter_queue = var.dead_letter_queue == null ? {
    arn   = aws_sqs_queue.dead_letters[0].arn
    name  = aws_sqs_queue.dead_letters[0].name
    owner = var.name
    url   = aws_sqs_queue.dead_letters[0].url
  } : var.dead_letter_queue
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.dead_letter_queue == null ? 1 : 0

  name                      = local._dead_letter_queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  # Inline: a policy resource of its own would wait another 25 seconds for SQS.
  policy = local._queue_policies[local._dead_letter_queue_name]
  tags   = var.tags

  lifecycle {
    precondition {
      condition     = length(local._queue_policies[local._dead_letter_queue_name]) <= 8192
      error_message = "The policy of the dead-letter queue would exceed the 8,192 characters that SQS takes: ${length(var.rules)} rules are too many for one queue. Split them into several event-rules modules."
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = var.queue_policies == "attach" ? local._queue_rules : {}

  queue_url = local._queue_urls[each.key]
  policy    = local._queue_policies[each.key]

  lifecycle {
    precondition {
      condition     = length(local._queue_policies[each.key]) <= 8192
      error_message = "The policy of the queue ${each.key} would exceed the 8,192 characters that SQS takes: ${length(each.value)} rules are too many for one queue. Put a topic between the rules and the queue."
    }

    precondition {
      condition     = endswith(local._queue_arns[each.key], ":${each.key}")
      error_message = "The queue ${each.key} was given with the ARN of another one (${local._queue_arns[each.key]}): pass the queue whole (queue = aws_sqs_queue.x)."
    }
  }
}
