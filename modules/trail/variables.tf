variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "cloudwatch_logs" {
  type        = string
  default     = "off"
  nullable    = false
  description = "Log group that the trail also sends events to (0.50 USD a GB and more). \"off\": none. \"own\": `/aws/cloudtrail/<name>`, which the module makes. \"given\": log_group."

  validation {
    condition     = contains(["off", "own", "given"], var.cloudwatch_logs)
    error_message = "cloudwatch_logs must be \"off\", \"own\" (the module makes a log group) or \"given\" (pass it as log_group)."
  }

  validation {
    condition     = var.cloudwatch_logs == "off" || var.scope != "organization" || var.log_bucket.organization_id != null
    error_message = "An organization's events go to log streams that begin with the organization's id: pass a log-bucket module with organization_id, or log_bucket = { name = \"<bucket>\", organization_id = \"o-...\" }."
  }
}

variable "data_events" {
  type = map(object({
    resource_type = string
    read_write    = optional(string, "all")
    event_names = optional(object({
      equals          = optional(list(string))
      not_equals      = optional(list(string))
      starts_with     = optional(list(string))
      not_starts_with = optional(list(string))
      ends_with       = optional(list(string))
      not_ends_with   = optional(list(string))
    }))
    resource_arns = optional(object({
      equals          = optional(list(string))
      not_equals      = optional(list(string))
      starts_with     = optional(list(string))
      not_starts_with = optional(list(string))
      ends_with       = optional(list(string))
      not_ends_with   = optional(list(string))
    }))
    # The provider's names, which would be dropped in silence.
    read_write_type = optional(string)
    values          = optional(list(string))
  }))
  default     = {}
  nullable    = false
  description = <<-EOT
    Data events to record (0.10 USD per 100,000), by a name of your choice: a resource_type such as AWS::S3::Object,
    AWS::Lambda::Function or AWS::DynamoDB::Table; read_write (all, read or write); and which event_names and
    resource_arns, each by the operators equals, not_equals, starts_with, not_starts_with, ends_with and not_ends_with.
    Objects of the log bucket, its access log bucket and excluded_bucket_names are never recorded.
  EOT

  validation {
    condition     = alltrue([for selector in values(var.data_events) : can(regex("^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$", selector.resource_type))])
    error_message = "resource_type must be a type as in AWS::S3::Object (the list is on the page \"Logging data events\" of CloudTrail's user guide). Correct: ${join(", ", [for key, selector in var.data_events : key if !can(regex("^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$", selector.resource_type))])}."
  }

  validation {
    condition     = alltrue([for selector in values(var.data_events) : selector.read_write_type == null && selector.values == null])
    error_message = "read_write_type and values are names of the provider's event_selector: write read_write = \"write\" and resource_arns = { starts_with = [...] } here. Correct: ${join(", ", [for key, selector in var.data_events : key if selector.read_write_type != null || selector.values != null])}."
  }

  validation {
    condition     = alltrue([for selector in values(var.data_events) : contains(["all", "read", "write"], selector.read_write)])
    error_message = "read_write must be all, read or write. Correct: ${join(", ", [for key, selector in var.data_events : key if !contains(["all", "read", "write"], selector.read_write)])}."
  }

  validation {
    condition = alltrue([for selector in values(var.data_events) : selector.resource_type != "AWS::S3::Object" ? true : alltrue([
      for arn in concat(try(coalesce(selector.resource_arns.equals), []), try(coalesce(selector.resource_arns.starts_with), [])) : can(regex("^arn:[a-z-]+:s3:::[^/]+/", arn))
    ])])
    error_message = "The resource_arns of S3 objects must name the bucket and a slash, as in arn:aws:s3:::bucket/ for all of it: without the slash, other buckets whose names begin alike would be recorded too. Correct: ${join(", ", [for key, selector in var.data_events : key if selector.resource_type != "AWS::S3::Object" ? false : !alltrue([
      for arn in concat(try(coalesce(selector.resource_arns.equals), []), try(coalesce(selector.resource_arns.starts_with), [])) : can(regex("^arn:[a-z-]+:s3:::[^/]+/", arn))
    ])])}."
  }

  validation {
    condition = alltrue([for selector in values(var.data_events) : alltrue([
      for arn in concat(try(coalesce(selector.resource_arns.equals), []), try(coalesce(selector.resource_arns.starts_with), [])) : !strcontains(arn, ":s3:::${var.log_bucket.name}/")
    ])])
    error_message = "data_events asks for objects of the trail's own log bucket ${var.log_bucket.name}, which would be recorded without end: every log file would be an event for the next. Leave it out of: ${join(", ", [for key, selector in var.data_events : key if !alltrue([
      for arn in concat(try(coalesce(selector.resource_arns.equals), []), try(coalesce(selector.resource_arns.starts_with), [])) : !strcontains(arn, ":s3:::${var.log_bucket.name}/")
    ])])}."
  }

  validation {
    condition = length(flatten([for selector in values(var.data_events) : [
      for operators in [selector.event_names, selector.resource_arns] : [for values in values(operators) : values if values != null] if operators != null
    ]])) <= 480
    error_message = "A trail's selectors hold 500 values at most, all conditions together: use starts_with or ends_with in place of long lists, or another trail."
  }

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition = alltrue([for selector in values(var.data_events) : selector.resource_type == "AWS::S3::Object" ? true : alltrue([
      for arn in concat(try(coalesce(selector.resource_arns.equals), []), try(coalesce(selector.resource_arns.starts_with), [])) : can(regex("^(arn:|[a-z0-9]{8}$)", arn))
    ])])
    error_message = "resource_arns of data_events must hold ARNs, as in arn:<partition>:lambda:<region>:<account>:function:<name>, not names."
  }

  validation {
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    condition = alltrue(flatten([for selector in values(var.data_events) : [
      for operators in [selector.event_names, selector.resource_arns] : [for values in values(operators) : length(values) > 0 if values != null] if operators != null
    ]]))
    error_message = "An operator of data_events has an empty list, and CloudTrail takes none: give it values, or leave the operator out."
  }
}

