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

# So that what was said can be seen, beside the mail.
resource "aws_sqs_queue" "audit" {
  name                    = "${var.name}-audit"
  sqs_managed_sse_enabled = true
}

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
  queue_policies    = "attach"
  queue_subscribers = { audit = aws_sqs_queue.audit }
}

module "detections" {
  source       = "../../modules/detections"
  ids          = var.ids
  min_severity = var.min_severity
}

module "notify" {
  source           = "../../modules/notify"
  mode             = var.mode # dry_run, until you have read in its log what it would tell
  trusted_accounts = var.trusted_accounts
}

module "reaction" {
  source      = "../../modules/reaction"
  name        = "${var.name}-notify"
  guard       = module.notify
  alert_topic = module.alert_topic
}

module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  # Each rule hands its detection to the one function: it decides, counts and finds sequences.
  rules = { for key, rule in module.detections.rules : key => merge(rule, {
    targets = { notify = merge(module.reaction.rule.targets.guard, { input_transformer = rule.detection_input }) }
  }) }
}
