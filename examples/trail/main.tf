data "aws_caller_identity" "current" {}

# Where the log lands. Prices are those of us-east-1, about, and change.
module "log_bucket" {
  source        = "../../modules/log-bucket"
  name          = "${var.name}-logs-${data.aws_caller_identity.current.account_id}" # the key it makes: 1 USD a month
  trail_name    = var.name
  access_log    = "own" # who read the logs; cents
  force_destroy = var.force_destroy

  # MFA delete: free; the root user runs one printed command. Not beside a lifecycle.
  # mfa_delete = true

  # Where nobody has root credentials: Object Lock. Free, but what is locked is paid for until the end.
  # object_lock_mode = "governance"
  # object_lock_days = 365

  # Without MFA delete, logs may grow old here; see examples/archive for both.
  # transitions       = { GLACIER_IR = 90, DEEP_ARCHIVE = 365 } # saves 80 to 95 % of the storage
  # expire_after_days = 2555
}

module "trail" {
  source     = "../../modules/trail"
  name       = var.name
  log_bucket = module.log_bucket # management events of all Regions: the account's first copy is free

  # Less of a second copy, at 2 USD per 100,000 events. What is left out, EventBridge does not see either.
  # excluded_management_event_sources = ["kms.amazonaws.com", "rdsdata.amazonaws.com"]

  # Unusual numbers of calls or errors: 0.35 USD per 100,000 management events looked at, each.
  # insights = ["call_rate", "error_rate"]

  # Who touched which object: 0.10 USD per 100,000 events. A busy bucket has millions a day.
  # data_events = {
  #   customer-files = {
  #     resource_type = "AWS::S3::Object"
  #     read_write    = "write"
  #     resource_arns = { starts_with = ["arn:aws:s3:::acme-customers/"] }
  #   }
  # }

  # Calls through VPC endpoints: 0.10 USD per 100,000 events.
  # network_activity_events = { s3 = { event_source = "s3.amazonaws.com" } }

  # To search in: 0.50 USD a GB for what comes in, 0.03 USD a GB and month for what stays.
  # cloudwatch_logs          = "own"
  # log_group_retention_days = 30
}
