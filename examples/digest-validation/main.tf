# The trail and its bucket were made elsewhere, by Control Tower for instance:
# nothing of them is touched. They are named, and that is all.

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

module "digest_validation" {
  source          = "../../modules/digest-validation"
  name            = var.name
  trail_name      = var.trail_name
  bucket_name     = var.bucket_name
  key_prefix      = var.key_prefix
  log_kms_key_arn = var.log_kms_key_arn
  organization_id = var.organization_id
  alert_topic     = module.alert_topic
  alarm_topic     = module.alert_topic
}
