# What the trail records. Advanced selectors only: they can say all that basic ones can, and a trail
# takes one kind or the other.
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html

locals {
  _insight_types = { call_rate = "ApiCallRateInsight", error_rate = "ApiErrorRateInsight" }

  _any       = { equals = null, not_equals = null, starts_with = null, not_starts_with = null, ends_with = null, not_ends_with = null }
  _read_only = { all = null, read = ["true"], write = ["false"] }

  # Writing the log of a write to the log bucket would be a write to the log bucket.
  _own_buckets = [
    for name in concat(compact([var.log_bucket.name, var.log_bucket.access_log_bucket]), sort(tolist(var.excluded_bucket_names))) :
    "arn:${local._partition}:s3:::${name}/"
  ]

  _management_selectors = var.management_events == "none" ? [] : [{
    # "all" without exclusions is CloudTrail's default, spelt out: a trail that somebody narrowed
    # shows up in the plan.
    name = "Management events"
    fields = {
      for field, operators in {
        eventCategory = { equals = ["Management"] }
        readOnly      = { equals = local._read_only[var.management_events] }
        eventSource   = { not_equals = length(var.excluded_management_event_sources) == 0 ? null : sort(tolist(var.excluded_management_event_sources)) }
      } : field => merge(local._any, operators) if length([for values in values(operators) : values if values != null]) > 0
    }
  }]

  _data_selectors = [for key, selector in var.data_events : {
    name = "Data events: ${key}"
    fields = {
      for field, operators in {
        eventCategory    = { equals = ["Data"] }
        "resources.type" = { equals = [selector.resource_type] }
        readOnly         = { equals = local._read_only[selector.read_write] }
        eventName        = selector.event_names == null ? {} : selector.event_names
        "resources.ARN" = selector.resource_type != "AWS::S3::Object" ? (selector.resource_arns == null ? {} : selector.resource_arns) : merge(
          selector.resource_arns == null ? {} : selector.resource_arns,
          { not_starts_with = distinct(concat(try(coalesce(selector.resource_arns.not_starts_with), []), local._own_buckets)) },
        )
      } : field => merge(local._any, operators) if length([for values in values(operators) : values if values != null]) > 0
    }
  }]

  _network_selectors = [for key, selector in var.network_activity_events : {
    name = "Network activity events: ${key}"
    fields = {
      for field, operators in {
        eventCategory = { equals = ["NetworkActivity"] }
        eventSource   = { equals = [selector.event_source] }
        eventName     = selector.event_names == null ? {} : selector.event_names
      } : field => merge(local._any, operators) if length([for values in values(operators) : values if values != null]) > 0
    }
  }]

  _selectors = concat(local._management_selectors, local._data_selectors, local._network_selectors)
}
