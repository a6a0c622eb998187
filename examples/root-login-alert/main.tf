data "aws_caller_identity" "current" {}

data "aws_region" "home" {}

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
  source = "../../modules/detections"
  ids    = ["root-access-key", "root-credential", "root-login", "root-login-failed"]
}

module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  rules = merge(module.detections.rules, {
    "*" = { targets = { people = { topic = module.alert_topic } } }
    # An alarm of another Region can't report to this topic: its change of state is forwarded here.
    alarms-elsewhere = {
      description = "CloudWatch alarms of the Region that forwards"
      pattern = jsonencode({
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        region      = [{ anything-but = [data.aws_region.home.id] }]
        detail      = { state = { value = ["ALARM"] } }
      })
      input_transformer = module.alert_topic.messages.alarm
    }
  })
}

# Home: its own events and those that are forwarded reach the same rules.
module "home" {
  source          = "../../modules/event-forwarding"
  name            = "${var.name}-home"
  alarm_topic     = module.alert_topic
  canary_schedule = "rate(5 minutes)"
  canaries = merge(
    { home = {} },
    data.aws_region.home.id == var.global_region ? {} : { global = { region = var.global_region } },
  )
}

module "forwarding" {
  source    = "../../modules/event-forwarding"
  count     = data.aws_region.home.id == var.global_region ? 0 : 1
  providers = { aws = aws.global }

  name            = var.name
  hub_bus         = module.home
  canary_schedule = "rate(5 minutes)"
}
