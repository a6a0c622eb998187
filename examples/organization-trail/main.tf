data "aws_caller_identity" "management" {}

# The bucket, in the log archive account where there is one.
module "log_bucket" {
  source           = "../../modules/log-bucket"
  providers        = { aws = aws.logs }
  name             = "${var.name}-logs-${var.organization_id}"
  trail_name       = var.name
  trail_account_id = data.aws_caller_identity.management.account_id
  organization_id  = var.organization_id
  access_log       = "own"
  force_destroy    = var.force_destroy

  # A member account's root credentials are often managed centrally: Object Lock in place of MFA
  # delete. Free, but what is locked is paid for until the end, and it can't be switched off.
  # object_lock_mode = "governance"
  # object_lock_days = 365
}

# The trail, in the management account: one that records all accounts and Regions.
module "trail" {
  source     = "../../modules/trail"
  name       = var.name
  scope      = "organization"
  log_bucket = module.log_bucket

  # 0.35 USD per 100,000 management events looked at, each, in every account.
  # insights = ["call_rate", "error_rate"]

  # 0.10 USD per 100,000 events, of every account.
  # data_events = { functions = { resource_type = "AWS::Lambda::Function" } }
}
