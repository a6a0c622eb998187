variable "account_ids" {
  description = "Accounts whose events the log holds. Null: this account, or for an organization those that a query names."
  type        = set(string)
  default     = null
}

variable "bucket_name" {
  description = "Bucket that the trail writes to."
  type        = string
  nullable    = false
}

variable "key_prefix" {
  description = "Prefix that the trail writes below, or null."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log, or null."
  type        = string
  default     = null
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "log-query"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,23}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 25 lower-case letters, digits and hyphens, with a letter first and a letter or digit last."
  }
}

variable "organization_id" {
  description = "Id of the organization (o-...) if the trail is an organization trail, or null."
  type        = string
  default     = null
}
