locals {
  _failure_queue_name = (
    var.failure_queue == null
    ? "${var.name}-failures"
    : element(split(":", var.failure_queue.arn), 5)
  )

  _failure_queue_arn = (
    var.failure_queue == null
    ? "arn:${local._partition}:sqs:${local._region}:${local._account}:${local._failure_queue_name}"
    : var.failure_queue.arn
  )

  # A queue of one's own may name its key by id or by ARN. Under `alias/aws/sqs`
  # the key's own policy admits every sender of the account.
  _foreign_queue_key = try(
    coalesce(var.failure_queue.kms_key_arn, var.failure_queue.kms_master_key_id), null
  )

  _failure_queue_key_arn = (
    var.failure_queue == null ? var.kms_key_arn
    : local._foreign_queue_key == null ? null
    : startswith(local._foreign_queue_key, "arn:") ? local._foreign_queue_key
    : startswith(local._foreign_queue_key, "alias/") ? null
    : "arn:${local._partition}:kms:${local._region}:${local._account}:key/${local._foreign_queue_key}"
  )
}

# Where an event ends when the function failed on it to the last try.
resource "aws_sqs_queue" "failures" {
  count = var.failure_queue == null ? 1 : 0

  name                              = local._failure_queue_name
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  kms_master_key_id                 = var.kms_key_arn
  message_retention_seconds         = 1209600 # 14 days, the longest that SQS keeps
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  tags                              = var.tags

  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
      Resource  = local._failure_queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
