# The trail and its bucket were made elsewhere; digest validation proves its log hour by hour. What the
# log then has and a rule did not see, the rule's targets get all the same.

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

module "digest_validation" {
  source          = "../../modules/digest-validation"
  name            = "${var.name}-proof"
  trail_name      = var.trail_name
  bucket_name     = var.bucket_name
  key_prefix      = var.key_prefix
  log_kms_key_arn = var.log_kms_key_arn
  organization_id = var.organization_id
  alert_topic     = module.alert_topic
  alarm_topic     = module.alert_topic
}

module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  witness     = module.reconciliation.witness

  rules = {
    user-created = {
      description = "A user of IAM was created"
      pattern = jsonencode({
        source = ["aws.iam"]
        detail = { eventName = ["CreateUser"] }
      })
      input_transformer = {
        input_paths    = { actor = "$.detail.userIdentity.arn", user = "$.detail.requestParameters.userName" }
        input_template = "\"<actor> created the user <user>.\""
      }
      targets = { people = { topic = module.alert_topic } }
    }
  }
}

module "reconciliation" {
  source            = "../../modules/reconciliation"
  name              = var.name
  trail_name        = var.trail_name
  bucket_name       = var.bucket_name
  key_prefix        = var.key_prefix
  log_kms_key_arn   = var.log_kms_key_arn
  organization_id   = var.organization_id
  digest_validation = module.digest_validation
  rules             = { main = module.event_rules }
  alert_topic       = module.alert_topic
  alarm_topic       = module.alert_topic
}
