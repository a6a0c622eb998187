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

  _arn_of         = { for service in ["dynamodb", "firehose", "lambda", "logs", "sqs"] : service => "arn:${local._partition}:${service}:${local._region}:${local._account}" }
  _function_arn   = "${local._arn_of.lambda}:function:${var.name}"
  _log_group_arn  = "${local._arn_of.logs}:log-group:${local._log_group_name}"
  _log_group_name = "/aws/lambda/${var.name}"
  _queue_prefix   = "${local._arn_of.sqs}:${var.name}"
  _stream_arn     = "${local._arn_of.firehose}:deliverystream/${var.name}-witness"
  _table_arn      = "${local._arn_of.dynamodb}:table/${var.name}-state"

  _bucket_arn = "arn:${local._partition}:s3:::${var.bucket_name}"
  _logs_path  = join("/", compact([var.key_prefix == null ? "" : trim(var.key_prefix, "/"), "AWSLogs"]))

  # The account and Region make it unique in the world.
  _witness_bucket     = "${var.name}-${local._account}-${local._region}"
  _witness_bucket_arn = "arn:${local._partition}:s3:::${local._witness_bucket}"
  _proven             = nonsensitive(var.digest_validation != null)

  _settings = {
    account_id        = local._account_id
    bucket            = var.bucket_name
    bucket_region     = local._bucket_region
    checkpoint_table  = local._proven ? var.digest_validation.checkpoint_table.name : ""
    delivered_to      = var.replica_of == null ? "" : var.replica_of
    failure_queue_url = aws_sqs_queue.failures.url
    home_region       = local._home_region
    lag_minutes       = var.lag_minutes
    late_minutes      = var.late_minutes
    organization_id   = var.organization_id == null ? "" : var.organization_id
    prefix            = var.key_prefix == null ? "" : trim(var.key_prefix, "/")
    redeliver         = var.redeliver
    stale_minutes     = var.stale_minutes
    state_table       = "${var.name}-state"
    trail_name        = var.trail_name
    witness_bucket    = local._witness_bucket
    work_queue_url    = aws_sqs_queue.work.url
  }
}
