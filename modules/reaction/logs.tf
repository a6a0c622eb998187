locals {
  _log_group_name = var.log_group == null ? "/aws/lambda/${var.name}" : var.log_group.name
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:Log groups are always encrypted; a key of one's own is var.kms_key_arn.
  count = var.log_group == null ? 1 : 0

  name              = local._log_group_name
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}
