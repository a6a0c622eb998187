variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the buckets with their logs: for a demo only."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_account_role_arn" {
  description = "Role in the log archive account that Terraform assumes to make the bucket there. Null: the bucket is in the management account."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the trail, and what its bucket's name begins with."
  type        = string
  default     = "org-audit"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,10}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 12 lower-case letters, digits and hyphens, with a letter or digit at both ends, so that the bucket's name fits into S3's rules."
  }
}

variable "organization_id" {
  description = "Id of the organization: aws organizations describe-organization --query Organization.Id."
  type        = string
  nullable    = false
}
