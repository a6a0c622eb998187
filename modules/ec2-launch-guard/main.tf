data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _ec2_arn = "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  # Only in enforce is anything written, and then nothing but tags of our own
  # prefix: no tag that somebody's policy relies on can be changed.
  _policy_json = var.mode != "enforce" ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "TagWhatWasLaunched"
      Effect = "Allow"
      Action = ["ec2:CreateTags"]
      Resource = [
        "${local._ec2_arn}:instance/*",
        "${local._ec2_arn}:volume/*",
      ]
      Condition = {
        "ForAllValues:StringLike" = { "aws:TagKeys" = ["${var.tag_prefix}*"] }
      }
    }]
  })
}

module "reaction" {
  source = "../reaction"

  name        = var.name
  description = "Tags launched EC2 instances with their owner and alerts on large ones (${var.mode})"
  handler     = "reactor.reactions.ec2_launch_guard.handler"
  mode        = var.mode
  policy_json = local._policy_json

  settings = jsonencode({
    alert_from_count     = var.alert_from_count
    alert_from_size      = var.alert_from_size
    alert_instance_types = var.alert_instance_types
    tag_prefix           = var.tag_prefix
  })

  alarm_topic             = var.alarm_topic
  alert_topic             = var.alert_topic
  code_signing_config_arn = var.code_signing_config_arn
  failure_queue           = var.failure_queue
  kms_key_arn             = var.kms_key_arn
  log_group               = var.log_group
  log_level               = var.log_level
  log_retention_days      = var.log_retention_days
  max_event_age_seconds   = var.max_event_age_seconds
  max_retries             = var.max_retries
  memory_size             = var.memory_size
  package                 = var.package
  permissions_boundary    = var.permissions_boundary
  powertools_layer_arn    = var.powertools_layer_arn
  reserved_concurrency    = var.reserved_concurrency
  role                    = var.role
  role_path               = var.role_path
  tags                    = var.tags
  timeout                 = var.timeout
  tracing                 = var.tracing
  vpc_config              = var.vpc_config
}
