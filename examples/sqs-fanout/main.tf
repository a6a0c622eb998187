module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

module "event_rules" {
  source         = "../../modules/event-rules"
  name           = var.name
  alarm_topic    = module.alert_topic
  queue_policies = "attach"
  rules = {
    bucket-changed = {
      description = "A bucket was made, deleted, or its policy changed"
      pattern = jsonencode({
        source      = ["aws.s3"]
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource = ["s3.amazonaws.com"]
          eventName   = ["CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "PutBucketPolicy"]
          errorCode   = [{ exists = false }]
        }
      })
      targets = {
        audit = { queue = aws_sqs_queue.audit }
        work  = { queue = aws_sqs_queue.work }
      }
    }
  }
}

# A second reader of the same events, at its own pace.
resource "aws_sqs_queue" "audit" {
  name                    = "${var.name}-audit"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue" "work" {
  name                       = "${var.name}-work"
  sqs_managed_sse_enabled    = true
  visibility_timeout_seconds = var.visibility_timeout_seconds
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed.arn, maxReceiveCount = 3 })
}

# What the consumer failed on three times. These came from a queue: SQS's own redrive works for them.
resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = aws_sqs_queue.failed.name
  alarm_description   = "The consumer failed three times on messages that are now in the queue ${aws_sqs_queue.failed.name}. Read its log, mend it, then: aws sqs start-message-move-task --source-arn ${aws_sqs_queue.failed.arn}"
  alarm_actions       = [module.alert_topic.arn]
  ok_actions          = [module.alert_topic.arn]
  comparison_operator = "GreaterThanThreshold"
  dimensions          = { QueueName = aws_sqs_queue.failed.name }
  evaluation_periods  = 1
  metric_name         = "ApproximateNumberOfMessagesVisible"
  namespace           = "AWS/SQS"
  period              = 300
  statistic           = "Maximum"
  threshold           = 0
  treat_missing_data  = "notBreaching"
}

resource "aws_iam_role" "consumer" {
  name_prefix = "${var.name}-consumer-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "consumer" {
  name = "consume"
  role = aws_iam_role.consumer.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = aws_sqs_queue.work.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.consumer.arn}:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "consumer" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts every log group, and the consumer logs names of buckets only.
  name              = "/aws/lambda/${var.name}-consumer"
  retention_in_days = 365
}

resource "aws_lambda_function" "consumer" {
  #checkov:skip=CKV_AWS_50:X-Ray costs by the trace, and the consumer calls nothing: its log has the id of each event.
  #checkov:skip=CKV_AWS_115:Reserved concurrency fails in accounts with a low limit; the queue holds what is not taken at once.
  #checkov:skip=CKV_AWS_116:A dead-letter queue of the function is for asynchronous calls. What fails here goes back to the queue, then to the queue's own dead-letter queue.
  #checkov:skip=CKV_AWS_117:It reads its queue by the AWS API and calls nothing in a VPC; in one it would need endpoints.
  #checkov:skip=CKV_AWS_272:Code signing needs a signing profile of your own: add code_signing_config_arn.
  function_name    = "${var.name}-consumer"
  role             = aws_iam_role.consumer.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "consumer.handler"
  filename         = "${path.module}/consumer/consumer.zip"
  source_code_hash = filebase64sha256("${path.module}/consumer/consumer.zip")
  timeout          = 10

  depends_on = [aws_cloudwatch_log_group.consumer, aws_iam_role_policy.consumer]
}

resource "aws_lambda_event_source_mapping" "consumer" {
  event_source_arn                   = aws_sqs_queue.work.arn
  function_name                      = aws_lambda_function.consumer.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
}
