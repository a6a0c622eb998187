variable "archive_region" {
  description = "Region of the archive; another one than the trail's."
  type        = string
  default     = "us-west-2"
  nullable    = false
}

variable "email_subscribers" {
  description = "E-mail addresses that get the alarms; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the buckets with their logs: for a demo only, and not with mfa_delete."
  type        = bool
  default     = false
  nullable    = false
}

variable "mfa_delete" {
  description = "Whether MFA delete is to be on for the log bucket."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name of the trail, and what the names of the buckets and the role begin with."
  type        = string
  default     = "audit"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 30 lower-case letters, digits and hyphens, with a letter or digit at both ends, so that the buckets' names fit into S3's rules."
  }
}

variable "retention_days" {
  description = "Days for which nothing in the archive can be deleted."
  type        = number
  default     = 365
  nullable    = false
}
