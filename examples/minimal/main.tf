# Every call of high severity in the catalogue, as a sentence, to people.
module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

module "detections" {
  source       = "../../modules/detections"
  decided_by   = "pattern"
  min_severity = "high"
}

module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  rules       = merge(module.detections.rules, { "*" = { targets = { people = { topic = module.alert_topic } } } })
}
