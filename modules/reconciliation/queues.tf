locals {
  _queues = {
    failures = "${local._queue_prefix}-failures"
    work     = "${local._queue_prefix}-work"
  }

  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
  _queue_policies = {
    for name, arn in local._queues : name => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    })
  }
}

resource "aws_sqs_queue" "work" {
  name                              = "${var.name}-work"
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  kms_master_key_id                 = var.kms_key_arn
  policy                            = local._queue_policies.work
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  tags                              = var.tags

  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_timeout_seconds = min(43200, 6 * var.timeout)

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failures.arn
    maxReceiveCount     = 3
  })
}

# Where a run ends that failed to the last try: one of Scheduler, or of an
# account and Region.
resource "aws_sqs_queue" "failures" {
  name                              = "${var.name}-failures"
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  kms_master_key_id                 = var.kms_key_arn
  message_retention_seconds         = 1209600 # 14 days, the longest that SQS keeps
  policy                            = local._queue_policies.failures
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  tags                              = var.tags
}
