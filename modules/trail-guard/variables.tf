variable "bucket" {
  description = "Name of the bucket that the trails should write to. Null: the guard does not look at it."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }
}

variable "event_selectors" {
  description = "Event selectors that the trails should have: the JSON of a list as PutEventSelectors takes it (advanced or basic ones), as in jsonencode([{ FieldSelectors = [{ Field = \"eventCategory\", Equals = [\"Management\"] }] }]). Null: the guard does not look at them."
  type        = string
  default     = null

  validation {
    condition     = var.event_selectors == null || can([for selector in jsondecode(var.event_selectors) : keys(selector)])
    error_message = "event_selectors is not the JSON of a list of event selectors: give it as jsonencode([{ ... }])."
  }

  validation {
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
    condition     = length(distinct([for selector in try(jsondecode(var.event_selectors), []) : can(selector.FieldSelectors)])) <= 1
    error_message = "event_selectors mixes basic and advanced ones, and a trail has one kind: give FieldSelectors to all of them, or to none."
  }
}

variable "global_events" {
  description = "Whether the trails should record global services. Null: the guard does not look at it."
  type        = bool
  default     = true
}

variable "key_prefix" {
  description = "Prefix that the keys in the trails' bucket should have. Null: the guard does not look at it."
  type        = string
  default     = null

  validation {
    condition     = var.key_prefix == null ? true : can(regex("^[0-9A-Za-z!_.'()-]+(/[0-9A-Za-z!_.'()-]+)*$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix must be 1 to 200 letters, digits or any of !_.'()- with single slashes between its parts and none at its ends, as in \"org/audit\", just as the trail has it. Leave it out for no prefix."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that should encrypt the trails' logs. Null: the guard does not look at it."
  type        = string
  default     = null

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id."
  }
}

variable "mode" {
  description = "Mode of the guard. dry_run: the guard logs what it would do, changes nothing and sends no alert. notify: it also sends alerts. enforce: it also starts logging that was stopped and takes changes back."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "multi_region" {
  description = "Whether the trails should cover all Regions. Null: the guard does not look at it."
  type        = bool
  default     = true
}

variable "organization" {
  description = "Whether the trails should be the organization's. Null: the guard does not look at it. False also leaves out what only an organization's trail needs of Organizations and IAM."
  type        = bool
  default     = null
}

variable "restore" {
  description = "Whether the guard restores a changed trail, in enforce. It starts stopped logging again in any case."
  type        = bool
  default     = true
  nullable    = false
}

variable "trails" {
  description = "Names (wildcards) of the trails that the guard looks after. [\"*\"] is every trail."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.trails) > 0 && alltrue([for name in var.trails : can(regex("^[A-Za-z0-9._*?-]+$", name))])
    error_message = "trails must hold names of trails, * and ? being wildcards: [\"*\"] is every one."
  }
}

variable "validation" {
  description = "Whether the trails should validate their log files. Null: the guard does not look at it."
  type        = bool
  default     = true
}
