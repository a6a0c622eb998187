module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = merge({
    kms_key_arn          = var.kms_key_arn
    replication_role_arn = var.replication_role_arn
  }, { for number, arn in tolist(var.reader_arns) : "reader_arns[${number}]" => arn })
  regional_arns = {
    kms_key_arn = var.kms_key_arn
  }
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id
  _region     = module.location.region

  # ARNs are put together from inputs, so that every policy is known when planning.
  _bucket_arn        = "arn:${local._partition}:s3:::${var.name}"
  _source_account_id = element(split(":", var.replication_role_arn), 4)

  _logs_arn    = "${local._bucket_arn}/${var.key_prefix == null ? "" : "${var.key_prefix}/"}AWSLogs"
  _readers     = sort(tolist(var.reader_arns))
  _kms_key_arn = var.kms_key_arn == null ? one(aws_kms_key.this[*].arn) : var.kms_key_arn
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Nothing but the replication role writes here; who reads is in the data events of a trail that names this bucket
  #checkov:skip=CKV_AWS_144:It is the replica that this check asks for
  #checkov:skip=CKV2_AWS_62:Notifications are for programs that read each file as it comes; nothing here does
  bucket        = var.name
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Replicas belong to this account, whoever's the log bucket is.
resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
resource "aws_s3_bucket_object_lock_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      days = var.retention_days
      mode = upper(var.retention_mode)
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local._kms_key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = local._bucket_policy

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
      condition     = length(local._bucket_policy) <= 20480
      error_message = "The bucket's policy has ${length(local._bucket_policy)} characters and S3 takes 20,480: give fewer reader_arns."
    }
  }

  # S3 answers OperationAborted when two of a bucket's settings change at once.
  depends_on = [aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this]
}

module "lifecycle" {
  source = "../log-lifecycle"
  # Whether there is one is no secret, even where a number of days is.
  count = nonsensitive(length(var.transitions) > 0 || var.expire_after_days != null) ? 1 : 0

  bucket_name           = aws_s3_bucket_versioning.this.bucket
  key_prefix            = var.key_prefix
  organization_id       = var.organization_id
  account_ids           = var.organization_id == null && length(var.account_ids) == 0 ? [local._source_account_id] : var.account_ids
  expire_after_days     = var.expire_after_days
  transition_digests    = var.transition_digests
  transition_from_bytes = var.transition_from_bytes
  transitions           = var.transitions
}
