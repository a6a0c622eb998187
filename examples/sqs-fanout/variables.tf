variable "email_subscribers" {
  description = "E-mail addresses that get the alarms; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "sqs-fanout"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,23}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 25 lower-case letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a message stays hidden once the consumer has it, until it comes back: AWS advises six times the function's timeout."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.visibility_timeout_seconds >= 10 && var.visibility_timeout_seconds <= 43200
    error_message = "visibility_timeout_seconds is 10 (the function's timeout) to 43200."
  }
}
