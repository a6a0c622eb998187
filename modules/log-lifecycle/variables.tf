variable "account_ids" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Accounts whose log files move: for an account trail its own, for an organization trail every member's. Required unless transition_digests is true."

  validation {
    condition     = alltrue([for id in var.account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "account_ids must hold account ids of 12 digits, as strings."
  }

  validation {
    condition     = length(var.transitions) == 0 || var.transition_digests || length(var.account_ids) > 0
    error_message = "transitions needs account_ids: a lifecycle can't except the digests but by a prefix an account. Give the accounts of the trail (of an organization: [for a in data.aws_organizations_organization.this.accounts : a.id]), or set transition_digests = true."
  }

  validation {
    condition     = length(var.account_ids) <= 499
    error_message = "account_ids holds more than 499 accounts, and a bucket has 1,000 lifecycle rules at most, two an account: set transition_digests = true, which takes one rule for all."
  }
}

variable "bucket_name" {
  type        = string
  nullable    = false
  description = "Bucket that holds the logs. The bucket must have no other lifecycle, and no MFA delete."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }
}

variable "expire_after_days" {
  type        = number
  default     = null
  description = "Days after which logs and digests are deleted. Null: never."

  validation {
    condition     = var.expire_after_days == null ? true : var.expire_after_days >= 1 && floor(var.expire_after_days) == var.expire_after_days
    error_message = "expire_after_days must be a whole number of days, 1 or more. Leave it out to keep the logs."
  }

  validation {
    condition     = var.expire_after_days == null ? true : alltrue([for days in values(var.transitions) : days < var.expire_after_days])
    error_message = "expire_after_days must be greater than every number of days in transitions: what is deleted first never moves. Raise it, or leave out the later classes."
  }
}

variable "key_prefix" {
  type        = string
  default     = null
  description = "Prefix of the log files' keys, as the trail has it: they are below `<key_prefix>/AWSLogs/`. Null: below AWSLogs/."

  validation {
    condition     = var.key_prefix == null ? true : can(regex("^[0-9A-Za-z!_.'()-]+(/[0-9A-Za-z!_.'()-]+)*$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix must be 1 to 200 letters, digits or any of !_.'()- with single slashes between its parts and none at its ends, as in \"org/audit\", just as the trail has it. Leave it out for no prefix."
  }
}

variable "organization_id" {
  type        = string
  default     = null
  description = "Id of the organization (o-...) for the logs of an organization trail. Null: an account trail."

  validation {
    condition     = var.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must be an organization's id such as o-a1b2c3d4e5 (aws organizations describe-organization prints it)."
  }
}

variable "remove_expired_after_days" {
  type        = number
  default     = 30
  nullable    = false
  description = "Days for which an expired object is only hidden and can be brought back. S3 removes it after that."

  validation {
    condition     = var.remove_expired_after_days >= 1 && floor(var.remove_expired_after_days) == var.remove_expired_after_days
    error_message = "remove_expired_after_days must be a whole number of days, 1 or more."
  }
}

variable "transition_digests" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether digest files move too. Leave it false: a validation can read a digest in GLACIER or DEEP_ARCHIVE only after a restore, and a digest costs more to move than it saves."
}

variable "transition_from_bytes" {
  type        = number
  default     = 131072
  nullable    = false
  description = "Size in bytes of the smallest file that moves. Below 128 KB, the price of a transition and of the 40 KB that Glacier adds to an object outweighs the cheaper storage."

  validation {
    condition     = var.transition_from_bytes >= 1 && floor(var.transition_from_bytes) == var.transition_from_bytes
    error_message = "transition_from_bytes must be a whole number of bytes, 1 or more; 131072 is 128 KB."
  }
}

variable "transitions" {
  type        = map(number)
  default     = {}
  nullable    = false
  description = "Days after which log files move, by storage class: GLACIER_IR, GLACIER, DEEP_ARCHIVE, e.g. { GLACIER_IR = 90, DEEP_ARCHIVE = 365 }."

  validation {
    condition     = length(setsubtract(keys(var.transitions), ["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"])) == 0
    error_message = "transitions knows the storage classes GLACIER_IR, GLACIER and DEEP_ARCHIVE. Not so: ${join(", ", setsubtract(keys(var.transitions), ["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]))}."
  }

  validation {
    condition     = alltrue([for days in values(var.transitions) : try(days >= 0 && floor(days) == days, false)])
    error_message = "transitions must have whole numbers of days, 0 or more."
  }

  validation {
    condition = alltrue([
      for pair in [["GLACIER_IR", "GLACIER"], ["GLACIER", "DEEP_ARCHIVE"], ["GLACIER_IR", "DEEP_ARCHIVE"]] :
      try(var.transitions[pair[0]] < var.transitions[pair[1]], true)
    ])
    error_message = "transitions must go down the classes, GLACIER_IR before GLACIER before DEEP_ARCHIVE, each with more days than the one before: S3 moves nothing back up."
  }
}
