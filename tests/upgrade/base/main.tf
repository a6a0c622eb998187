# Everything of ours that keeps something: what is in it must outlive an upgrade.

provider "aws" {}

data "aws_caller_identity" "current" {}

locals {
  _account_id = data.aws_caller_identity.current.account_id
}

module "alert_topic" {
  source            = "${modules}/alert-topic"
  name              = "kept-alerts"
  email_subscribers = ["ana@example.com"]
}

module "log_bucket" {
  source        = "${modules}/log-bucket"
  name          = "kept-logs-${local._account_id}"
  trail_name    = "kept"
  access_log    = "own"
  force_destroy = true
}

module "trail" {
  source          = "${modules}/trail"
  name            = "kept"
  log_bucket      = module.log_bucket
  cloudwatch_logs = "own"
}

module "log_replication" {
  source      = "${modules}/log-replication"
  name        = "kept-replication"
  log_bucket  = module.log_bucket
  archive     = module.log_archive
  alarm_topic = module.alert_topic
}

module "log_archive" {
  source               = "${modules}/log-archive"
  name                 = "kept-archive-${local._account_id}"
  replication_role_arn = module.log_replication.role_arn
  retention_mode       = "governance"
  retention_days       = 400
  force_destroy        = true
}

module "digest_validation" {
  source          = "${modules}/digest-validation"
  name            = "kept-proof"
  trail_name      = "kept"
  bucket_name     = module.log_bucket.name
  log_kms_key_arn = module.log_bucket.kms_key_arn
  alert_topic     = module.alert_topic
  alarm_topic     = module.alert_topic
}

module "launches" {
  source          = "${modules}/ec2-launch-guard"
  mode            = "dry_run"
  alert_from_size = "4xlarge"
}

module "reaction" {
  source      = "${modules}/reaction"
  for_each    = { launches = module.launches }
  name        = "kept-${each.key}"
  guard       = each.value
  alarm_topic = module.alert_topic
  alert_topic = module.alert_topic
}

module "event_rules" {
  source      = "${modules}/event-rules"
  name        = "kept"
  alarm_topic = module.alert_topic
  archive     = { retention_days = 90 }
  rules       = { for key, reaction in module.reaction : key => reaction.rule }
  witness     = module.reconciliation.witness
}

module "reconciliation" {
  source            = "${modules}/reconciliation"
  name              = "kept-missed"
  trail_name        = "kept"
  bucket_name       = module.log_bucket.name
  log_kms_key_arn   = module.log_bucket.kms_key_arn
  digest_validation = module.digest_validation
  rules             = { main = module.event_rules }
  alert_topic       = module.alert_topic
  alarm_topic       = module.alert_topic
}

module "log_query" {
  source        = "${modules}/log-query"
  name          = "kept-query"
  force_destroy = true
  logs          = { cloudtrail = { bucket = module.log_bucket } }
}

module "hub" {
  source      = "${modules}/event-forwarding"
  name        = "kept-hub"
  bus_policy  = "own"
  account_ids = ["123456789012"]
}
