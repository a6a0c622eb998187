resource "aws_sns_topic_subscription" "email" {
  for_each = var.email_subscribers

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "https" {
  # The addresses may be sensitive, their names are not.
  for_each = toset(keys(var.https_subscribers))

  topic_arn = aws_sns_topic.this.arn
  protocol  = "https"
  endpoint  = var.https_subscribers[each.key]
}

resource "aws_sns_topic_subscription" "queue" {
  for_each = var.queue_subscribers

  topic_arn            = aws_sns_topic.this.arn
  protocol             = "sqs"
  endpoint             = each.value.arn
  raw_message_delivery = each.value.raw_message_delivery

  depends_on = [aws_sqs_queue_policy.this]
}

# Nobody notices an alert that never came.
check "subscriptions_confirmed" {
  assert {
    condition     = length([for subscription in merge(aws_sns_topic_subscription.email, aws_sns_topic_subscription.https) : subscription if subscription.pending_confirmation]) == 0
    error_message = "The topic ${var.name} has subscriptions that nobody confirmed, to which nothing is sent: ${join(", ", [for name, subscription in merge(aws_sns_topic_subscription.email, aws_sns_topic_subscription.https) : name if subscription.pending_confirmation])}. Confirm the message that AWS sent there; after two days it has to be asked for anew (terraform apply -replace)."
  }
}
