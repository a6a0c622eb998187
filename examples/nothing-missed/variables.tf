variable "bucket_name" {
  description = "Name of the bucket that the trail writes to."
  type        = string
  nullable    = false
}

variable "email_subscribers" {
  description = "E-mail addresses that get alerts and the daily line; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "key_prefix" {
  description = "What comes before AWSLogs/ in the bucket, if anything does."
  type        = string
  default     = null
}

variable "log_kms_key_arn" {
  description = "KMS key that the log files are encrypted with, if there is one."
  type        = string
  default     = null
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "nothing-missed"
  nullable    = false
}

variable "organization_id" {
  description = "Id of the organization, if the trail is an organization trail."
  type        = string
  default     = null
}

variable "trail_name" {
  description = "Name of the trail."
  type        = string
  nullable    = false
}
