resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:Reactions get their events from EventBridge; a message for each log file would tell nobody anything
  #checkov:skip=CKV2_AWS_10:CloudWatch Logs costs by the gigabyte and nothing here reads from it
  name           = var.name
  s3_bucket_name = var.log_bucket.name
  s3_key_prefix  = var.log_bucket.key_prefix
  kms_key_id     = var.log_bucket.kms_key_arn
  tags           = var.tags

  is_multi_region_trail = var.multi_region
  # CloudTrail demands them of a multi-Region trail; from a single Region they would only be there by
  # chance, since global services report to one Region.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
  include_global_service_events = var.multi_region

  # Not an option: a log that can't be checked can't be trusted.
  enable_log_file_validation = true

  # What is CloudTrail's default, spelt out: a trail that somebody narrowed shows up in the plan.
  advanced_event_selector {
    name = "Management events"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }
}
