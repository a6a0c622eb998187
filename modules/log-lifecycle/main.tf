locals {
  _root = "${var.key_prefix == null ? "" : "${var.key_prefix}/"}AWSLogs/"
  _base = "${local._root}${var.organization_id == null ? "" : "${var.organization_id}/"}"

  # Where the log files are, and the digests are not. A lifecycle's filter can't say "all but": it
  # needs a prefix an account and kind. The slash at the end is what keeps CloudTrail-Digest/ out.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
  _kinds = {
    logs             = "CloudTrail/"
    network-activity = "CloudTrail-NetworkActivity/"
  }

  _prefixes = length(var.transitions) == 0 ? {} : var.transition_digests ? { all = local._root } : merge([
    for id in var.account_ids : { for kind, folder in local._kinds : "${id}-${kind}" => "${local._base}${id}/${folder}" }
  ]...)
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = var.bucket_name

  dynamic "rule" {
    for_each = local._prefixes

    content {
      id     = "age-${rule.key}"
      status = "Enabled"

      filter {
        and {
          prefix = rule.value
          # A filter by size takes the place of S3's own minimum, which differs by age of the bucket.
          # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
          object_size_greater_than = max(var.transition_from_bytes - 1, 1)
        }
      }

      dynamic "transition" {
        for_each = var.transitions

        content {
          days          = transition.value
          storage_class = transition.key
        }
      }
    }
  }

  dynamic "rule" {
    for_each = var.expire_after_days[*]

    content {
      id     = "expire"
      status = "Enabled"

      filter {
        prefix = local._root
      }

      expiration {
        days = rule.value
      }

      # In a bucket with versions an expired object is only hidden; this removes it.
      noncurrent_version_expiration {
        noncurrent_days = var.remove_expired_after_days
      }
    }
  }

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {
      prefix = ""
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# An archive that nothing reads may be meant.
check "time_to_read" {
  assert {
    condition     = min(concat([7], [for class, days in var.transitions : days if class != "GLACIER_IR"], compact([var.expire_after_days]))...) >= 7
    error_message = "Log files of the bucket ${var.bucket_name} are deleted, or have to be restored, before a week is over: digest-validation, reconciliation and log-query may not have read them. Give expire_after_days and the transitions to GLACIER and DEEP_ARCHIVE 7 days or more; what is in GLACIER_IR can be read at once."
  }
}
