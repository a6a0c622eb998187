variable "email_subscribers" {
  description = "E-mail addresses that get the alerts; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the log bucket with its logs: for a demo only."
  type        = bool
  default     = false
  nullable    = false
}

variable "ids" {
  description = "Ids of the detections to take. Null: all of the severity."
  type        = set(string)
  default     = null
}

variable "min_severity" {
  description = "Lowest severity of the detections to take: info, low, medium, high or critical."
  type        = string
  default     = "medium"
  nullable    = false
}

variable "mode" {
  description = "Mode of the reaction: dry_run, notify or enforce."
  type        = string
  default     = "dry_run"
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "detections"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 lower-case letters, digits and hyphens, with a letter or digit at both ends, so that the bucket's name fits into S3's rules."
  }
}

variable "trusted_accounts" {
  description = "Accounts of your own beside this one: what is shared with them is no finding."
  type        = list(string)
  default     = []
  nullable    = false
}