variable "excluded_bucket_names" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Names of buckets whose objects data_events never records, such as an archive in the same account. The module always adds the log bucket and its access log bucket."

  validation {
    condition     = alltrue([for name in var.excluded_bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "excluded_bucket_names must hold buckets' names, 3 to 63 lower-case letters, digits, dots and hyphens: give names, not ARNs or URLs."
  }
}

variable "excluded_management_event_sources" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Sources whose management events the trail does not record: kms.amazonaws.com, rdsdata.amazonaws.com. EventBridge does not deliver those events either."

  validation {
    condition     = length(setsubtract(var.excluded_management_event_sources, ["kms.amazonaws.com", "rdsdata.amazonaws.com"])) == 0
    error_message = "excluded_management_event_sources can hold kms.amazonaws.com and rdsdata.amazonaws.com, the two that CloudTrail lets a trail exclude. Leave out: ${join(", ", setsubtract(var.excluded_management_event_sources, ["kms.amazonaws.com", "rdsdata.amazonaws.com"]))}."
  }

  validation {
    condition     = length(var.excluded_management_event_sources) == 0 || var.management_events != "none"
    error_message = "excluded_management_event_sources narrows management events, and management_events = \"none\" records none: leave out one of the two."
  }
}

variable "insights" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Insights to look for (0.35 USD per 100,000 events looked at, each): \"call_rate\" (unusual numbers of write calls), \"error_rate\" (unusual numbers of errors)."

  validation {
    condition     = length(setsubtract(var.insights, ["call_rate", "error_rate"])) == 0
    error_message = "insights can hold \"call_rate\" and \"error_rate\"."
  }

  validation {
    condition     = !contains(var.insights, "call_rate") || contains(["all", "write"], var.management_events)
    error_message = "The Insights \"call_rate\" are found in write management events: set management_events to \"all\" or \"write\", or leave call_rate out."
  }

  validation {
    condition     = !contains(var.insights, "error_rate") || var.management_events != "none"
    error_message = "The Insights \"error_rate\" are found in management events: set management_events to \"all\", \"write\" or \"read\", or leave error_rate out."
  }
}

variable "log_bucket" {
  type = object({
    name              = string
    access_log_bucket = optional(string)
    key_prefix        = optional(string)
    kms_key_arn       = optional(string)
    organization_id   = optional(string)
    trail_name        = optional(string)
  })
  nullable    = false
  description = "Bucket that the logs go to: the log-bucket module whole, or at least { name } of your own. With kms_key_arn, CloudTrail encrypts the log files with that key; trail_name is the only trail that the bucket admits."

  validation {
    condition     = try(length(var.log_bucket.name) > 0, true)
    error_message = "log_bucket.name is empty: pass the log-bucket module whole (log_bucket = module.log_bucket), or { name = \"<bucket>\" }."
  }

  validation {
    condition     = var.log_bucket.trail_name == null ? true : var.log_bucket.trail_name == var.name
    error_message = "log_bucket admits the trail ${coalesce(var.log_bucket.trail_name, "-")} only, and this trail is named ${var.name}: CloudTrail could not write. Give this trail the bucket's trail_name as its name, or make a log-bucket for it."
  }

  validation {
    condition     = var.log_bucket.name == "" ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket.name))
    error_message = "log_bucket.name must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.log_bucket.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.log_bucket.kms_key_arn))
    error_message = "log_bucket.kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id."
  }

  validation {
    condition     = var.log_bucket.key_prefix == null ? true : can(regex("^[0-9A-Za-z!_.'()-]+(/[0-9A-Za-z!_.'()-]+)*$", var.log_bucket.key_prefix)) && length(var.log_bucket.key_prefix) <= 200
    error_message = "log_bucket.key_prefix must be 1 to 200 letters, digits or any of !_.'()- with single slashes between its parts and none at its ends, as in \"org/audit\", just as the trail has it. Leave it out for no prefix."
  }
}

