# Where the log lands, and who read it. MFA delete is the root user's to switch: see examples/archive.
module "log_bucket" {
  source        = "../../modules/log-bucket"
  name          = "${var.name}-logs-${data.aws_caller_identity.current.account_id}"
  trail_name    = var.name
  access_log    = "own"
  force_destroy = var.force_destroy
}

# What is recorded: management events of all Regions, also to a log group for the metric filters.
module "trail" {
  source          = "../../modules/trail"
  name            = var.name
  log_bucket      = module.log_bucket
  cloudwatch_logs = "own"
}

# The copy that nobody can delete for a year, in the other Region; old files move to Glacier.
module "log_archive" {
  source               = "../../modules/log-archive"
  providers            = { aws = aws.away }
  name                 = "${var.name}-archive-${data.aws_caller_identity.current.account_id}"
  replication_role_arn = module.log_replication.role_arn
  retention_mode       = "governance" # "compliance" once you are sure: nobody can lift it then
  force_destroy        = var.force_destroy
  transitions          = { GLACIER_IR = 90, DEEP_ARCHIVE = 365 }
}

module "log_replication" {
  source      = "../../modules/log-replication"
  name        = "${var.name}-log-replication"
  log_bucket  = module.log_bucket
  archive     = module.log_archive
  alarm_topic = module.alert_topic
}

# Proof, every hour, that no log file was changed, removed or added.
module "digest_validation" {
  source          = "../../modules/digest-validation"
  name            = "${var.name}-digest-validation"
  trail_name      = module.trail.name
  bucket_name     = module.log_bucket.name
  log_kms_key_arn = module.log_bucket.kms_key_arn
  alert_topic     = module.alert_topic
  alarm_topic     = module.alert_topic
}

# Years of the log in one question, and nothing to pay until somebody asks.
module "log_query" {
  source        = "../../modules/log-query"
  name          = "${var.name}-log-query"
  logs          = { cloudtrail = { bucket = module.log_bucket } }
  force_destroy = true # results of queries, not the log
}

# What auditors' tools look for beside the rules: CIS's metric filters and alarms.
module "metric_filters" {
  source      = "../../modules/metric-filters"
  name        = "${var.name}-cis"
  log_group   = module.trail.log_group
  alarm_topic = module.alert_topic
}
