# What keeps logs from being deleted: MFA delete, Object Lock; and a lifecycle, which deletes them.

locals {
  _mfa_device_arn = var.mfa_device_arn == null ? "arn:${local._partition}:iam::${local._account_id}:mfa/root-account-mfa-device" : var.mfa_device_arn

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
  _mfa_delete_commands = {
    for key, state in { enable = "Enabled", disable = "Disabled" } :
    key => "aws s3api put-bucket-versioning --region ${module.location.region} --bucket ${var.name} --versioning-configuration Status=Enabled,MFADelete=${state} --mfa \"${local._mfa_device_arn} CODE\""
  }

  # What S3 answers, refreshed by every plan and apply; null before anybody ever switched it.
  _mfa_delete_enabled = try(aws_s3_bucket_versioning.this.versioning_configuration[0].mfa_delete, null) == "Enabled"

  # Whether there is one is no secret, even where a number of days is.
  _lifecycle = nonsensitive(length(var.transitions) > 0 || var.expire_after_days != null)
}

check "mfa_delete" {
  assert {
    condition     = !var.checks || var.mfa_delete == null ? true : local._mfa_delete_enabled == var.mfa_delete
    error_message = "MFA delete is to be ${coalesce(var.mfa_delete, false) ? "on" : "off"} for the bucket ${var.name}, and it is not. Only the account's root user can switch it, with this command and the device's six digits in place of CODE: ${local._mfa_delete_commands[coalesce(var.mfa_delete, false) ? "enable" : "disable"]}"
  }
}

# A bucket that exists can get it too: it only needs versions.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
resource "aws_s3_bucket_object_lock_configuration" "this" {
  count = nonsensitive(var.object_lock_mode == null) ? 0 : 1

  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      days = var.object_lock_days
      mode = upper(var.object_lock_mode)
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

module "lifecycle" {
  source = "../log-lifecycle"
  count  = local._lifecycle ? 1 : 0

  bucket_name           = aws_s3_bucket_versioning.this.bucket
  key_prefix            = var.key_prefix
  organization_id       = var.organization_id
  account_ids           = var.organization_id == null && length(var.account_ids) == 0 ? [local._trail_account_id] : var.account_ids
  expire_after_days     = var.expire_after_days
  transition_digests    = var.transition_digests
  transition_from_bytes = var.transition_from_bytes
  transitions           = var.transitions
}
