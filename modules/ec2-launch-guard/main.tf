data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _ec2_arn = "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  # Looking knows no resource to narrow it to. Only in enforce is anything
  # written, and then nothing but tags of our own prefix: no tag that somebody's
  # policy relies on can be changed.
  _policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in [
        {
          Sid    = "LookAtInstances"
          Effect = "Allow"
          Action = concat(
            ["ec2:DescribeInstances"],
            var.alert_from_vcpus != null || var.alert_on_accelerators ? ["ec2:DescribeInstanceTypes"] : [],
            ["ec2:DescribeVolumes"],
          )
          Resource = ["*"]
        },
        var.mode != "enforce" ? null : {
          Sid    = "TagWhatWasLaunched"
          Effect = "Allow"
          Action = ["ec2:CreateTags"]
          Resource = [
            "${local._ec2_arn}:instance/*",
            "${local._ec2_arn}:volume/*",
          ]
          Condition = {
            "ForAllValues:StringLike" = { "aws:TagKeys" = ["${var.tag_prefix}*"] }
          }
        },
        var.mode != "enforce" || !var.stop_flagged ? null : {
          Sid      = "StopWhatIsFlagged"
          Effect   = "Allow"
          Action   = ["ec2:StopInstances"]
          Resource = ["${local._ec2_arn}:instance/*"]
        },
      ] : statement if statement != null
    ]
  })
}

module "reaction" {
  source = "../reaction"

  name        = var.name
  description = "Tags launched EC2 instances with their owner and alerts on large ones (${var.mode})"
  handler     = "reactor.reactions.ec2_launch_guard.handler"
  mode        = var.mode
  policy_json = local._policy_json

  settings = jsonencode({
    alert_from_count      = var.alert_from_count
    alert_from_size       = var.alert_from_size
    alert_from_vcpus      = var.alert_from_vcpus
    alert_instance_types  = var.alert_instance_types
    alert_on_accelerators = var.alert_on_accelerators
    stop_flagged          = var.stop_flagged
    tag_prefix            = var.tag_prefix
  })

  actions_per_hour        = var.actions_per_hour
  alarm_topic             = var.alarm_topic
  alert_topic             = var.alert_topic
  audit_bus               = var.audit_bus
  code_signing_config_arn = var.code_signing_config_arn
  exempt_accounts         = var.exempt_accounts
  exempt_principals       = var.exempt_principals
  exempt_role_paths       = var.exempt_role_paths
  exempt_tags             = var.exempt_tags
  failure_queue           = var.failure_queue
  iac_principals          = var.iac_principals
  kill_switch             = var.kill_switch
  kms_key_arn             = var.kms_key_arn
  ledger_days             = var.ledger_days
  ledger_table            = var.ledger_table
  log_group               = var.log_group
  log_level               = var.log_level
  log_retention_days      = var.log_retention_days
  max_event_age_seconds   = var.max_event_age_seconds
  max_retries             = var.max_retries
  member_role             = var.member_role
  memory_size             = var.memory_size
  package                 = var.package
  permissions_boundary    = var.permissions_boundary
  powertools_layer_arn    = var.powertools_layer_arn
  reserved_concurrency    = var.reserved_concurrency
  role                    = var.role
  role_path               = var.role_path
  settle_seconds          = var.settle_seconds
  tags                    = var.tags
  timeout                 = var.timeout
  tracing                 = var.tracing
  vpc_config              = var.vpc_config
}
