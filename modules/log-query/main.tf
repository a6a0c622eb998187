module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    kms_key_arn = var.kms_key_arn
  }
  regional_arns = {
    kms_key_arn = var.kms_key_arn
  }
}

# https://docs.aws.amazon.com/general/latest/gr/rande-manage.html
data "aws_regions" "all" {
  count = var.regions == null ? 1 : 0

  all_regions = true
}

locals {
  _account_id = module.location.account_id
  _partition  = module.location.partition
  _region     = module.location.region

  _database = replace(var.name, "-", "_")
  _regions  = sort(tolist(var.regions == null ? data.aws_regions.all[0].names : var.regions))

  # Where the log files of a kind lie below a log's prefix, by the names of the keys that partition.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
  _folders = { logs = "CloudTrail", insights = "CloudTrail-Insight" }

  _tables = merge([for name, log in var.logs : {
    for kind in concat(["logs"], log.insights ? ["insights"] : []) : kind == "logs" ? name : "${name}_insights" => {
      account_ids = log.account_ids != null ? log.account_ids : log.bucket.organization_id == null ? toset([local._account_id]) : null
      bucket      = log.bucket.name
      format      = log.format
      kind        = kind
      log         = name
      path = log.path != null ? log.path : join("/", compact([
        log.bucket.key_prefix, "AWSLogs", log.bucket.organization_id, "$${account}", local._folders[kind], "$${region}", "$${day}",
      ]))
    }
  }]...)

  # Which columns partition a table: those that its path names. Account and Region come first, as in
  # the keys.
  _keys = { for name, table in local._tables : name => [
    for key in ["account", "region", "day"] : key if strcontains(table.path, "$${${key}}")
  ] }
}

resource "aws_glue_catalog_database" "this" {
  name        = local._database
  description = "CloudTrail's logs as tables"
  tags        = var.tags
}

# Partitions are calculated from a query's WHERE: no crawler, no MSCK, nothing to run for a new day.
# https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
resource "aws_glue_catalog_table" "this" {
  for_each = local._tables

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = "${each.value.kind == "insights" ? "Insights events" : "Events"} of s3://${each.value.bucket}"
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(
    {
      EXTERNAL                    = "TRUE"
      classification              = "cloudtrail"
      "projection.enabled"        = "true"
      "storage.location.template" = "s3://${each.value.bucket}/${each.value.path}"
    },
    contains(local._keys[each.key], "account") ? each.value.account_ids == null ? { "projection.account.type" = "injected" } : {
      "projection.account.type"                                                                               = "enum"
      "projection.account.values"                                                                             = join(",", sort(tolist(each.value.account_ids)))
    } : {},
    contains(local._keys[each.key], "region") ? {
      "projection.region.type"   = "enum"
      "projection.region.values" = join(",", local._regions)
    } : {},
    contains(local._keys[each.key], "day") ? {
      "projection.day.type"          = "date"
      "projection.day.format"        = "yyyy/MM/dd"
      "projection.day.interval"      = "1"
      "projection.day.interval.unit" = "DAYS"
      "projection.day.range"         = "NOW-${var.days}DAYS,NOW"
    } : {},
  )

  dynamic "partition_keys" {
    for_each = local._keys[each.key]

    content {
      name = partition_keys.value
      type = "string"
    }
  }

  storage_descriptor {
    # Above all partitions. Projection reads the template above; other tools read this.
    location      = "s3://${each.value.bucket}/${regex("^[^$]*", each.value.path)}"
    input_format  = local._formats[each.value.format].input
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = local._formats[each.value.format].serde
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = each.value.format == "json" ? local._columns.json : local._columns[each.value.kind]

      content {
        name = columns.value[0]
        type = columns.value[1]
      }
    }
  }
}

# https://docs.aws.amazon.com/athena/latest/ug/creating-tables.html#create-table-glacier
locals {
  _unread = { for name, log in var.logs : name => log.bucket.readable_days if try(log.bucket.readable_days < var.days, false) }
}

check "days" {
  assert {
    condition     = length(local._unread) == 0
    error_message = "days is ${var.days}, and Athena passes over log files that are deleted by then or in GLACIER or DEEP_ARCHIVE, without a word: ${join(", ", [for name, days in local._unread : "${name} after ${days} days"])}. Set days to the fewest of these, or restore what a query is to read."
  }
}
