variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "account_ids" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Accounts whose log files the lifecycle moves (transitions). Required for an organization's logs unless transition_digests is true. Default for an account trail: the account of replication_role_arn."
}

variable "expire_after_days" {
  type        = number
  default     = null
  description = "Days after which logs and digests are deleted. Null: never."

  validation {
    condition     = var.expire_after_days == null ? true : var.expire_after_days >= var.retention_days
    error_message = "expire_after_days is shorter than retention_days, and a locked version can't be deleted: raise expire_after_days, or lower retention_days."
  }
}

variable "force_destroy" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether a destroy of the module may delete an archive that still holds logs. It lifts governance retention; nothing lifts compliance retention. Keep false wherever the logs matter."
}

variable "key_prefix" {
  type        = string
  default     = null
  description = "Prefix of the log files' keys, as the log bucket has it: they are below `<key_prefix>/AWSLogs/`. Null: below AWSLogs/."

  validation {
    condition     = var.key_prefix == null ? true : can(regex("^[0-9A-Za-z!_.*'()-]+(/[0-9A-Za-z!_.*'()-]+)*$", var.key_prefix)) && length(var.key_prefix) <= 200
    error_message = "key_prefix must be 1 to 200 letters, digits or any of !_.*'()- with single slashes between its parts and none at its ends, e.g. \"org/audit\". Leave it out for no prefix."
  }

  validation {
    # A "*" is legal in a key, but in the policy's resource it would admit every prefix.
    condition     = var.key_prefix == null ? true : !strcontains(var.key_prefix, "*")
    error_message = "key_prefix must not hold \"*\": in the bucket policy it would stand for any prefix. Write the prefix out."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the archive, in the archive's Region; its policy must hold the statements of the output kms_key_policy. Null: the module's own key. Set own_kms_key = false beside it."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id. Leave it out to have a key made."
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

variable "organization_id" {
  type        = string
  default     = null
  description = "Id of the organization (o-...) if the logs are those of an organization trail. Null: an account trail."

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

variable "replication_role_arn" {
  type        = string
  nullable    = false
  description = "ARN of the role that replicates into the archive: the output role_arn of log-replication. The role need not exist yet, so the ARN may also be written out."

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", var.replication_role_arn))
    error_message = "replication_role_arn must be a role's ARN, arn:<partition>:iam::<account>:role/<name>: pass the output role_arn of log-replication."
  }
}

variable "retention_days" {
  type        = number
  default     = 365
  nullable    = false
  description = "Days for which Object Lock keeps every archived version from being deleted."

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of days from 1 to 36500."
  }

  validation {
    condition     = length(var.transitions) == 0 ? true : var.retention_days >= min(values(var.transitions)...)
    error_message = "retention_days is shorter than the first transition: logs could be deleted before they are archived. Raise retention_days to ${try(min(values(var.transitions)...), 0)} or more, or let transitions begin earlier."
  }
}

variable "retention_mode" {
  type        = string
  default     = "governance"
  nullable    = false
  description = "Object Lock's mode: \"governance\" (a principal with s3:BypassGovernanceRetention can lift it) or \"compliance\" (nobody can, not even AWS, until the days are over: no mistake can be undone either)."

  validation {
    condition     = contains(["governance", "compliance"], var.retention_mode)
    error_message = "retention_mode must be \"governance\" or \"compliance\"."
  }
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
  type = map(number)
  default = {
    GLACIER_IR   = 90
    DEEP_ARCHIVE = 365
  }
  nullable    = false
  description = "Days after which log files move, by storage class: GLACIER_IR (read at once), GLACIER and DEEP_ARCHIVE (restored first, in hours). {}: they stay."
}
