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

  _buckets = "arn:${local._partition}:s3:::*"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
  _writing = {
    "s3:PutBucketLogging"           = var.log_bucket != null
    "s3:PutBucketOwnershipControls" = var.ownership
    "s3:PutBucketPolicy"            = var.tls_only
    "s3:PutBucketPublicAccessBlock" = var.block_public_access
    "s3:PutBucketTagging"           = length(var.required_tags) > 0
    "s3:PutBucketVersioning"        = var.versioning
    "s3:PutEncryptionConfiguration" = var.encryption != "none"
  }

  _policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in [
        {
          Sid    = "LookAtBuckets"
          Effect = "Allow"
          Action = [
            "s3:GetBucketLogging",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
          ]
          Resource = [local._buckets]
        },
        var.mode != "enforce" || !anytrue(values(local._writing)) ? null : {
          Sid      = "SetTheBaseline"
          Effect   = "Allow"
          Action   = [for action, needed in local._writing : action if needed]
          Resource = [local._buckets]
        },
      ] : statement if statement != null
    ]
  })
}

module "reaction" {
  source = "../reaction"

  name        = var.name
  description = "Brings S3 buckets to a baseline (${var.mode})"
  handler     = "reactor.reactions.bucket_baseline.handler"
  mode        = var.mode
  policy_json = local._policy_json

  settings = jsonencode({
    block_public_access = var.block_public_access
    encryption          = var.encryption
    kms_key_arn         = var.encryption_key_arn
    log_bucket          = var.log_bucket
    log_prefix          = var.log_prefix
    ownership           = var.ownership
    skip_buckets        = var.skip_buckets
    tags                = [for key, value in var.required_tags : "${key}=${value}"]
    tls_only            = var.tls_only
    versioning          = var.versioning
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
