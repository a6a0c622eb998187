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
  insights   = ["call_rate", "error_rate"]
}

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
  source = "../../modules/detections"
  ids    = ["insight"]
}

module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  rules = merge(module.detections.rules, {
    "*" = { targets = { people = { topic = module.alert_topic, input_transformer = module.alert_topic.messages.insight } } }
  })
}
