# Delivery to CloudWatch Logs, where it is asked for.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html

locals {
  _own_log_group  = var.cloudwatch_logs == "own"
  _log_group_name = local._own_log_group ? "/aws/cloudtrail/${var.name}" : try(element(split(":", var.log_group.arn), 6), null)
  _log_group_arn  = var.cloudwatch_logs == "off" ? null : local._own_log_group ? aws_cloudwatch_log_group.this[0].arn : trimsuffix(var.log_group.arn, ":*")

  # An organization trail's streams begin with the organization's id; CloudTrail asks for both grants.
  _streams = concat(
    ["${local._account_id}_CloudTrail_${local._region}*"],
    [for id in compact([var.scope == "organization" ? var.log_bucket.organization_id : null]) : "${id}_*"],
  )
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts log groups by itself; a key of one's own is log_group_kms_key_arn
  #checkov:skip=CKV_AWS_338:The bucket is where the log is kept; here it is for searching, and costs by the gigabyte
  count = local._own_log_group ? 1 : 0

  name              = local._log_group_name
  kms_key_id        = var.log_group_kms_key_arn
  retention_in_days = var.log_group_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "logs" {
  count = var.cloudwatch_logs == "off" ? 0 : 1

  # IAM's names are the account's: the same trail in another Region has a role of its own. A name with
  # the Region in it would replace the role where the Region is not known yet.
  name_prefix          = substr("${var.name}-logs-", 0, 38)
  path                 = var.role_path
  description          = "Lets the trail ${var.name} deliver to CloudWatch Logs"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # Without aws:SourceArn: with it, delivery has stopped for people.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "cloudtrail.amazonaws.com" }
    }]
  })
}

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
resource "aws_iam_role_policy" "logs" {
  count = var.cloudwatch_logs == "off" ? 0 : 1

  name = "deliver"
  role = aws_iam_role.logs[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "Deliver"
      Effect = "Allow"
      Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [
        for stream in local._streams :
        "arn:${local._partition}:logs:${local._region}:${local._account_id}:log-group:${local._log_group_name}:log-stream:${stream}"
      ]
    }]
  })
}
