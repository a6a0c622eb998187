locals {
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
  _writing = {
    "s3:PutBucketLogging"           = var.log_bucket != null
    "s3:PutBucketOwnershipControls" = var.ownership
    "s3:PutBucketPolicy"            = var.tls_only
    "s3:PutBucketPublicAccessBlock" = var.block_public_access
    "s3:PutBucketTagging"           = length(var.required_tags) > 0
    "s3:PutBucketVersioning"        = var.versioning
    "s3:PutEncryptionConfiguration" = var.encryption != "none"
  }

  _statements = [
    for statement in [
      {
        Sid    = "LookAtBuckets"
        Effect = "Allow"
        Action = [
          "s3:GetBucketLogging",
          "s3:GetBucketOwnershipControls",
          "s3:GetBucketPolicy",
          "s3:GetBucketPublicAccessBlock",
          "s3:GetBucketTagging",
          "s3:GetBucketVersioning",
          "s3:GetEncryptionConfiguration",
        ]
        Resource = ["arn:{{partition}}:s3:::*"]
      },
      var.encryption == "none" ? null : {
        # A bucket may be of another Region, and so is its key then.
        Sid      = "LookAtKeys"
        Effect   = "Allow"
        Action   = ["kms:DescribeKey"]
        Resource = ["arn:{{partition}}:kms:*:{{account_id}}:key/*"]
      },
      var.encryption != "aws:kms" ? null : {
        Sid      = "LookAtFunctions"
        Effect   = "Allow"
        Action   = ["lambda:GetFunctionConfiguration"]
        Resource = ["arn:{{partition}}:lambda:{{region}}:{{account_id}}:function:*"]
      },
      var.mode != "enforce" || !anytrue(values(local._writing)) ? null : {
        Sid      = "SetTheBaseline"
        Effect   = "Allow"
        Action   = [for action, needed in local._writing : action if needed]
        Resource = ["arn:{{partition}}:s3:::*"]
      },
      # Not even a fault of the guard's changes what it leaves alone: the log, its archive.
      var.mode != "enforce" || !anytrue(values(local._writing)) || length(var.skip_buckets) == 0 ? null : {
        Sid      = "LeaveSkippedBucketsAlone"
        Effect   = "Deny"
        Action   = [for action, needed in local._writing : action if needed]
        Resource = [for name in var.skip_buckets : "arn:{{partition}}:s3:::${name}"]
      },
    ] : statement if statement != null
  ]
}
