variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "alarm_topic" {
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  default     = null
  description = "SNS topic that the alarm on objects that fail to replicate reports to: an alert-topic whole, or { arn = \"arn:...\" }, of the log bucket's Region. A topic switches on the rule's metrics (custom metrics, 0.30 USD each a month). Null: no alarm."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.alarm_topic == null ? true : can(regex("^(arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+|[a-z0-9]{8})$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn is not the ARN of an SNS topic: give { arn = \"arn:aws:sns:<region>:<account>:<topic>\" } or a module or resource that has it as `arn`."
  }

  validation {
    condition     = try(!can(regex("(^|:)alias/aws/sns$", var.alarm_topic.kms_master_key_id)), true)
    error_message = "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch: no alarm would arrive. Give a topic under a customer managed key that admits cloudwatch.amazonaws.com (an alert-topic has one), or one without encryption."
  }
}

variable "archive" {
  type = object({
    name        = string
    account_id  = optional(string)
    kms_key_arn = optional(string)
    region      = optional(string)
  })
  nullable    = false
  description = "Bucket that the logs are replicated to: the log-archive module whole, or { name, kms_key_arn }. Add account_id and region where they differ from the log bucket's."

  validation {
    condition     = var.create_rule ? var.archive.kms_key_arn != null : true
    error_message = "archive.kms_key_arn is missing, and S3 replicates encrypted objects only with a key for the replicas: pass the log-archive module whole, or { name = \"<bucket>\", kms_key_arn = \"<key>\" }."
  }

  validation {
    condition     = var.archive.name != var.log_bucket.name
    error_message = "archive is the log bucket itself: give another bucket."
  }

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.archive.name))
    error_message = "archive.name must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.archive.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.archive.kms_key_arn))
    error_message = "archive.kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id."
  }

  validation {
    condition     = var.archive.account_id == null ? true : can(regex("^[0-9]{12}$", var.archive.account_id))
    error_message = "archive.account_id must be the 12 digits of an account id, as a string."
  }

  validation {
    condition     = var.archive.region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.archive.region))
    error_message = "archive.region must be a Region such as eu-west-1."
  }
}

variable "create_rule" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether to make the replication rule. False: the module makes the role only. S3 refuses a rule to a bucket that does not exist yet."
}

variable "log_bucket" {
  type = object({
    name        = string
    key_prefix  = optional(string)
    kms_key_arn = optional(string)
  })
  nullable    = false
  description = "Bucket that the logs are in: the log-bucket module whole, or at least { name } with the kms_key_arn that encrypts it. The bucket must have versioning on, and no other replication configuration."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket.name))
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

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the role and of the rule. The role's ARN follows from it, before the role is made."

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name must be a role's name: 1 to 64 letters, digits or any of _+=,.@- characters."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the role. Null: none."

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

variable "replication_time_control" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether S3 promises to replicate 99.99 % of the objects within 15 minutes (0.015 USD a GB more). Without it, most take minutes and nothing is promised."
}

variable "role_path" {
  type        = string
  default     = "/"
  nullable    = false
  description = "Path of the role, with a slash at both ends."

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must begin and end with a slash, as in /audit/."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}
