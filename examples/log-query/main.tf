# Beside a trail that somebody else made: its log as tables, and ten questions that are ready to ask.
module "log_query" {
  source = "../../modules/log-query"

  name          = var.name
  force_destroy = true

  logs = {
    cloudtrail = {
      account_ids = var.account_ids
      insights    = true
      bucket = {
        key_prefix      = var.key_prefix
        kms_key_arn     = var.kms_key_arn
        name            = var.bucket_name
        organization_id = var.organization_id
      }
    }
  }
}

# For those who investigate. The bucket's owner, if that is another account, has to admit them, too.
resource "aws_iam_policy" "investigate" {
  name   = "${var.name}-investigate"
  policy = module.log_query.policy_json
}
