# The account has a trail already (Control Tower's, say)? Delete this file.
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
