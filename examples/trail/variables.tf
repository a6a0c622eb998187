variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the buckets with their logs: for a demo only."
  type        = bool
  default     = false
  nullable    = false
}

variable "name" {
  description = "Name of the trail, and what its bucket's name begins with."
  type        = string
  default     = "audit"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 30 lower-case letters, digits and hyphens, with a letter or digit at both ends, so that the bucket's name fits into S3's rules."
  }
}
