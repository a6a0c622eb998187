module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    alarm_topic             = try(var.alarm_topic.arn, null)
    alert_topic             = try(var.alert_topic.arn, null)
    code_signing_config_arn = var.code_signing_config_arn
    kms_key_arn             = var.kms_key_arn
    log_kms_key_arn         = var.log_kms_key_arn
    permissions_boundary    = var.permissions_boundary
    powertools_layer_arn    = var.powertools_layer_arn
  }
  regional_arns = {
    alarm_topic             = try(var.alarm_topic.arn, null)
    code_signing_config_arn = var.code_signing_config_arn
    kms_key_arn             = var.kms_key_arn
    powertools_layer_arn    = var.powertools_layer_arn
  }
}

locals {
  # ARNs in policy text are built from inputs, so that every policy is known
  # at plan time and free of cycles.
  _account    = module.location.account_id
  _dns_suffix = module.location.dns_suffix
  _partition  = module.location.partition
  _region     = module.location.region

  _account_id    = coalesce(var.trail_account_id, local._account)
  _bucket_region = coalesce(var.bucket_region, local._region)
  _home_region   = coalesce(var.home_region, local._region)

  _function_arn   = "arn:${local._partition}:lambda:${local._region}:${local._account}:function:${var.name}"
  _log_group_name = "/aws/lambda/${var.name}"
  _queue_prefix   = "arn:${local._partition}:sqs:${local._region}:${local._account}:${var.name}"
  _table_arn      = "arn:${local._partition}:dynamodb:${local._region}:${local._account}:table/${var.name}-checkpoints"

  _bucket_arn = "arn:${local._partition}:s3:::${var.bucket_name}"
  _logs_path  = join("/", compact([var.key_prefix == null ? "" : trim(var.key_prefix, "/"), "AWSLogs"]))

  _settings = {
    account_id       = local._account_id
    accounts         = sort(var.accounts)
    bucket           = var.bucket_name
    bucket_region    = local._bucket_region
    checkpoint_table = "${var.name}-checkpoints"
    concurrency      = var.concurrency
    delivered_to     = var.replica_of == null ? "" : var.replica_of
    home_region      = local._home_region
    lag_minutes      = var.lag_minutes
    lookback_hours   = var.lookback_hours
    organization_id  = var.organization_id == null ? "" : var.organization_id
    prefix           = var.key_prefix == null ? "" : trim(var.key_prefix, "/")
    regions          = sort(var.regions)
    reprove_days     = var.reprove_days
    retention_days   = var.retention_days == null ? 0 : var.retention_days
    stale_minutes    = var.stale_minutes
    trail_name       = var.trail_name
  }

  # Lambda measures the variables as one JSON text. What is not known while planning is measured as its
  # usual length.
  _environment_bytes = 600 + length(jsonencode(jsonencode(local._settings)))
}
