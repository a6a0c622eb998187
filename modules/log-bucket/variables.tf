variable "access_log" {
  type        = string
  default     = "off"
  nullable    = false
  description = "Access log of every request to the bucket: \"off\" (none), \"own\" (into a bucket `<name>-access-log` that the module makes) or \"given\" (into access_log_bucket)."

  validation {
    condition     = contains(["off", "own", "given"], var.access_log)
    error_message = "access_log must be \"off\", \"own\" (the module makes a bucket for it) or \"given\" (name it in access_log_bucket)."
  }

  validation {
    condition     = var.access_log != "own" || length(var.name) <= 52
    error_message = "The access log's bucket is named <name>-access-log, and a bucket's name has 63 characters at most: shorten name to 52, or give a bucket with access_log = \"given\"."
  }
}

variable "access_log_bucket" {
  type        = string
  default     = null
  description = "Name of the bucket that the access log goes to, with access_log = \"given\". The bucket must be of the same account and Region, have no Object Lock, and hold the output access_log_policy_statement in its policy."

  validation {
    condition     = (var.access_log == "given") == (var.access_log_bucket != null)
    error_message = "access_log = \"given\" and access_log_bucket go together: give both, or neither."
  }

  validation {
    condition     = var.access_log_bucket == null ? true : var.access_log_bucket != var.name
    error_message = "access_log_bucket is the log bucket itself, and every delivered access log would be logged again: give another bucket."
  }

  validation {
    condition     = var.access_log_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket))
    error_message = "access_log_bucket must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }
}

variable "access_log_expire_after_days" {
  type        = number
  default     = null
  description = "Days after which the module's own access log bucket deletes what it holds. Null: never."

  validation {
    condition     = var.access_log_expire_after_days == null ? true : var.access_log_expire_after_days >= 1 && floor(var.access_log_expire_after_days) == var.access_log_expire_after_days
    error_message = "access_log_expire_after_days must be a whole number of days, 1 or more. Leave it out to keep the access log."
  }

  validation {
    condition     = var.access_log_expire_after_days == null || var.access_log == "own"
    error_message = "access_log_expire_after_days is for the module's own access log bucket: set access_log = \"own\", or let the given bucket have its own lifecycle."
  }
}

variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "account_ids" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Accounts whose log files the lifecycle moves (transitions). Required for an organization's logs unless transition_digests is true. Default for an account trail: the trail's account."
}

variable "checks" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether a plan warns while MFA delete is not as mfa_delete says. Set it to false for `terraform test`, which takes a warning of a check as a failure."
}

variable "expire_after_days" {
  type        = number
  default     = null
  description = "Days after which logs and digests are deleted. Null: never. S3 refuses it beside MFA delete."
}

variable "extra_policy_json" {
  type        = string
  default     = null
  description = "Policy document (JSON) whose statements are added to the bucket's policy."

  validation {
    condition     = var.extra_policy_json == null ? true : can(flatten([jsondecode(var.extra_policy_json).Statement]))
    error_message = "extra_policy_json must be a policy document as JSON with a Statement: write it with jsonencode({ Version = \"2012-10-17\", Statement = [...] })."
  }

  validation {
    condition = length(setintersection(
      [for statement in try(flatten([jsondecode(var.extra_policy_json).Statement]), []) : try(statement.Sid, "")],
      ["DenyInsecureTransport", "DenyOutdatedTls", "CloudTrailAclCheck", "CloudTrailWrite", "CloudTrailOrganizationWrite", "ReadersList", "ReadersRead"],
    )) == 0
    error_message = "extra_policy_json uses a Sid of the module's own statements (DenyInsecureTransport, DenyOutdatedTls, CloudTrailAclCheck, CloudTrailWrite, CloudTrailOrganizationWrite, ReadersList, ReadersRead): name the statement otherwise."
  }
}

variable "force_destroy" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether a destroy of the module may delete a bucket that still holds logs. Keep false wherever the logs matter."
}

