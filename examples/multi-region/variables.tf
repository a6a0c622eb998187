variable "away_region" {
  description = "Second Region of the hub account; us-east-1 has the events of global services."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "email_subscribers" {
  description = "E-mail addresses that get the alerts; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "member_account_ids" {
  description = "Accounts that apply member/ and so send their events here."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "multi-region"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,23}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 25 lower-case letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "organization_id" {
  description = "Organization whose accounts may all send their events here; null admits member_account_ids alone."
  type        = string
  default     = null
}
