data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _account   = data.aws_caller_identity.current.account_id
  _partition = data.aws_partition.current.partition

  # Its own calls are left out of the pattern, which spares an invocation each;
  # the function leaves them alone by itself, too. A caller without a role has
  # no such field: `anything-but` alone would leave it out as well.
  _own_role_arn = (
    var.role == null
    ? "arn:${local._partition}:iam::${local._account}:role${coalesce(var.role_path, "/")}${var.name}-${data.aws_region.current.id}"
    : var.role.arn
  )

  _not_its_own = { sessionContext = { sessionIssuer = { arn = [{ "anything-but" = [local._own_role_arn] }, { exists = false }] } } }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
  # An organization's trail is its management account's, and seen by members.
  _policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in [
        {
          Sid      = "LookAtTrails"
          Effect   = "Allow"
          Action   = ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"]
          Resource = ["arn:${local._partition}:cloudtrail:*:*:trail/*"]
        },
        var.mode != "enforce" ? null : {
          Sid    = "BringTrailsBack"
          Effect = "Allow"
          Action = concat(
            var.restore && var.event_selectors != null ? ["cloudtrail:PutEventSelectors"] : [],
            ["cloudtrail:StartLogging"],
            var.restore ? ["cloudtrail:UpdateTrail"] : [],
          )
          Resource = [for name in var.trails : "arn:${local._partition}:cloudtrail:*:${local._account}:trail/${name}"]
        },
      ] : statement if statement != null
    ]
  })
}

module "reaction" {
  source = "../reaction"

  name        = var.name
  description = "Keeps CloudTrail trails recording (${var.mode})"
  handler     = "reactor.reactions.trail_guard.handler"
  mode        = var.mode
  policy_json = local._policy_json

  settings = jsonencode({
    bucket          = var.bucket
    event_selectors = var.event_selectors
    global_events   = var.global_events
    key_prefix      = var.key_prefix
    kms_key_arn     = var.trail_key_arn
    multi_region    = var.multi_region
    restore         = var.restore
    trails          = var.trails
    validation      = var.validation
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
