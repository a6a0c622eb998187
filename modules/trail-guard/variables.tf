variable "bucket" {
  description = "Name of the bucket that the trails write to; null does not look at it."
  type        = string
  default     = null
}

variable "event_selectors" {
  description = "Event selectors that the trails should have: the JSON of a list as PutEventSelectors takes it (advanced or basic ones), as in jsonencode([{ FieldSelectors = [{ Field = \"eventCategory\", Equals = [\"Management\"] }] }]). Null does not look at them."
  type        = string
  default     = null

  validation {
    condition     = var.event_selectors == null || can([for selector in jsondecode(var.event_selectors) : keys(selector)])
    error_message = "event_selectors is not the JSON of a list of event selectors: give it as jsonencode([{ ... }])."
  }
}

variable "global_events" {
  description = "Whether the trails should record global services; null does not look."
  type        = bool
  default     = true
}

variable "key_prefix" {
  description = "Prefix of the keys in the trails' bucket; null does not look at it."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the trails' logs; null does not look at it."
  type        = string
  default     = null
}

variable "mode" {
  description = "What the guard may do. dry_run: what it would do is logged, nothing is touched and no alert leaves. notify: alerts leave, nothing else is touched. enforce: stopped logging is started and changes are taken back too."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "multi_region" {
  description = "Whether the trails should cover all Regions; null does not look."
  type        = bool
  default     = true
}

variable "organization" {
  description = "Whether the trails should be the organization's. Null does not look. False also leaves out what only an organization's trail needs of Organizations and IAM."
  type        = bool
  default     = null
}

variable "restore" {
  description = "Whether, in enforce, a changed trail is restored. Logging that was stopped is started again in any case."
  type        = bool
  default     = true
  nullable    = false
}

variable "trails" {
  description = "Names of the trails, as wildcards, that are guarded; [\"*\"] is every one."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.trails) > 0 && alltrue([for name in var.trails : can(regex("^[A-Za-z0-9._*?-]+$", name))])
    error_message = "trails must hold names of trails, * and ? being wildcards: [\"*\"] is every one."
  }
}

variable "validation" {
  description = "Whether the trails should validate their log files; null does not look."
  type        = bool
  default     = true
}
