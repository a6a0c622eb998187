locals {
  _results_bucket = var.own_results_bucket ? coalesce(var.results_bucket_name, "${var.name}-results-${local._account_id}") : var.results_bucket_name
  _results_arn    = "arn:${local._partition}:s3:::${local._results_bucket}"
  _results_prefix = "${var.name}/"
}

# A result holds what the log holds: it is kept as the log is, and not for long.
resource "aws_s3_bucket" "results" {
  #checkov:skip=CKV_AWS_18:Who asked what is in CloudTrail and in Athena's history; a log of the results' reads needs a second bucket
  #checkov:skip=CKV_AWS_21:A result can be had again by asking again; versions would outlive their expiry
  #checkov:skip=CKV_AWS_144:A result can be had again by asking again
  #checkov:skip=CKV_AWS_145:S3's own key encrypts them, unless kms_key_arn is given
  #checkov:skip=CKV2_AWS_62:Notifications are for programs that read each file as it comes; nothing here does
  count = var.own_results_bucket ? 1 : 0

  bucket        = local._results_bucket
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "results" {
  count = var.own_results_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.results[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "results" {
  count = var.own_results_bucket ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  count = var.own_results_bucket ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "results" {
  count = var.own_results_bucket ? 1 : 0

  bucket = aws_s3_bucket.results[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local._results_arn, "${local._results_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "DenyOutdatedTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local._results_arn, "${local._results_arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  # S3 answers OperationAborted when two of a bucket's settings change at once.
  depends_on = [aws_s3_bucket_public_access_block.results, aws_s3_bucket_ownership_controls.results]
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
resource "aws_s3_bucket_lifecycle_configuration" "results" {
  count = var.own_results_bucket ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {
      prefix = ""
    }

    expiration {
      days = var.results_expire_after_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}
