data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _account   = data.aws_caller_identity.current.account_id
  _partition = data.aws_partition.current.partition

  _ec2_arn = "arn:${local._partition}:ec2:${data.aws_region.current.id}:${local._account}"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  _policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in [
        {
          Sid      = "LookAtGroups"
          Effect   = "Allow"
          Action   = ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"]
          Resource = ["*"]
        },
        var.mode != "enforce" ? null : {
          Sid      = "RevokeRules"
          Effect   = "Allow"
          Action   = ["ec2:RevokeSecurityGroupIngress"]
          Resource = ["${local._ec2_arn}:security-group-rule/*", "${local._ec2_arn}:security-group/*"]
        },
      ] : statement if statement != null
    ]
  })
}

module "reaction" {
  source = "../reaction"

  name        = var.name
  description = "Revokes rules that open risky ports to the world (${var.mode})"
  handler     = "reactor.reactions.security_group_guard.handler"
  mode        = var.mode
  policy_json = local._policy_json

  settings = jsonencode(merge(
    {
      allowed_groups = var.allowed_groups
      allowed_ports  = var.allowed_ports
    },
    var.ports == null ? {} : { ports = var.ports },
  ))

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
