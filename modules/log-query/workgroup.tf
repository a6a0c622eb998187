# What a query may read, where its result goes, and how that is encrypted: the client can't change it.
# https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Questions to CloudTrail's logs"
  force_destroy = var.force_destroy
  tags          = var.tags

  configuration {
    bytes_scanned_cutoff_per_query     = var.bytes_scanned_cutoff_per_query
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${local._results_bucket}/${local._results_prefix}"

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

locals {
  # Questions to tables with a row a record, a file each: what it asks and its `?` are its first lines.
  _queries = { for file in fileset("${path.module}/queries", "*.sql") : trimsuffix(file, ".sql") => file }

  _named = merge([for name, table in local._tables : {
    for query, file in local._queries : "${name}/${query}" => {
      text = templatefile("${path.module}/queries/${file}", {
        # An injected account must be named; a Region and an enumerated account are optional.
        accounts = contains(local._keys[name], "account") && table.account_ids == null ? "account = ? AND " : ""
        table    = "${local._database}.${name}"
      })
      query = query
      table = name
    } if table.format == "cloudtrail" && table.kind == "logs" && contains(local._keys[name], "day")
  }]...)
}

resource "aws_athena_named_query" "this" {
  for_each = local._named

  name        = "${each.value.table}-${each.value.query}"
  description = trimprefix(split("\n", each.value.text)[0], "-- ")
  database    = aws_glue_catalog_database.this.name
  workgroup   = aws_athena_workgroup.this.name
  query       = each.value.text
}
