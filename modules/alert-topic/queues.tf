locals {
  # Keyed by the caller: a queue that the same apply makes may have no name yet.
  _queues = var.queue_subscribers

  # The policies that are written here are known in the plan; a queue that keeps a policy from elsewhere
  # may be anywhere.
  _queue_arns = {
    for key, queue in local._queues : key => var.queue_policies == "attach" ? "arn:${local._partition}:sqs:${local._region}:${local._account_id}:${queue.name}" : queue.arn
  }

  # What is in a policy already and not from here.
  _our_sids = ["DenyInsecureTransport", "AlertTopic-${var.name}"]
  _kept = {
    for key in keys(local._queues) : key => [
      for statement in flatten([try(jsondecode(var.existing_queue_policies[key]).Statement, [])]) : statement
      if !contains(local._our_sids, try(statement.Sid, ""))
    ]
  }
  _strangers = {
    for key, queue in local._queues : key => [
      for statement in flatten([try(jsondecode(queue.policy).Statement, [])]) : try(statement.Sid, "a statement without Sid")
      if !contains(concat(local._our_sids, [for kept in local._kept[key] : try(kept.Sid, "")]), try(statement.Sid, ""))
    ]
  }

  # https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html
  _queue_kms_key_statement = {
    Sid       = "AlertTopic-${var.name}"
    Effect    = "Allow"
    Principal = { Service = "sns.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = { ArnEquals = { "aws:SourceArn" = local._topic_arn } }
  }

  # https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
  _queue_policies = {
    for key in keys(local._queues) : key => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [
          {
            Sid       = "DenyInsecureTransport"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sqs:*"
            Resource  = local._queue_arns[key]
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
          {
            Sid       = "AlertTopic-${var.name}"
            Effect    = "Allow"
            Principal = { Service = "sns.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = local._queue_arns[key]
            Condition = { ArnEquals = { "aws:SourceArn" = local._topic_arn } }
          },
        ],
        local._kept[key],
      )
    })
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = var.queue_policies == "attach" ? local._queues : {}

  queue_url = each.value.url
  policy    = local._queue_policies[each.key]

  lifecycle {
    precondition {
      # A mocked provider's ARN is a word.
      condition     = each.value.arn == local._queue_arns[each.key] || !startswith(each.value.arn, "arn:")
      error_message = "The queue ${each.value.name} (${each.value.arn}) is not in the topic's account and Region (${local._account_id}, ${local._region}), or its name and ARN are of two queues: pass one from there whole (aws_sqs_queue.x), or write its policy yourself with queue_policies = \"emit\"."
    }

    # Whole resources have an id, also under a mocked provider.
    precondition {
      condition     = each.value.id != null || contains(keys(var.existing_queue_policies), each.key)
      error_message = "Whether the queue ${each.value.name} has a policy can't be seen from here, and writing one would replace it. Pass the queue whole (aws_sqs_queue.x), give what it has in existing_queue_policies = { ${each.key} = \"...\" } (\"\" if it has none), or write its policy yourself from the output queue_policies with queue_policies = \"emit\"."
    }

    precondition {
      condition     = length(local._strangers[each.key]) == 0
      error_message = "The queue ${each.value.name} has a policy with statements from elsewhere, which would be lost: ${join(", ", local._strangers[each.key])}. Give it in existing_queue_policies = { ${each.key} = ... } to keep them, or, if Terraform writes that policy, set queue_policies = \"emit\" and add the statements of the output queue_policies there."
    }
  }
}
