data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _partition  = data.aws_partition.current.partition
  _account_id = data.aws_caller_identity.current.account_id
  _region     = data.aws_region.current.id
  _owner_arn  = "arn:${local._partition}:iam::${local._account_id}:root"

  # Put together from inputs, so that the policies are known when planning.
  _topic_arn   = "arn:${local._partition}:sns:${local._region}:${local._account_id}:${var.name}"
  _own_kms_key = var.kms_key_arn == null

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

resource "aws_kms_key" "this" {
  count = local._own_kms_key ? 1 : 0

  description             = "Encrypts the messages of the topic ${var.name}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = local._kms_key_policy
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = local._own_kms_key ? 1 : 0

  name          = "alias/alert-topic/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

resource "aws_sns_topic" "this" {
  name              = var.name
  kms_master_key_id = local._own_kms_key ? aws_kms_key.this[0].arn : var.kms_key_arn
  # Part of the topic rather than a resource of its own: there is no moment without it.
  policy = local._topic_policy
  tags   = var.tags
}
