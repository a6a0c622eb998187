locals {
  # Addresses may be sensitive, and an address that comes from a data source always is: then a digest
  # of it takes its place as the key.
  _secret_emails = issensitive(var.email_subscribers)
  _emails = merge(
    {
      for address in nonsensitive(var.email_subscribers) :
      (local._secret_emails ? substr(sha256(address), 0, 12) : address) => address
    },
    { for key in nonsensitive(keys(var.named_email_subscribers)) : key => var.named_email_subscribers[key] },
  )

  # What could not be delivered is kept in a queue of the topic's own, whoever the subscriber is.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
  _redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered.arn })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(nonsensitive(keys(local._emails)))

  topic_arn      = aws_sns_topic.this.arn
  protocol       = "email"
  endpoint       = local._secret_emails ? sensitive(local._emails[each.key]) : local._emails[each.key]
  redrive_policy = local._redrive_policy
}

resource "aws_sns_topic_subscription" "https" {
  # The addresses may be sensitive, their names are not.
  for_each = toset(nonsensitive(keys(var.https_subscribers)))

  topic_arn      = aws_sns_topic.this.arn
  protocol       = "https"
  endpoint       = var.https_subscribers[each.key]
  redrive_policy = local._redrive_policy
}

resource "aws_sns_topic_subscription" "queue" {
  for_each = var.queue_subscribers

  topic_arn            = aws_sns_topic.this.arn
  protocol             = "sqs"
  endpoint             = each.value.arn
  raw_message_delivery = each.value.raw_message_delivery
  redrive_policy       = local._redrive_policy

  depends_on = [aws_sqs_queue_policy.this]
}

# Nobody notices an alert that never came.
check "subscriptions_confirmed" {
  assert {
    condition     = !var.checks ? true : length([for subscription in merge(aws_sns_topic_subscription.email, aws_sns_topic_subscription.https) : subscription if subscription.pending_confirmation]) == 0
    error_message = "The topic ${var.name} has subscriptions that nobody confirmed, to which nothing is sent: ${join(", ", [for name, subscription in merge(aws_sns_topic_subscription.email, aws_sns_topic_subscription.https) : name if subscription.pending_confirmation])}. Confirm the message that AWS sent there; after two days it has to be asked for anew (terraform apply -replace)."
  }
}
