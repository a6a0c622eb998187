module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    "archive.kms_key_arn"    = var.archive.kms_key_arn
    "log_bucket.kms_key_arn" = var.log_bucket.kms_key_arn
    permissions_boundary     = var.permissions_boundary
  }
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id
  _region     = module.location.region
  _dns_suffix = module.location.dns_suffix

  _source_arn     = "arn:${local._partition}:s3:::${var.log_bucket.name}"
  _archive_arn    = "arn:${local._partition}:s3:::${var.archive.name}"
  _archive_region = var.archive.region == null ? local._region : var.archive.region
  _other_account  = var.archive.account_id == null ? false : var.archive.account_id != local._account_id
  _metrics        = var.alarm_topic != null || var.replication_time_control

  # Put together from inputs: the archive's policy can name the role before there is one.
  _role_arn = "arn:${local._partition}:iam::${local._account_id}:role${var.role_path}${var.name}"

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in [
      {
        Sid      = "ReadConfiguration"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = local._source_arn
      },
      {
        # Retention and legal hold are read where the log bucket has Object Lock.
        Sid    = "ReadVersions"
        Effect = "Allow"
        Action = [
          "s3:GetObjectLegalHold",
          "s3:GetObjectRetention",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionTagging",
        ]
        Resource = "${local._source_arn}/*"
      },
      {
        # Without s3:ReplicateDelete: what is deleted here stays in the archive.
        Sid      = "WriteReplicas"
        Effect   = "Allow"
        Action   = ["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = "${local._archive_arn}/*"
      },
      var.log_bucket.kms_key_arn == null ? null : {
        Sid      = "DecryptLogs"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.log_bucket.kms_key_arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${local._region}.${local._dns_suffix}" }
          # The object's ARN, or with an S3 Bucket Key the bucket's.
          StringLike = { "kms:EncryptionContext:aws:s3:arn" = [local._source_arn, "${local._source_arn}/*"] }
        }
      },
      var.archive.kms_key_arn == null ? null : {
        # AWS's pages name Encrypt; with a Bucket Key, S3 also generates data keys.
        Sid      = "EncryptReplicas"
        Effect   = "Allow"
        Action   = ["kms:Encrypt", "kms:GenerateDataKey"]
        Resource = var.archive.kms_key_arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${local._archive_region}.${local._dns_suffix}" }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = [local._archive_arn, "${local._archive_arn}/*"] }
        }
      },
    ] : statement if statement != null]
  })
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.role_path
  description          = "Lets S3 replicate the CloudTrail logs to the archive"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "replicate"
  role   = aws_iam_role.this.name
  policy = local._policy
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
resource "aws_s3_bucket_replication_configuration" "this" {
  count = var.create_rule ? 1 : 0

  bucket = var.log_bucket.name
  role   = aws_iam_role.this.arn

  rule {
    id       = var.name
    priority = 1
    status   = "Enabled"

    filter {
      prefix = "${var.log_bucket.key_prefix == null ? "" : "${var.log_bucket.key_prefix}/"}AWSLogs/"
    }

    # A delete marker here must hide nothing there.
    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket  = local._archive_arn
      account = local._other_account ? var.archive.account_id : null

      dynamic "access_control_translation" {
        for_each = local._other_account ? [1] : []

        content {
          owner = "Destination"
        }
      }

      encryption_configuration {
        replica_kms_key_id = var.archive.kms_key_arn
      }

      dynamic "metrics" {
        for_each = local._metrics ? [1] : []

        content {
          status = "Enabled"

          dynamic "event_threshold" {
            for_each = var.replication_time_control ? [1] : []

            content {
              minutes = 15
            }
          }
        }
      }

      dynamic "replication_time" {
        for_each = var.replication_time_control ? [1] : []

        content {
          status = "Enabled"

          time {
            minutes = 15
          }
        }
      }
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

# The metric is in the log bucket's Region.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
resource "aws_cloudwatch_metric_alarm" "failed" {
  count = var.alarm_topic == null || !var.create_rule ? 0 : 1

  alarm_name          = "${var.name}-failed"
  alarm_description   = "Logs in ${var.log_bucket.name} were not replicated to ${var.archive.name}: the archive has a gap. Check that the archive's bucket and key policies admit the role ${local._role_arn}; then replicate what is missing with S3 Batch Replication (aws s3control create-job with S3ReplicateObject, ObjectReplicationStatuses FAILED). Runbook: docs/runbook.md#log-replication-failed"
  alarm_actions       = [var.alarm_topic.arn]
  ok_actions          = [var.alarm_topic.arn]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "OperationsFailedReplication"
  namespace           = "AWS/S3"
  period              = 300
  statistic           = "Sum"
  tags                = var.tags
  threshold           = 0
  treat_missing_data  = "notBreaching"

  dimensions = {
    DestinationBucket = var.archive.name
    RuleId            = var.name
    SourceBucket      = var.log_bucket.name
  }

  lifecycle {
    precondition {
      # A mocked provider's ARN is a word.
      condition     = !startswith(var.alarm_topic.arn, "arn:") || element(split(":", var.alarm_topic.arn), 3) == local._region
      error_message = "alarm_topic is in ${element(split(":", var.alarm_topic.arn), 3)}, which an alarm of ${local._region} can't reach: give a topic of this Region."
    }
  }
}
