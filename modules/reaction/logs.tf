locals {
  _log_group_name = var.log_group == null ? "/aws/lambda/${var.name}" : var.log_group.name
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts every log group; var.kms_key_arn gives it a key of your own.
  count = var.log_group == null ? 1 : 0

  name              = local._log_group_name
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}