variable "key_prefix" {
  type        = string
  default     = null
  description = "Prefix of the log files' keys: they land below `<key_prefix>/AWSLogs/`. Null: below AWSLogs/."

  validation {
    condition     = var.key_prefix == null ? true : can(regex("^[0-9A-Za-z!_.*'()-]+(/[0-9A-Za-z!_.*'()-]+)*$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix must be 1 to 200 letters, digits or any of !_.*'()- with single slashes between its parts and none at its ends, e.g. \"org/audit\". Leave it out for no prefix."
  }

  validation {
    # A "*" is legal in a key, but in the policy's resource it would admit every prefix.
    condition     = var.key_prefix == null ? true : !strcontains(var.key_prefix, "*")
    error_message = "key_prefix must not hold \"*\": in the bucket policy it would stand for any prefix. Write the prefix out."
  }

  validation {
    condition     = !can(regex("(^|/)AWSLogs(/|$)", var.key_prefix))
    error_message = "key_prefix is what comes before AWSLogs/, which CloudTrail adds by itself: leave AWSLogs and what follows out."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the logs; its policy must hold the statements of the output kms_key_policy. Null: the module's own key. Set own_kms_key = false beside it."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id. Leave it out to have a key made."
  }
}

variable "mfa_delete" {
  type        = bool
  default     = null
  description = "Whether MFA delete should be on. Terraform can't switch it: it warns until the root user has run the command of the output mfa_delete_commands. Null: Terraform never warns."

  validation {
    condition     = var.mfa_delete == null ? true : !var.mfa_delete || (length(var.transitions) == 0 && var.expire_after_days == null)
    error_message = "S3 refuses a lifecycle on a bucket with MFA delete: leave out transitions and expire_after_days, and let the logs age in an archive instead (modules/log-archive, fed by modules/log-replication); or leave out mfa_delete and protect the logs with object_lock_mode."
  }

  validation {
    condition     = var.mfa_delete == null ? true : !(var.mfa_delete && var.force_destroy)
    error_message = "force_destroy can't delete versions from a bucket with MFA delete: leave out one of force_destroy and mfa_delete."
  }
}

variable "mfa_device_arn" {
  type        = string
  default     = null
  description = "ARN (or a hardware device's serial number) of the root user's MFA device, for the commands. Null: `arn:<partition>:iam::<account>:mfa/root-account-mfa-device`."

  validation {
    condition     = var.mfa_device_arn == null ? true : can(regex("^(arn:[a-z-]+:iam::[0-9]{12}:mfa/[A-Za-z0-9_+=,.@/-]+|[A-Za-z0-9-]{6,64})$", var.mfa_device_arn))
    error_message = "mfa_device_arn must be arn:<partition>:iam::<account>:mfa/<name>, or a hardware device's serial number (as root: aws iam list-mfa-devices)."
  }
}

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the bucket. Bucket names are shared by all AWS accounts: put your organization's name or the account id into it."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name)) && !strcontains(var.name, "..") && !can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$", var.name))
    error_message = "name must be a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends, no two dots in a row and not shaped like an IP address."
  }

  validation {
    condition     = !can(regex("^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\\.mrap|--x-s3|--table-s3)$", var.name))
    error_message = "name has a prefix or suffix that S3 keeps for itself (xn--, sthree-, amzn-s3-demo-, -s3alias, --ol-s3, .mrap, --x-s3, --table-s3): choose another one."
  }
}

variable "object_lock_days" {
  type        = number
  default     = null
  description = "Days for which Object Lock keeps every version from being deleted, with object_lock_mode."

  validation {
    condition     = (var.object_lock_days == null) == (var.object_lock_mode == null)
    error_message = "object_lock_mode and object_lock_days go together: give both, or neither."
  }

  validation {
    condition     = var.object_lock_days == null ? true : var.object_lock_days >= 1 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days must be a whole number of days from 1 to 36500."
  }

  validation {
    condition     = var.object_lock_days == null || var.expire_after_days == null ? true : var.expire_after_days >= var.object_lock_days
    error_message = "expire_after_days is shorter than object_lock_days, and a locked version can't be deleted: raise expire_after_days, or lower object_lock_days."
  }
}

