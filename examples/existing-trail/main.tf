# Beside a trail that somebody else made, such as Control Tower's for the organization: its events
# reach the default bus of every account and Region that it covers. No bucket, no trail, no copy.
data "aws_region" "home" {}

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

module "detections" {
  source       = "../../modules/detections"
  benchmark    = "cis-5.0"
  min_severity = "high"
  decided_by   = "pattern"
}

module "event_rules" {
  source         = "../../modules/event-rules"
  name           = var.name
  alarm_topic    = module.alert_topic
  queue_policies = "attach"
  rules = merge(module.detections.rules, {
    "*" = { targets = { downstream = { queue = aws_sqs_queue.downstream }, people = { topic = module.alert_topic } } }
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

# For whatever you build on the events.
resource "aws_sqs_queue" "downstream" {
  name                    = "${var.name}-downstream"
  sqs_managed_sse_enabled = true
}

module "home" {
  source = "../../modules/event-forwarding"
  name   = "${var.name}-home"
}

module "forwarding" {
  source    = "../../modules/event-forwarding"
  count     = data.aws_region.home.id == var.global_region ? 0 : 1
  providers = { aws = aws.global }

  name    = var.name
  hub_bus = module.home
}

# What auditors' tools look for beside the rules: CIS's metric filters, in the log group of the trail.
module "metric_filters" {
  source = "../../modules/metric-filters"
  count  = var.trail_log_group_name == null ? 0 : 1

  name        = "${var.name}-cis"
  alarm_topic = module.alert_topic
  log_group   = { name = var.trail_log_group_name }
}
