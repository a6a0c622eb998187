variable "force_destroy" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether destroying the module may delete a bucket that still holds logs. Keep false wherever the logs matter."
}

variable "key_prefix" {
  type        = string
  default     = null
  description = "Prefix of the log files' keys: they land below <key_prefix>/AWSLogs/. Null: below AWSLogs/."

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
  description = "ARN of the KMS key that encrypts the logs; its policy must hold the statements of the output kms_key_policy. Null: the module makes a rotating key of its own. The ARN of a key that is made in the same apply is not known when planning: write format(\"%s\", aws_kms_key.x.arn), which at least is known not to be null."

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
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
  description = "Id of the organization (o-...) if the trail is an organization trail, so that its accounts' logs are admitted. Null: logs of the trail's account only."

  validation {
    condition     = var.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must be an organization's id such as o-a1b2c3d4e5 (aws organizations describe-organization prints it)."
  }
}

variable "reader_arns" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "ARNs of roles, users or accounts (arn:...:root) that may list, read and decrypt the logs; they may be in other accounts. Principals of the bucket's own account can also be permitted by their IAM policies alone."

  validation {
    condition     = alltrue([for arn in var.reader_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/.+)$", arn)) && !strcontains(arn, "*")])
    error_message = "reader_arns must hold ARNs of roles, users or accounts without wildcards, e.g. arn:<partition>:iam::<account>:role/<name>; for an assumed role, give the role's own ARN."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."
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
