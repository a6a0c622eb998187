data "aws_caller_identity" "current" {}

module "log_bucket" {
  source        = "../../modules/log-bucket"
  name          = "${var.name}-logs-${data.aws_caller_identity.current.account_id}"
  trail_name    = var.name
  force_destroy = var.force_destroy
}

module "trail" {
  source     = "../../modules/trail"
  name       = var.name
  log_bucket = module.log_bucket
}

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

module "roles" {
  source          = "../../modules/iam-role-guard"
  mode            = var.mode # dry_run, until you have read in its log what it would do
  containment     = var.containment
  forbidden_names = ["admin*"]
}

module "reaction" {
  source            = "../../modules/reaction"
  name              = "${var.name}-guard"
  guard             = module.roles
  alert_topic       = module.alert_topic
  exempt_principals = var.exempt_principals
}

module "event_rules" {
  source = "../../modules/event-rules"
  name   = var.name
  rules  = { role-changed = module.reaction.rule }
}
