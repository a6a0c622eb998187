variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on: a lookup then waits for the apply, and what is built from it is unknown in the plan."
}

variable "alarm_topic" {
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  default     = null
  description = "SNS topic that is told when objects fail to replicate: an alert-topic whole, or { arn }, of the log bucket's Region. It switches on the rule's metrics (custom metrics, 0.30 USD each a month). Null: no alarm."

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
  description = "Where the logs are replicated to: the log-archive module whole, or { name, kms_key_arn }. Add account_id and region where they differ from the log bucket's."

  validation {
    condition     = var.create_rule ? var.archive.kms_key_arn != null : true
    error_message = "archive.kms_key_arn is missing, and S3 replicates encrypted objects only with a key for the replicas: pass the log-archive module whole, or { name = \"<bucket>\", kms_key_arn = \"<key>\" }."
  }

  validation {
    condition     = var.archive.name != var.log_bucket.name
    error_message = "archive is the log bucket itself: give another bucket."
  }
}

variable "create_rule" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether to make the replication rule. False makes the role only, while the archive does not exist yet: S3 refuses a rule to a bucket that is not there."
}

variable "log_bucket" {
  type = object({
    name        = string
    key_prefix  = optional(string)
    kms_key_arn = optional(string)
  })
  nullable    = false
  description = "Bucket that the logs are in: the log-bucket module whole, or at least { name } with the kms_key_arn that encrypts it. It must have versions, and no other replication configuration."
}

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the role and of the rule. With it, the role's ARN is known before the role is made."

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name must be a role's name: 1 to 64 letters, digits or any of _+=,.@- characters."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the role. Null: none."
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, as account_id."
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
}
