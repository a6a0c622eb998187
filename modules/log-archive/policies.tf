locals {
  # A policy that names a role as its principal is refused while the role does not exist. So the
  # role's account is admitted, on condition that it is that role: either side can be applied first.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
  _replication_principal = { AWS = "arn:${local._partition}:iam::${local._source_account_id}:root" }
  _replication_role      = { "aws:PrincipalArn" = var.replication_role_arn }

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
  # Without s3:ReplicateDelete: what is deleted in the log bucket stays here.
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
          Sid       = "ReplicationLook"
          Effect    = "Allow"
          Principal = local._replication_principal
          Action    = ["s3:GetBucketVersioning", "s3:ListBucket"]
          Resource  = local._bucket_arn
          Condition = { ArnEquals = local._replication_role }
        },
        {
          Sid       = "ReplicationWrite"
          Effect    = "Allow"
          Principal = local._replication_principal
          Action    = ["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateObject", "s3:ReplicateTags"]
          Resource  = "${local._bucket_arn}/*"
          Condition = { ArnEquals = local._replication_role }
        },
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
    )
  })

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
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
        {
          Sid       = "ReplicationEncrypt"
          Effect    = "Allow"
          Principal = local._replication_principal
          Action    = ["kms:Encrypt", "kms:GenerateDataKey"]
          Resource  = "*"
          Condition = {
            ArnEquals    = local._replication_role
            StringEquals = { "kms:ViaService" = "s3.${local._region}.${module.location.dns_suffix}" }
            # The object's ARN, or with an S3 Bucket Key the bucket's.
            StringLike = { "kms:EncryptionContext:aws:s3:arn" = [local._bucket_arn, "${local._bucket_arn}/*"] }
          }
        },
      ],
      [for statement in [
        {
          Sid       = "ReadersDecrypt"
          Effect    = "Allow"
          Principal = { AWS = local._readers }
          Action    = "kms:Decrypt"
          Resource  = "*"
          Condition = { StringLike = { "kms:EncryptionContext:aws:s3:arn" = [local._bucket_arn, "${local._bucket_arn}/*"] } }
        },
      ] : statement if length(local._readers) > 0],
    )
  })
}
