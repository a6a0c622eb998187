locals {
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html (TLS version)
  _bucket_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "DenyInsecureTransport"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = [local._bucket_arn, "${local._bucket_arn}/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "DenyOutdatedTls"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = [local._bucket_arn, "${local._bucket_arn}/*"]
          Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
        },
        {
          Sid       = "CloudTrailAclCheck"
          Effect    = "Allow"
          Principal = { Service = "cloudtrail.amazonaws.com" }
          Action    = "s3:GetBucketAcl"
          Resource  = local._bucket_arn
          Condition = { StringEquals = { "aws:SourceArn" = local._trail_arn } }
        },
        {
          Sid       = "CloudTrailWrite"
          Effect    = "Allow"
          Principal = { Service = "cloudtrail.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local._logs_arn}/${local._trail_account_id}/*"
          Condition = {
            StringEquals = {
              "aws:SourceArn" = local._trail_arn
              "s3:x-amz-acl"  = "bucket-owner-full-control"
            }
          }
        },
      ],
      [for id in compact([var.organization_id]) :
        {
          Sid       = "CloudTrailOrganizationWrite"
          Effect    = "Allow"
          Principal = { Service = "cloudtrail.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local._logs_arn}/${id}/*"
          Condition = {
            StringEquals = {
              "aws:SourceArn" = local._trail_arn
              "s3:x-amz-acl"  = "bucket-owner-full-control"
            }
          }
        }
      ],
      [for statement in [
        {
          Sid       = "ReadersList"
          Effect    = "Allow"
          Principal = { AWS = local._readers }
          Action    = ["s3:GetBucketLocation", "s3:ListBucket"]
          Resource  = local._bucket_arn
        },
        {
          Sid       = "ReadersRead"
          Effect    = "Allow"
          Principal = { AWS = local._readers }
          Action    = "s3:GetObject"
          Resource  = "${local._logs_arn}/*"
        },
      ] : statement if length(local._readers) > 0],
      local._extra_statements,
    )
  })

  # `Statement` may be one statement or a list of them.
  _extra_statements = var.extra_policy_json == null ? [] : flatten([jsondecode(var.extra_policy_json).Statement])

  # What CloudTrail and the readers need of the key, whoever makes it.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
  _kms_key_statements = concat(
    [
      {
        Sid       = "CloudTrailEncrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceArn" = local._trail_arn }
          StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:${local._partition}:cloudtrail:*:${local._trail_account_id}:trail/*" }
        }
      },
      {
        # With an S3 Bucket Key, S3 asks for the bucket's data key in CloudTrail's name, and the context
        # is the bucket's ARN or the object's.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
        Sid       = "CloudTrailEncryptWithBucketKey"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceArn" = local._trail_arn }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = [local._bucket_arn, "${local._bucket_arn}/*"] }
        }
      },
      {
        Sid       = "CloudTrailDescribe"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local._trail_arn } }
      },
      {
        # With an S3 Bucket Key, CloudTrail has to decrypt before it can write.
        Sid       = "CloudTrailDecrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local._trail_arn } }
      },
    ],
    [for statement in [
      {
        Sid       = "ReadersDecryptLogs"
        Effect    = "Allow"
        Principal = { AWS = local._readers }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { Null = { "kms:EncryptionContext:aws:cloudtrail:arn" = "false" } }
      },
      {
        # Digest files, and what the Bucket Key encrypted, can come with S3's own context only.
        Sid       = "ReadersDecryptBucket"
        Effect    = "Allow"
        Principal = { AWS = local._readers }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringLike = { "kms:EncryptionContext:aws:s3:arn" = [local._bucket_arn, "${local._bucket_arn}/*"] } }
      },
    ] : statement if length(local._readers) > 0],
  )

  # The account's own statement keeps the key manageable and lets IAM policies permit its use.
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  _kms_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "OwnerAccount"
          Effect    = "Allow"
          Principal = { AWS = "arn:${local._partition}:iam::${local._account_id}:root" }
          Action    = "kms:*"
          Resource  = "*"
        },
      ],
      local._kms_key_statements,
    )
  })
}
