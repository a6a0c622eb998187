module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = merge({
    "log_bucket.kms_key_arn" = var.log_bucket.kms_key_arn
    log_group                = try(var.log_group.arn, null)
    log_group_kms_key_arn    = var.log_group_kms_key_arn
    notification_topic       = try(var.notification_topic.arn, null)
    permissions_boundary     = var.permissions_boundary
    }, {
    for key, selector in var.data_events : "data_events.${key}" => try(concat(try(coalesce(selector.resource_arns.equals), []), try(coalesce(selector.resource_arns.starts_with), []))[0], null)
  })
  regional_arns = {
    log_group             = try(var.log_group.arn, null)
    log_group_kms_key_arn = var.log_group_kms_key_arn
  }
}

locals {
  _account_id = module.location.account_id
  _partition  = module.location.partition
  _region     = module.location.region

  # CloudTrail answers with the bare name for a topic of the trail's own place and with the ARN for
  # any other; what is written in another way differs in every plan.
  _topic_arn  = try(var.notification_topic.arn, null)
  _topic_here = local._topic_arn == null ? false : startswith(local._topic_arn, "arn:${local._partition}:sns:${local._region}:${local._account_id}:")
  _topic_name = local._topic_here ? element(split(":", local._topic_arn), 5) : local._topic_arn
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:A message for each log file is asked for with notification_topic; reactions get their events from EventBridge
  #checkov:skip=CKV2_AWS_10:CloudWatch Logs costs by the gigabyte and is asked for with cloudwatch_logs
  name           = var.name
  s3_bucket_name = var.log_bucket.name
  s3_key_prefix  = var.log_bucket.key_prefix
  kms_key_id     = var.log_bucket.kms_key_arn
  sns_topic_name = local._topic_name
  tags           = var.tags

  is_multi_region_trail = var.multi_region
  is_organization_trail = var.scope == "organization"
  # CloudTrail demands them of a multi-Region trail; from a single Region they would only be there by
  # chance, since global services report to one Region.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
  include_global_service_events = var.multi_region

  # Not an option: a log that can't be checked can't be trusted.
  enable_log_file_validation = true

  cloud_watch_logs_group_arn = local._log_group_arn == null ? null : "${local._log_group_arn}:*"
  cloud_watch_logs_role_arn  = local._log_group_arn == null ? null : aws_iam_role.logs[0].arn

  dynamic "advanced_event_selector" {
    for_each = local._selectors

    content {
      name = advanced_event_selector.value.name

      dynamic "field_selector" {
        for_each = advanced_event_selector.value.fields

        content {
          field           = field_selector.key
          equals          = field_selector.value.equals
          not_equals      = field_selector.value.not_equals
          starts_with     = field_selector.value.starts_with
          not_starts_with = field_selector.value.not_starts_with
          ends_with       = field_selector.value.ends_with
          not_ends_with   = field_selector.value.not_ends_with
        }
      }
    }
  }

  dynamic "insight_selector" {
    for_each = var.insights

    content {
      insight_type = local._insight_types[insight_selector.value]
    }
  }

  # CloudTrail tries the role when the trail is made.
  depends_on = [aws_iam_role_policy.logs]
}
