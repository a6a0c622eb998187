variable "log_bucket" {
  type = object({
    name        = string
    key_prefix  = optional(string)
    kms_key_arn = optional(string)
    trail_name  = optional(string)
  })
  nullable    = false
  description = "Bucket that the logs go to: the log-bucket module whole, or of one's own at least { name }. With kms_key_arn, CloudTrail encrypts the log files with that key; trail_name is the only trail that the bucket admits."

  validation {
    condition     = try(length(var.log_bucket.name) > 0, true)
    error_message = "log_bucket.name is empty: pass the log-bucket module whole (log_bucket = module.log_bucket), or { name = \"<bucket>\" }."
  }

  validation {
    condition     = var.log_bucket.trail_name == null ? true : var.log_bucket.trail_name == var.name
    error_message = "log_bucket admits the trail ${coalesce(var.log_bucket.trail_name, "-")} only, and this trail is named ${var.name}: CloudTrail could not write. Give this trail the bucket's trail_name as its name, or make a log-bucket for it."
  }
}

variable "multi_region" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether the trail records every Region, global services (IAM, STS, CloudFront) included. False: only the Region it is made in, and no global services."
}

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the trail."

  validation {
    condition     = can(regex("^[A-Za-z0-9]([._-]?[A-Za-z0-9])+$", var.name)) && length(var.name) >= 3 && length(var.name) <= 128
    error_message = "name must be a trail's name: 3 to 128 letters, digits, dots, underscores and hyphens, with a letter or digit at both ends and no two of the others in a row."
  }

  validation {
    condition     = !can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$", var.name))
    error_message = "name must not be shaped like an IP address: CloudTrail refuses it."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of the trail."
}
