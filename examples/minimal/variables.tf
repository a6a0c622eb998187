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

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "minimal"
  nullable    = false
}