variable "object_lock_mode" {
  type        = string
  default     = null
  description = "Object Lock on every log file: \"governance\" (a principal with s3:BypassGovernanceRetention can lift it) or \"compliance\" (nobody can, not even AWS, until the days are over). Null: none. Once on, it can't be taken off the bucket."

  validation {
    condition     = var.object_lock_mode == null ? true : contains(["governance", "compliance"], var.object_lock_mode)
    error_message = "object_lock_mode must be \"governance\" or \"compliance\". Leave it out for no Object Lock."
  }
}

variable "organization_id" {
  type        = string
  default     = null
  description = "Id of the organization (o-...) if the trail is an organization trail, so that its accounts' logs are admitted. Null: logs of the trail's account only."

  validation {
    condition     = var.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must be an organization's id such as o-a1b2c3d4e5 (aws organizations describe-organization prints it)."
  }
}

variable "own_kms_key" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether the module makes a rotating KMS key. Set it to false where kms_key_arn is given. The switch is separate because the ARN of a key that the same apply makes is not known in the plan."

  validation {
    condition     = var.own_kms_key || var.kms_key_arn != null
    error_message = "own_kms_key is false and kms_key_arn is missing, so that nothing would encrypt: give kms_key_arn, or leave own_kms_key out."
  }
}

variable "reader_arns" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "ARNs of roles, users or accounts (arn:...:root) that may list, read and decrypt the logs; they may be in other accounts. Principals of the bucket's own account can also be permitted by their IAM policies alone."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = alltrue([for arn in var.reader_arns : can(regex("^(arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/.+)|[a-z0-9]{8})$", arn)) && !strcontains(arn, "*")])
    error_message = "reader_arns must hold ARNs of roles, users or accounts without wildcards, e.g. arn:<partition>:iam::<account>:role/<name>; for an assumed role, give the role's own ARN."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id."
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}

variable "trail_account_id" {
  type        = string
  default     = null
  description = "Account that owns the trail; for an organization trail, the management account. Null: the provider's account."

  validation {
    condition     = var.trail_account_id == null ? true : can(regex("^[0-9]{12}$", var.trail_account_id))
    error_message = "trail_account_id must be the 12 digits of an account id, as a string."
  }
}

variable "trail_name" {
  type        = string
  nullable    = false
  description = "Name of the only trail that may write to this bucket."

  validation {
    condition     = can(regex("^[A-Za-z0-9]([._-]?[A-Za-z0-9])+$", var.trail_name)) && length(var.trail_name) >= 3 && length(var.trail_name) <= 128
    error_message = "trail_name must be a trail's name: 3 to 128 letters, digits, dots, underscores and hyphens, with a letter or digit at both ends and no two of the others in a row."
  }
}

variable "trail_region" {
  type        = string
  default     = null
  description = "Home Region of the trail: the one it is made in. Null: the provider's Region."

  validation {
    condition     = var.trail_region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.trail_region))
    error_message = "trail_region must be a Region such as eu-west-1."
  }
}

variable "transition_digests" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether the lifecycle moves digest files too. Leave it false: a digest must stay readable, and it costs more to move than it saves."
}

variable "transition_from_bytes" {
  type        = number
  default     = 131072
  nullable    = false
  description = "Size in bytes of the smallest log file that the lifecycle moves. A smaller file costs more to move than it saves."
}

variable "transitions" {
  type        = map(number)
  default     = {}
  nullable    = false
  description = "Days after which log files move, by storage class: GLACIER_IR, GLACIER, DEEP_ARCHIVE. S3 refuses it beside MFA delete: let a log-archive do it then."
}
