module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    alarm_topic          = try(var.alarm_topic.arn, null)
    kms_key_arn          = var.kms_key_arn
    permissions_boundary = var.permissions_boundary
  }
  regional_arns = {
    alarm_topic = try(var.alarm_topic.arn, null)
    kms_key_arn = var.kms_key_arn
  }
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id
  _region     = module.location.region
  _owner_arn  = "arn:${local._partition}:iam::${local._account_id}:root"

  # Put together from inputs, so that the policies are known when planning.
  _topic_arn   = "arn:${local._partition}:sns:${local._region}:${local._account_id}:${var.name}"
  _kms_key_arn = var.kms_key_arn == null ? one(aws_kms_key.this[*].arn) : var.kms_key_arn

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
  _topic_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local._topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OwnerAccount"
        Effect    = "Allow"
        Principal = { AWS = local._owner_arn }
        Action = [
          "sns:AddPermission",
          "sns:DeleteTopic",
          "sns:GetTopicAttributes",
          "sns:ListSubscriptionsByTopic",
          "sns:Publish",
          "sns:RemovePermission",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
        ]
        Resource = local._topic_arn
      },
      {
        # No Condition: EventBridge does not support one in a topic's policy.
        Sid       = "EventBridgePublish"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local._topic_arn
      },
      {
        Sid       = "CloudWatchAlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local._topic_arn
        Condition = {
          ArnLike      = { "aws:SourceArn" = "arn:${local._partition}:cloudwatch:${local._region}:${local._account_id}:alarm:*" }
          StringEquals = { "aws:SourceAccount" = local._account_id }
        }
      },
    ], var.policy_statements == null ? [] : jsondecode(var.policy_statements))
  })

  # No aws:SourceArn or aws:SourceAccount here: EventBridge sends neither to an encrypted topic's key.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
  _kms_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnerAccount"
        Effect    = "Allow"
        Principal = { AWS = local._owner_arn }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EventBridgePublish"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
      {
        Sid       = "CloudWatchAlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_sns_topic" "this" {
  name              = var.name
  kms_master_key_id = local._kms_key_arn
  # Part of the topic rather than a resource of its own: there is no moment without it.
  policy = local._topic_policy
  tags   = var.tags

  http_failure_feedback_role_arn = nonsensitive(length(var.https_subscribers)) == 0 ? null : one(aws_iam_role.failures[*].arn)
  sqs_failure_feedback_role_arn  = length(var.queue_subscribers) == 0 ? null : one(aws_iam_role.failures[*].arn)

  lifecycle {
    # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html#sns-policy-quotas
    precondition {
      condition     = length(local._topic_policy) <= 30720 && length(jsondecode(local._topic_policy).Statement) <= 100
      error_message = "The topic's policy would have ${length(local._topic_policy)} characters in ${length(jsondecode(local._topic_policy).Statement)} statements, and SNS takes 30,720 in 100: join or leave out some of policy_statements."
    }
  }

  depends_on = [aws_iam_role_policy.failures]
}
