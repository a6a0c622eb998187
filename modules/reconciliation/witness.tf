# What arrived: a line of some 250 bytes for each event and rule, kept as long as the hour is open.
# EventBridge writes to Firehose, Firehose to S3, in objects by the hour of their arrival.
resource "aws_s3_bucket" "witness" {
  #checkov:skip=CKV_AWS_18:It holds ids and times for three days; who reads them is in CloudTrail's data events, if asked for
  #checkov:skip=CKV_AWS_144:What it holds is of use for some hours
  #checkov:skip=CKV_AWS_145:S3 encrypts it; it holds ids of events, names of rules and times
  #checkov:skip=CKV2_AWS_62:The function looks when an hour of the log is proven
  bucket = local._witness_bucket
  # Nothing in it is worth more than the module.
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "witness" {
  bucket                  = aws_s3_bucket.witness.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "witness" {
  bucket = aws_s3_bucket.witness.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Versions of the rules' document tell since when a rule is there.
resource "aws_s3_bucket_versioning" "witness" {
  bucket = aws_s3_bucket.witness.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "witness" {
  bucket = aws_s3_bucket.witness.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "witness" {
  bucket = aws_s3_bucket.witness.id

  dynamic "rule" {
    for_each = { lines = "witness/", errors = "errors/" }

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days = 3
      }

      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  rule {
    id     = "rules"
    status = "Enabled"

    filter {
      prefix = "rules.json"
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {
      prefix = ""
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.witness]
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
resource "aws_s3_bucket_policy" "witness" {
  bucket = aws_s3_bucket.witness.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local._witness_bucket_arn, "${local._witness_bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 answers OperationAborted when two of a bucket's settings change at once.
  depends_on = [aws_s3_bucket_public_access_block.witness, aws_s3_bucket_ownership_controls.witness]
}

resource "aws_kinesis_firehose_delivery_stream" "witness" {
  #checkov:skip=CKV_AWS_241:Firehose keeps a line for five minutes; it is an id, a rule's name and a time
  name        = "${var.name}-witness"
  destination = "extended_s3"
  tags        = var.tags

  extended_s3_configuration {
    bucket_arn          = local._witness_bucket_arn
    buffering_interval  = 300
    buffering_size      = 64
    compression_format  = "GZIP"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    prefix              = "witness/!{timestamp:yyyy/MM/dd/HH}/"
    role_arn            = aws_iam_role.stream.arn
  }

  server_side_encryption {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.stream, aws_s3_bucket.witness]
}

resource "aws_iam_role" "stream" {
  name_prefix          = substr("${var.name}-stream-", 0, 38)
  path                 = var.role_path
  description          = "Writes what rules saw to the bucket ${local._witness_bucket}"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "firehose.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local._account } }
    }]
  })
}

# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
resource "aws_iam_role_policy" "stream" {
  name = "write"
  role = aws_iam_role.stream.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteLines"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = ["${local._witness_bucket_arn}/errors/*", "${local._witness_bucket_arn}/witness/*"]
      },
      {
        Sid      = "FindBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local._witness_bucket_arn]
      },
    ]
  })
}

# One for all rules: each rule with a role of its own would be as many roles, all with this policy.
resource "aws_iam_role" "witness" {
  name_prefix          = substr("${var.name}-witness-", 0, 38)
  path                 = var.role_path
  description          = "Rules note what they saw with it, in the stream ${var.name}-witness"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local._partition}:events:${local._region}:${local._account}:rule/*" }
        StringEquals = { "aws:SourceAccount" = local._account }
      }
    }]
  })
}

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html
resource "aws_iam_role_policy" "witness" {
  name = "note"
  role = aws_iam_role.witness.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "NoteWhatWasSeen"
      Effect   = "Allow"
      Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = [local._stream_arn]
    }]
  })
}
