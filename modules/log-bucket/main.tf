module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = merge({
    kms_key_arn = var.kms_key_arn
  }, { for number, arn in tolist(var.reader_arns) : "reader_arns[${number}]" => arn })
  regional_arns = {
    kms_key_arn = var.kms_key_arn
  }
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id

  # ARNs are put together from inputs, so that every policy is known when planning.
  _bucket_arn       = "arn:${local._partition}:s3:::${var.name}"
  _trail_account_id = var.trail_account_id == null ? local._account_id : var.trail_account_id
  _trail_region     = var.trail_region == null ? module.location.region : var.trail_region
  _trail_arn        = "arn:${local._partition}:cloudtrail:${local._trail_region}:${local._trail_account_id}:trail/${var.trail_name}"

  _logs_arn    = "${local._bucket_arn}/${var.key_prefix == null ? "" : "${var.key_prefix}/"}AWSLogs"
  _readers     = sort(tolist(var.reader_arns))
  _kms_key_arn = var.kms_key_arn == null ? one(aws_kms_key.this[*].arn) : var.kms_key_arn
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access logging needs a second bucket and is asked for with access_log; digests prove the logs whole without it
  #checkov:skip=CKV_AWS_144:Replication to an archive is a part of its own, log-replication, so that it can stand in another state
  #checkov:skip=CKV2_AWS_61:S3 refuses a lifecycle on a bucket with MFA delete; logs age in the archive, or here where transitions says so
  #checkov:skip=CKV2_AWS_62:Notifications are for programs that read each file as it comes; reactions get their events from EventBridge
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

  lifecycle {
    # MFA delete is the root user's to switch, outside of Terraform; once it is on, an update that
    # sent either argument again would be refused.
    ignore_changes = [mfa, versioning_configuration[0].mfa_delete]
  }
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
      error_message = "The bucket's policy has ${length(local._bucket_policy)} characters and S3 takes 20,480: shorten extra_policy_json or reader_arns."
    }
  }

  # S3 answers OperationAborted when two of a bucket's settings change at once.
  depends_on = [aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this]
}
