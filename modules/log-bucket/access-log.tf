locals {
  _own_access_log    = var.access_log == "own"
  _access_log_bucket = local._own_access_log ? "${var.name}-access-log" : var.access_log_bucket
  _access_log_arn    = "arn:${local._partition}:s3:::${local._own_access_log ? local._access_log_bucket : coalesce(var.access_log_bucket, "-")}"

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
  _access_log_write = {
    Sid       = "S3ServerAccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local._access_log_arn}/${var.name}/*"
    Condition = {
      ArnLike      = { "aws:SourceArn" = local._bucket_arn }
      StringEquals = { "aws:SourceAccount" = local._account_id }
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  count = var.access_log == "off" ? 0 : 1

  bucket        = aws_s3_bucket.this.id
  target_bucket = local._own_access_log ? aws_s3_bucket.access_log[0].id : var.access_log_bucket
  target_prefix = "${var.name}/"

  # S3 delivers nothing until the target admits it.
  depends_on = [aws_s3_bucket_policy.access_log]
}

# No Object Lock here, whatever the log bucket has: S3 delivers no access logs to such a bucket.
resource "aws_s3_bucket" "access_log" {
  #checkov:skip=CKV_AWS_18:It is the access log; a log of the log would never end
  #checkov:skip=CKV_AWS_144:Access logs tell of reads and are delivered at best effort; the logs themselves are what is archived
  #checkov:skip=CKV_AWS_145:S3 delivers access logs to buckets with S3-managed keys only
  #checkov:skip=CKV2_AWS_61:Access logs are small and kept, unless access_log_expire_after_days is given
  #checkov:skip=CKV2_AWS_62:Notifications are for programs that read each file as it comes; nothing here does
  count = local._own_access_log ? 1 : 0

  bucket        = local._access_log_bucket
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "access_log" {
  count = local._own_access_log ? 1 : 0

  bucket                  = aws_s3_bucket.access_log[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "access_log" {
  count = local._own_access_log ? 1 : 0

  bucket = aws_s3_bucket.access_log[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "access_log" {
  count = local._own_access_log ? 1 : 0

  bucket = aws_s3_bucket.access_log[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access_log" {
  count = local._own_access_log ? 1 : 0

  bucket = aws_s3_bucket.access_log[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "access_log" {
  count = local._own_access_log ? 1 : 0

  bucket = aws_s3_bucket.access_log[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local._access_log_arn, "${local._access_log_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "DenyOutdatedTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local._access_log_arn, "${local._access_log_arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      local._access_log_write,
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.access_log, aws_s3_bucket_ownership_controls.access_log]
}

resource "aws_s3_bucket_lifecycle_configuration" "access_log" {
  count = local._own_access_log && nonsensitive(var.access_log_expire_after_days != null) ? 1 : 0

  bucket = aws_s3_bucket.access_log[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {
      prefix = ""
    }

    expiration {
      days = var.access_log_expire_after_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.access_log]
}
