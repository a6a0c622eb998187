locals {
  _member_role = var.member_role == null ? null : trimprefix("${var.member_role.path}${var.member_role.name}", "/")

  _member_accounts = try(sort(coalescelist(tolist(var.member_role.accounts))), ["*"])

  # A topic that is passed whole has its key as kms_master_key_id. AWS's own key
  # for SNS admits whoever may publish.
  _alert_keys    = [for topic in var.alert_topic == null ? [] : [var.alert_topic] : topic.kms_key_arn == null ? topic.kms_master_key_id : topic.kms_key_arn]
  _alert_key_arn = try(startswith(local._alert_keys[0], "arn:") && !endswith(local._alert_keys[0], ":alias/aws/sns"), false) ? local._alert_keys[0] : null

  # Security Hub takes findings for an account's own integration, by the product's
  # ARN: the hub's is what its resource has.
  _finding_arn     = try(var.finding_target.arn, "")
  _finding_service = try(split(":", local._finding_arn)[2], "")
  _finding_region  = try(split(":", local._finding_arn)[3], "")
  _finding_action  = { events = "events:PutEvents", securityhub = "securityhub:BatchImportFindings", sqs = "sqs:SendMessage" }
  _product_arn     = "arn:${local._partition}:securityhub:${local._finding_region}:${local._account}:product/${local._account}/default"

  _finding_keys    = [for target in var.finding_target == null ? [] : [var.finding_target] : target.kms_key_arn == null ? target.kms_master_key_id : target.kms_key_arn]
  _finding_key_arn = try(startswith(local._finding_keys[0], "arn:") && !endswith(local._finding_keys[0], ":alias/aws/sqs"), false) ? local._finding_keys[0] : null

  _runtime_statements = [
    for statement in [
      # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
      # The group exists already, so CreateLogGroup is not needed.
      {
        Sid      = "WriteOwnLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${local._partition}:logs:${local._region}:${local._account}:log-group:${local._log_group_name}:*"]
      },
      # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
      {
        Sid      = "KeepFailedEvents"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [local._failure_queue_arn]
      },
      # https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/#iam-permissions
      {
        Sid      = "KeepLedger"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = [local._ledger_arn]
      },
      # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
      local._failure_queue_key_arn == null ? null : {
        Sid       = "EncryptFailedEvents"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [local._failure_queue_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${local._region}.${local._dns_suffix}" } }
      },
      var.alert_topic == null ? null : {
        Sid      = "PublishAlerts"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [var.alert_topic.arn]
      },
      # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
      # The topic may be in another Region: alerts are published where it is.
      local._alert_key_arn == null ? null : {
        Sid       = "EncryptAlerts"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = [local._alert_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "sns.${element(split(":", var.alert_topic.arn), 3)}.${local._dns_suffix}" } }
      },
      # https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
      var.finding_target == null ? null : {
        Sid      = "DeliverFindings"
        Effect   = "Allow"
        Action   = [lookup(local._finding_action, local._finding_service, "sqs:SendMessage")]
        Resource = [local._finding_service == "securityhub" ? local._product_arn : local._finding_arn]
      },
      # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
      local._finding_key_arn == null ? null : {
        Sid       = "EncryptFindings"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [local._finding_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${local._finding_region}.${local._dns_suffix}" } }
      },
      # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
      local._ledger_key_arn == null ? null : {
        Sid       = "EncryptLedger"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = [local._ledger_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${local._region}.${local._dns_suffix}" } }
      },
      # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
      var.kill_switch == null ? null : {
        Sid      = "ReadKillSwitch"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = ["arn:${local._partition}:ssm:${local._region}:${local._account}:parameter/${trimprefix(var.kill_switch.name, "/")}"]
      },
      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-manage-iam-access.html
      var.audit_bus == null ? null : {
        Sid      = "PutAuditRecords"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = [var.audit_bus.arn]
      },
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
      var.member_role == null ? null : {
        Sid      = "ActInMemberAccounts"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole"]
        Resource = [for account in local._member_accounts : "arn:${local._partition}:iam::${account}:role/${local._member_role}"]
      },
      # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
      length(local._schedules) == 0 ? null : {
        Sid      = "ScheduleLater"
        Effect   = "Allow"
        Action   = ["scheduler:CreateSchedule"]
        Resource = [local._schedule_arns]
      },
      length(local._schedules) == 0 ? null : {
        Sid       = "LetSchedulesStart"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [local._schedule_role_arn]
        Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      },
      # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
      # These actions know no resource to narrow them to ...
      var.vpc_config == null ? null : {
        Sid    = "AttachToVpc"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = ["*"]
      },
      # ... but they are for the Lambda service: its own code may not use them.
      var.vpc_config == null ? null : {
        Sid    = "LeaveVpcToTheService"
        Effect = "Deny"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource  = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local._function_arn } }
      },
      # https://docs.aws.amazon.com/xray/latest/devguide/security_iam_id-based-policy-examples.html
      !var.tracing ? null : {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
    ] : statement if statement != null
  ]

  # `Statement` may be one statement or a list of them, with attributes of their
  # own each, for which a conditional has no common type.
  _reaction_statements = flatten([try(jsondecode(local._guard.policy_json).Statement, [])])

  _policy_json = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local._runtime_statements, local._reaction_statements)
  })
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name                 = local._role_name
  path                 = var.role_path
  description          = "What the reaction ${var.name} may do"
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

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_290:The actions on * know no resource; see the comments on the statements.
  #checkov:skip=CKV_AWS_355:The actions on * know no resource; see the comments on the statements.
  count = var.role == null ? 1 : 0

  name   = "reaction"
  role   = aws_iam_role.this[0].name
  policy = local._policy_json

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(local._policy_json) <= 10240
      error_message = "The policy of the reaction's role would have ${length(local._policy_json)} characters, and IAM takes 10,240: shorten guard.policy_json${length(local._member_accounts) > 1 ? ", or leave out member_role.accounts, which then means every account that has the role" : ""}."
    }
  }
}
