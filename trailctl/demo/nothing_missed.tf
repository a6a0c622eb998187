# What the demo adds to the example for its last act: the log is proven every hour, and what a rule did
# not see, its targets get from the log.

module "digest_validation" {
  source          = "../../modules/digest-validation"
  name            = "${var.name}-proof"
  trail_name      = module.trail.name
  bucket_name     = module.log_bucket.name
  log_kms_key_arn = module.log_bucket.kms_key_arn
  lag_minutes     = 15 # the local AWS's digests come at once
}

module "reconciliation" {
  source          = "../../modules/reconciliation"
  name            = "${var.name}-all"
  trail_name      = module.trail.name
  bucket_name     = module.log_bucket.name
  log_kms_key_arn = module.log_bucket.kms_key_arn
  # This output alone here, too: the rest of it waits for two queues, one after the other.
  digest_validation = { checkpoint_table = module.digest_validation.checkpoint_table }
  # This output alone, not the module whole: then nothing waits for the rules' queues.
  rules       = { main = { deployed = module.event_rules.deployed } }
  alert_topic = module.alert_topic
}
