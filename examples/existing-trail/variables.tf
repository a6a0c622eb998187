variable "email_subscribers" {
  description = "E-mail addresses that get the alerts; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "global_region" {
  description = "Where sign-ins of root arrive: us-east-1, in China cn-north-1, in GovCloud us-gov-west-1."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "security"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,23}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 25 lower-case letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "trail_log_group_name" {
  description = "Log group that the trail sends its events to, for CIS's metric filters and alarms (about 6 USD a month). Null: none."
  type        = string
  default     = null
}
