locals {
  # A topic that is passed whole has its key as kms_master_key_id.
  _alert_keys    = [for topic in var.alert_topic == null ? [] : [var.alert_topic] : topic.kms_key_arn == null ? topic.kms_master_key_id : topic.kms_key_arn]
  _alert_key_arn = try(startswith(local._alert_keys[0], "arn:") && !endswith(local._alert_keys[0], ":alias/aws/sns"), false) ? local._alert_keys[0] : null

  _rule_arns = sort(distinct([for rule in values(local._rules) : rule.arn]))

  _statements = [
    for statement in [
      # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
      {
        Sid      = "WriteOwnLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${local._log_group_arn}:*"]
      },
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/list-obj-version-enabled-bucket.html
      # Without ListBucket a file that is gone would look like one that may not be read.
      {
        Sid      = "FindFiles"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [local._bucket_arn]
      },
      {
        Sid      = "ReadFiles"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${local._bucket_arn}/${local._logs_path}/*"]
      },
      # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail-decrypt.html
      var.log_kms_key_arn == null ? null : {
        Sid       = "DecryptFiles"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [var.log_kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local._bucket_region}.${local._dns_suffix}" } }
      },
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
      # The action knows no resource.
      local._proven ? {
        Sid      = "ReadPublicKeys"
        Effect   = "Allow"
        Action   = ["cloudtrail:ListPublicKeys"]
        Resource = ["*"]
      } : null,
      local._proven ? {
        Sid      = "ReadProofs"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:Scan"]
        Resource = [var.digest_validation.checkpoint_table.arn]
      } : null,
      {
        Sid      = "KeepState"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"]
        Resource = [local._table_arn]
      },
      {
        Sid      = "FindLines"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:ListBucketVersions"]
        Resource = [local._witness_bucket_arn]
      },
      {
        Sid      = "ReadLines"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${local._witness_bucket_arn}/rules.json", "${local._witness_bucket_arn}/witness/*"]
      },
      # The whole catalogue's rules have more characters than a role's policies may have.
      length(local._rules) == 0 ? null : {
        Sid      = "LookAtRules"
        Effect   = "Allow"
        Action   = ["events:DescribeRule"]
        Resource = length(jsonencode(local._rule_arns)) <= 4096 ? local._rule_arns : ["arn:${local._partition}:events:${local._region}:${local._account}:rule/*"]
      },
      # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      {
        Sid      = "TakeAndGiveWork"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource = [local._queues.work]
      },
      {
        Sid      = "KeepFailedRuns"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [local._queues.failures]
      },
      var.kms_key_arn == null ? null : {
        Sid      = "UseOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = [
          "dynamodb.${local._region}.${local._dns_suffix}",
          "sqs.${local._region}.${local._dns_suffix}",
        ] } }
      },
      var.alert_topic == null ? null : {
        Sid      = "PublishAlerts"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [var.alert_topic.arn]
      },
      # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
      local._alert_key_arn == null ? null : {
        Sid       = "EncryptAlerts"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = [local._alert_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "sns.${element(split(":", var.alert_topic.arn), 3)}.${local._dns_suffix}" } }
      },
    ] : statement if statement != null
  ]

  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  _redelivery = concat(
    [
      for action, arns in local._reached : {
        Sid      = { "lambda:InvokeFunction" = "RedeliverToFunctions", "sns:Publish" = "RedeliverToTopics", "sqs:SendMessage" = "RedeliverToQueues" }[action]
        Effect   = "Allow"
        Action   = [action]
        Resource = arns
      } if length(arns) > 0
    ],
    [
      for keys in [local._target_keys] : {
        Sid       = "EncryptRedelivered"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = keys
        Condition = { StringEquals = { "kms:ViaService" = ["sns.${local._region}.${local._dns_suffix}", "sqs.${local._region}.${local._dns_suffix}"] } }
      } if length(keys) > 0
    ],
  )

  _policy_json = jsonencode({ Version = "2012-10-17", Statement = concat(local._statements, local._redelivery) })
}

resource "aws_iam_role" "function" {
  # IAM is global while everything else here is Regional. A name with the Region in it would replace the
  # role where the Region is not known yet.
  name_prefix          = substr("${var.name}-", 0, 38)
  path                 = var.role_path
  description          = "What the reconciliation ${var.name} may do"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  #checkov:skip=CKV_AWS_290:cloudtrail:ListPublicKeys, the only action on *, knows no resource.
  #checkov:skip=CKV_AWS_355:cloudtrail:ListPublicKeys, the only action on *, knows no resource.
  name   = "reconciliation"
  role   = aws_iam_role.function.name
  policy = local._policy_json

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(local._policy_json) <= 10240
      error_message = "The policy of the function's role would have ${length(local._policy_json)} characters, and IAM takes 10,240: the rules have too many targets to redeliver to. Set redeliver = false, or give the rules of some in a second reconciliation module."
    }
  }
}

resource "aws_iam_role" "schedule" {
  name_prefix          = substr("${var.name}-start-", 0, 38)
  path                 = var.role_path
  description          = "Starts the reconciliation ${var.name}"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local._account } }
    }]
  })
}

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
resource "aws_iam_role_policy" "schedule" {
  name = "start"
  role = aws_iam_role.schedule.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Start"
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction"]
          Resource = [local._function_arn]
        },
        {
          Sid      = "KeepFailedStarts"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [local._queues.failures]
        },
      ],
      var.kms_key_arn == null ? [] : [{
        Sid      = "UseOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [var.kms_key_arn]
      }],
    )
  })
}