variable "log_group" {
  type = object({
    arn = string
  })
  default     = null
  description = "Your log group that the events go to, with cloudwatch_logs = \"given\": an aws_cloudwatch_log_group whole, or { arn = \"arn:...\" }. The log group must be in the trail's account and home Region."

  validation {
    condition     = (var.cloudwatch_logs == "given") == (var.log_group != null)
    error_message = "cloudwatch_logs = \"given\" and log_group go together: give both, or neither."
  }

  validation {
    condition     = var.log_group == null ? true : can(regex("^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^:*]+(:\\*)?$", var.log_group.arn))
    error_message = "log_group.arn must be a log group's ARN, arn:<partition>:logs:<region>:<account>:log-group:<name>: pass the aws_cloudwatch_log_group whole."
  }
}

variable "log_group_kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of a KMS key for the module's own log group; its policy must admit `logs.<region>.amazonaws.com`. Null: CloudWatch's own encryption."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.log_group_kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.log_group_kms_key_arn))
    error_message = "log_group_kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id."
  }
}

variable "log_group_retention_days" {
  type        = number
  default     = 90
  nullable    = false
  description = "Days for which the module's own log group keeps events: one of the numbers that CloudWatch Logs knows."

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_group_retention_days)
    error_message = "log_group_retention_days must be a number that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "management_events" {
  type        = string
  default     = "all"
  nullable    = false
  description = "Management events to record: \"all\", \"write\", \"read\" or \"none\". Reactions need the write events."

  validation {
    condition     = contains(["all", "write", "read", "none"], var.management_events)
    error_message = "management_events must be \"all\", \"write\", \"read\" or \"none\"."
  }

  validation {
    condition     = var.management_events != "none" || length(var.data_events) + length(var.network_activity_events) > 0
    error_message = "The trail would record nothing: set management_events to \"all\", \"write\" or \"read\", or give data_events or network_activity_events."
  }
}

variable "multi_region" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether the trail records every Region, global services (IAM, STS, CloudFront) included. False: only the Region it is made in, and no global services."
}

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the trail."

  validation {
    condition     = can(regex("^[A-Za-z0-9]([._-]?[A-Za-z0-9])+$", var.name)) && length(var.name) >= 3 && length(var.name) <= 128
    error_message = "name must be a trail's name: 3 to 128 letters, digits, dots, underscores and hyphens, with a letter or digit at both ends and no two of the others in a row."
  }

  validation {
    condition     = !can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$", var.name))
    error_message = "name must not be shaped like an IP address: CloudTrail refuses it."
  }
}

variable "network_activity_events" {
  type = map(object({
    event_source = string
    event_names = optional(object({
      equals          = optional(list(string))
      not_equals      = optional(list(string))
      starts_with     = optional(list(string))
      not_starts_with = optional(list(string))
      ends_with       = optional(list(string))
      not_ends_with   = optional(list(string))
    }))
  }))
  default     = {}
  nullable    = false
  description = "Network activity events to record, which are calls through VPC endpoints (0.10 USD per 100,000), by a name of your choice. Each has an event_source such as s3.amazonaws.com, and may have event_names with the operators of data_events."

  validation {
    condition     = alltrue([for selector in values(var.network_activity_events) : can(regex("^[a-z0-9-]+\\.amazonaws\\.com$", selector.event_source))])
    error_message = "event_source must be a service as in s3.amazonaws.com. Correct: ${join(", ", [for key, selector in var.network_activity_events : key if !can(regex("^[a-z0-9-]+\\.amazonaws\\.com$", selector.event_source))])}."
  }
}

variable "notification_topic" {
  type = object({
    arn = string
  })
  default     = null
  description = "SNS topic that gets a message for each delivered log file: an aws_sns_topic whole, or { arn = \"arn:...\" }. Its policy, and its key's, must admit CloudTrail before the trail is made. A topic of another account or Region needs version 5.87 of the provider or newer. Null: none."

  validation {
    condition     = var.notification_topic == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.notification_topic.arn))
    error_message = "notification_topic.arn must be the ARN of a standard SNS topic, arn:<partition>:sns:<region>:<account>:<name>: pass the aws_sns_topic whole."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the role for CloudWatch Logs. Null: none."

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is not the ARN of an IAM policy: give \"arn:aws:iam::<account>:policy/<name>\"."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id."
}

variable "role_path" {
  type        = string
  default     = "/"
  nullable    = false
  description = "Path of the role for CloudWatch Logs."

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path starts and ends with a slash, as in \"/audit/\", and has 512 characters at most."
  }
}

variable "scope" {
  type        = string
  default     = "account"
  nullable    = false
  description = "Scope of the trail: the calls of the \"account\" or of the \"organization\". An organization's trail is made in its management account or a delegated administrator's."

  validation {
    condition     = contains(["account", "organization"], var.scope)
    error_message = "scope must be \"account\" or \"organization\"."
  }

  validation {
    condition     = var.scope == "account" || var.log_bucket.trail_name == null || var.log_bucket.organization_id != null
    error_message = "log_bucket admits the logs of one account only, and this trail is an organization's: give the log-bucket module the organization_id, and trail_account_id if the trail is in another account."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of the trail."

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}
