data "aws_caller_identity" "current" {}

locals {
  _suffix = data.aws_caller_identity.current.account_id
}

# Where the log lands, and where MFA delete is: no lifecycle here, S3 does not allow both.
module "log_bucket" {
  source        = "../../modules/log-bucket"
  name          = "${var.name}-logs-${local._suffix}"
  trail_name    = var.name
  mfa_delete    = var.mfa_delete # the root user runs the printed command, once
  access_log    = "own"
  force_destroy = var.force_destroy
}

module "trail" {
  source     = "../../modules/trail"
  name       = var.name
  log_bucket = module.log_bucket
}

# What carries every new log file over: 0.02 USD a GB between Regions.
module "log_replication" {
  source     = "../../modules/log-replication"
  name       = "${var.name}-log-replication"
  log_bucket = module.log_bucket
  archive    = module.log_archive

  # Tells people when a log file was not carried over: 0.30 USD a metric and month, 0.10 USD the alarm.
  alarm_topic = module.alert_topic

  # Within 15 minutes, promised: 0.015 USD a GB more.
  # replication_time_control = true
}

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

# Where it is kept: Object Lock, Glacier. Another account is better still: give the provider
# `aws.archive` an assume_role.
module "log_archive" {
  source               = "../../modules/log-archive"
  providers            = { aws = aws.archive }
  name                 = "${var.name}-archive-${local._suffix}"
  replication_role_arn = module.log_replication.role_arn
  retention_mode       = "governance" # never "compliance" to try things out: nobody can lift it
  retention_days       = var.retention_days
  force_destroy        = var.force_destroy

  # Large log files only, and never a digest.
  transitions = {
    GLACIER_IR   = 90
    DEEP_ARCHIVE = 365
  }
}
