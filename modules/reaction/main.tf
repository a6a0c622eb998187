data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # ARNs in policy text are built from inputs, so that every policy is known
  # at plan time and free of cycles.
  _account   = data.aws_caller_identity.current.account_id
  _partition = data.aws_partition.current.partition
  _region    = data.aws_region.current.id

  _function_arn = "arn:${local._partition}:lambda:${local._region}:${local._account}:function:${var.name}"

  # IAM is global while everything else here is Regional: with the Region in
  # its name, the same reaction can stand in two Regions of one account.
  _role_name = "${var.name}-${local._region}"

  _measured_topic_arn = var.alert_topic == null ? "" : format("%-100s", "")

  _environment = merge(
    var.environment,
    {
      POWERTOOLS_LOG_LEVEL         = var.log_level
      POWERTOOLS_METRICS_NAMESPACE = "CloudTrailReactor"
      POWERTOOLS_SERVICE_NAME      = var.name
      REACTION_MODE                = var.mode
      REACTION_NAME                = var.name
      REACTION_SETTINGS            = var.settings
    },
  )

  # Lambda measures the variables as one JSON text. The topic's ARN may be
  # unknown while planning, so a stand-in of usual length is measured, and
  # jsonencode's \u003c for < is undone, as Lambda does not count it so.
  _environment_text = replace(replace(replace(
    jsonencode(merge(local._environment, { ALERT_TOPIC_ARN = local._measured_topic_arn })),
    "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"
  )
}
