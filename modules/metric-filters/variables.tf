variable "alarm_topic" {
  description = "SNS topic that the alarms report to (the alert-topic module whole, or { arn = \"arn:...\" }). Security Hub wants somebody to have subscribed to it. If it is encrypted, its key must admit cloudwatch.amazonaws.com."
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn is not the ARN of an SNS topic: give { arn = \"arn:aws:sns:<region>:<account>:<topic>\" } or a module or resource that has it as `arn`."
  }

  validation {
    condition     = try(!can(regex("(^|:)alias/aws/sns$", var.alarm_topic.kms_master_key_id)), true)
    error_message = "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch: no alarm would arrive. Give a topic under a customer managed key that admits cloudwatch.amazonaws.com (an alert-topic has one), or one without encryption."
  }

  validation {
    condition     = var.log_group.arn == null ? true : try(split(":", var.alarm_topic.arn)[3] == split(":", var.log_group.arn)[3], true)
    error_message = "alarm_topic is in another Region than log_group, and an alarm can only report to a topic of its own Region: give a topic from there."
  }
}

variable "benchmark" {
  description = "Benchmark whose numbers the controls have, as in \"cis-5.0\": 4.1 to 4.15, and 5.1 to 5.15 from cis-6.0 on."
  type        = string
  default     = "cis-5.0"
  nullable    = false

  validation {
    condition     = can(regex("^cis-([1-5]\\.[0-9]|[67]\\.0)$", var.benchmark))
    error_message = "benchmark must be a version of the CIS AWS Foundations Benchmark, as in \"cis-5.0\"."
  }
}

variable "controls" {
  description = "Controls to make a filter and an alarm for, as in [\"4.3\", \"4.5\"]. Null: all fifteen."
  type        = set(string)
  default     = null

  validation {
    condition     = var.controls == null ? true : length(var.controls) > 0
    error_message = "controls is empty: name some, or leave it out for all of them."
  }

  validation {
    condition     = var.controls == null ? true : length(setsubtract(var.controls, keys(local._all))) == 0
    error_message = "controls must name some of ${join(", ", [for number in range(1, 16) : "${local._section}.${number}"])}, or be null for all. Correct: ${join(", ", setsubtract(var.controls == null ? [] : var.controls, keys(local._all)))}."
  }
}

variable "log_group" {
  description = "Log group that a trail of all Regions sends its events to: the trail module's output log_group, an aws_cloudwatch_log_group whole, or { name = \"...\" }. A log group takes 100 metric filters."
  type = object({
    name = string
    arn  = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group.name))
    error_message = "log_group.name is not the name of a log group (up to 512 of letters, digits and _ - / . #): give { name = \"aws-cloudtrail-logs\" } or a resource that has it as `name`."
  }
}

variable "name" {
  description = "What the names of the filters, metrics and alarms begin with."
  type        = string
  default     = "cis"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "namespace" {
  description = "Namespace of the metrics; Security Hub's steps name LogMetrics."
  type        = string
  default     = "LogMetrics"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_./#-]{1,255}$", var.namespace)) && !startswith(var.namespace, "AWS/")
    error_message = "namespace must be 1 to 255 of letters, digits and _ . / # -, and not begin with AWS/, which is AWS's own."
  }
}

variable "tags" {
  description = "Tags of the alarms."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}

variable "thresholds" {
  description = "Calls within five minutes that ring a control's alarm, as in { \"4.1\" = 10 }: 1 for those not named. An auditor may ask for 1. Changes of security groups count twice, but for ModifySecurityGroupRules."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.thresholds), keys(local._controls))) == 0
    error_message = "thresholds names controls that there are no alarms for: ${join(", ", setsubtract(keys(var.thresholds), keys(local._controls)))}."
  }

  validation {
    condition     = alltrue([for threshold in values(var.thresholds) : threshold >= 1 && floor(threshold) == threshold])
    error_message = "A threshold must be a whole number from 1 on."
  }
}
