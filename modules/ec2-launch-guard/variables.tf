variable "alert_from_count" {
  description = "Alert on a call that launches at least this many instances; null: the guard does not look at the count."
  type        = number
  default     = null

  validation {
    condition     = var.alert_from_count == null ? true : var.alert_from_count >= 1 && floor(var.alert_from_count) == var.alert_from_count
    error_message = "alert_from_count must be a whole number from 1, or null for no alert on the count."
  }
}

variable "alert_from_size" {
  description = "Alert on an instance of this size or a larger one, as in 4xlarge; null: the guard does not look at the size."
  type        = string
  default     = null

  validation {
    condition     = var.alert_from_size == null || can(regex("^(nano|micro|small|medium|large|([1-9][0-9]{0,5})?xlarge|metal(-[1-9][0-9]{0,5}xl)?)$", var.alert_from_size))
    error_message = "alert_from_size must be a size without its family: nano, micro, small, medium, large, xlarge, 2xlarge, 4xlarge and so on, or metal (\"4xlarge\", not \"m5.4xlarge\"); null for no alert on the size."
  }
}

variable "alert_from_vcpus" {
  description = "Alert on a call whose instances have at least this many vCPUs in all; null: the guard does not look at vCPUs."
  type        = number
  default     = null

  validation {
    condition     = var.alert_from_vcpus == null ? true : var.alert_from_vcpus >= 1 && floor(var.alert_from_vcpus) == var.alert_from_vcpus
    error_message = "alert_from_vcpus must be a whole number from 1, or null for no alert on vCPUs."
  }
}

variable "alert_instance_types" {
  description = "Alert on an instance of a type that one of these wildcards matches, as in [\"p*\", \"*.metal\"], whatever its size."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for type in var.alert_instance_types : can(regex("^[a-z0-9*?.-]{1,64}$", type))])
    error_message = "alert_instance_types may hold instance types and wildcards of them only: lower-case letters, digits, dots, hyphens, * and ?, as in [\"p*\", \"*.metal\"]."
  }

  validation {
    condition     = length(var.alert_instance_types) <= 50
    error_message = "alert_instance_types holds more than 50 wildcards: join some of them, as in \"p*\" for all types of the p families."
  }
}

variable "alert_on_accelerators" {
  description = "Alert on an instance with GPUs, Trainium, Inferentia or FPGAs, whatever its size."
  type        = bool
  default     = false
  nullable    = false
}

variable "mode" {
  description = "Mode of the guard. dry_run: the guard logs what it would do, changes nothing and sends no alert. notify: it also sends alerts. enforce: it also tags instances and volumes, and stops instances if stop_flagged says so."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "stop_flagged" {
  description = "Stop the instances that the guard alerts on, in enforce (trailctl undo starts them again). The guard never stops instances of Auto Scaling groups and fleets, nor Spot instances."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.stop_flagged || var.alert_from_count != null || var.alert_from_size != null || var.alert_from_vcpus != null || var.alert_on_accelerators || length(var.alert_instance_types) > 0
    error_message = "stop_flagged stops what is alerted on, but nothing is: give alert_from_size, alert_instance_types, alert_from_vcpus, alert_on_accelerators or alert_from_count."
  }
}

variable "tag_prefix" {
  description = "Prefix of the tags that the guard writes: `<prefix>owner`, `<prefix>creator-kind`, `<prefix>launch-source` and `<prefix>launched-at`. Name it in the ignore_tags of whoever manages the instances with Terraform."
  type        = string
  default     = "reactor:"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=._:/@-]{1,64}$", var.tag_prefix))
    error_message = "tag_prefix must be 1 to 64 letters, digits and + - = . _ : / @, so that the tags fit into EC2's 128 characters."
  }

  validation {
    condition     = !startswith(lower(var.tag_prefix), "aws:")
    error_message = "tag_prefix must not start with \"aws:\", which AWS keeps for itself: take one of your own, as in \"reactor:\"."
  }
}
