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

module "trails" {
  source = "../../modules/trail-guard"
  mode   = var.mode # dry_run, until you have read in its log what it would do
  trails = [var.name]
  bucket = module.log_bucket.name
  # As the trail has them, with their names: what is put back is put back whole.
  event_selectors = jsonencode([{
    Name           = "Management events"
    FieldSelectors = [{ Field = "eventCategory", Equals = ["Management"] }]
  }])
}

module "reaction" {
  source            = "../../modules/reaction"
  name              = "${var.name}-guard"
  guard             = module.trails
  alert_topic       = module.alert_topic
  exempt_principals = var.exempt_principals
}

module "event_rules" {
  source = "../../modules/event-rules"
  name   = var.name
  rules  = { trail-touched = module.reaction.rule }
}
