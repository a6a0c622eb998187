locals {
  _buckets  = { for name, log in var.logs : name => "arn:${local._partition}:s3:::${log.bucket.name}" }
  _glue     = "arn:${local._partition}:glue:${local._region}:${local._account_id}"
  _log_keys = distinct([for log in var.logs : log.bucket.kms_key_arn if log.bucket.kms_key_arn != null])

  # For those who ask. Athena reads and writes in the caller's name.
  # https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid    = "LogQueryAsk"
          Effect = "Allow"
          Action = [
            "athena:BatchGetNamedQuery",
            "athena:GetNamedQuery",
            "athena:GetQueryExecution",
            "athena:GetQueryResults",
            "athena:GetQueryResultsStream",
            "athena:GetWorkGroup",
            "athena:ListNamedQueries",
            "athena:ListQueryExecutions",
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
          ]
          Resource = "arn:${local._partition}:athena:${local._region}:${local._account_id}:workgroup/${var.name}"
        },
        {
          Sid      = "LogQueryTables"
          Effect   = "Allow"
          Action   = ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
          Resource = ["${local._glue}:catalog", "${local._glue}:database/${local._database}", "${local._glue}:table/${local._database}/*"]
        },
        {
          Sid      = "LogQueryList"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
          Resource = distinct(concat(values(local._buckets), [local._results_arn]))
        },
        {
          Sid      = "LogQueryRead"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = distinct([for table in local._tables : "arn:${local._partition}:s3:::${table.bucket}/${regex("^[^$]*", table.path)}*"])
        },
        {
          Sid      = "LogQueryResults"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
          Resource = "${local._results_arn}/${local._results_prefix}*"
        },
      ],
      [for keys in [local._log_keys] : {
        Sid       = "LogQueryDecrypt"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = keys
        Condition = { StringLike = { "kms:ViaService" = "s3.*.${module.location.dns_suffix}" } }
      } if length(keys) > 0],
      [for key in var.kms_key_arn[*] : {
        Sid      = "LogQueryResultsKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = key
      }],
    )
  })
}
