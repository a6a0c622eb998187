variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "bytes_scanned_cutoff_per_query" {
  type        = number
  default     = 1000000000000
  nullable    = false
  description = "Bytes that one query may read; Athena stops it beyond. 1 TB costs 5 USD."

  validation {
    # https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
    condition     = var.bytes_scanned_cutoff_per_query >= 10485760 && floor(var.bytes_scanned_cutoff_per_query) == var.bytes_scanned_cutoff_per_query
    error_message = "bytes_scanned_cutoff_per_query must be a whole number of bytes, 10485760 (10 MiB) or more."
  }
}

variable "days" {
  type        = number
  default     = 1096
  nullable    = false
  description = "Days that the tables reach back. A query that names no day reads all of them."

  validation {
    condition     = var.days >= 1 && var.days <= 36500 && floor(var.days) == var.days
    error_message = "days must be a whole number of days from 1 to 36500."
  }
}

variable "force_destroy" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether a destroy may delete results that have not expired, and queries that people have saved in the workgroup."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the results. Null: a key of S3's own."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id. Leave it out for a key of S3's own."
  }
}

variable "logs" {
  type = map(object({
    account_ids = optional(set(string))
    bucket = object({
      key_prefix      = optional(string)
      kms_key_arn     = optional(string)
      name            = string
      organization_id = optional(string)
      readable_days   = optional(number)
    })
    format   = optional(string, "cloudtrail")
    insights = optional(bool, false)
    path     = optional(string)
  }))
  nullable    = false
  description = "Logs to ask, by the name of their table. `bucket` is a log-bucket, whole, or { name, key_prefix, organization_id, kms_key_arn, readable_days } of any other. `account_ids` are whose events it holds; null means the provider's account, or for an organization that each query names its accounts. `insights` adds a table `<name>_insights`. `format` \"json\" keeps each record whole, as text in the column `records` of its file's row: slower, and for whoever needs members that the columns of \"cloudtrail\" lack. `path` is for keys that are not CloudTrail's own: they begin with it, and $${account}, $${region} and $${day} (yyyy/MM/dd) stand for their parts."

  validation {
    condition     = length(var.logs) > 0 && alltrue([for name in keys(var.logs) : can(regex("^[a-z][a-z0-9_]{0,99}$", name))])
    error_message = "logs must hold at least one log, and its key is the table's name: a lower-case letter, then lower-case letters, digits and underscores, up to 100."
  }

  validation {
    condition     = alltrue([for log in var.logs : contains(["cloudtrail", "json"], log.format)])
    error_message = "A log's format must be \"cloudtrail\" (a row a record, in columns) or \"json\" (a row a file, its records as text)."
  }

  validation {
    condition     = alltrue(flatten([for log in var.logs : [for id in coalesce(log.account_ids, []) : can(regex("^[0-9]{12}$", id))]]))
    error_message = "account_ids must be the 12 digits of account ids, as strings."
  }

  validation {
    condition     = alltrue([for log in var.logs : log.account_ids == null ? true : length(log.account_ids) > 0])
    error_message = "account_ids is empty, so that the table would hold nothing: name the accounts, or leave it out."
  }

  validation {
    condition     = alltrue([for log in var.logs : log.path == null ? true : can(regex("^[^/$][^$]*[$]", log.path)) && length(setsubtract(flatten(regexall("[$]\\{([^}]*)\\}", log.path)), ["account", "region", "day"])) == 0])
    error_message = "path must begin with the keys' first letters, without a slash, and name at least one of $${account}, $${region} and $${day}, and nothing else, as in \"events/$${day}\"."
  }

  validation {
    condition     = alltrue([for log in var.logs : !log.insights || (log.format == "cloudtrail" && log.path == null)])
    error_message = "insights needs CloudTrail's own keys and format: leave out format and path, or insights."
  }

  validation {
    condition     = alltrue([for log in var.logs : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", log.bucket.name))])
    error_message = "bucket.name of logs must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = alltrue([for log in var.logs : log.bucket.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", log.bucket.kms_key_arn))])
    error_message = "bucket.kms_key_arn of logs must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id."
  }

  validation {
    condition     = alltrue([for log in var.logs : log.bucket.key_prefix == null ? true : can(regex("^[0-9A-Za-z!_.'()-]+(/[0-9A-Za-z!_.'()-]+)*$", log.bucket.key_prefix)) && length(log.bucket.key_prefix) <= 200])
    error_message = "bucket.key_prefix of logs must be 1 to 200 letters, digits or any of !_.'()- with single slashes between its parts and none at its ends, as in \"org/audit\", just as the trail has it. Leave it out for no prefix."
  }

  validation {
    condition     = alltrue([for log in var.logs : log.bucket.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", log.bucket.organization_id))])
    error_message = "bucket.organization_id of logs must be an organization's id such as o-a1b2c3d4e5."
  }
}

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the workgroup, and with underscores for hyphens of the database."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 42 lower-case letters, digits and hyphens, with a letter first and a letter or digit last."
  }
}

variable "own_results_bucket" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether the module makes the bucket that holds the results. Set it to false where results_bucket_name is a bucket that is there."

  validation {
    condition     = var.own_results_bucket || var.results_bucket_name != null
    error_message = "own_results_bucket is false and results_bucket_name is missing, so that results would go nowhere: name the bucket, or leave own_results_bucket out."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id."
}

variable "regions" {
  type        = set(string)
  default     = null
  description = "Regions whose events the logs hold. Null: all that AWS has. Each one more is one more folder to list for each account and day of a query that names no Region."

  validation {
    condition     = var.regions == null ? true : length(var.regions) > 0 && alltrue([for region in var.regions : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions must hold Regions such as eu-west-1, at least one. Leave it out for all."
  }
}

variable "results_bucket_name" {
  type        = string
  default     = null
  description = "Name of the bucket that holds the results. Null: `<name>-results-<account id>`. A bucket of your own (own_results_bucket = false) keeps its lifecycle, and must be in the workgroup's Region."

  validation {
    condition     = var.results_bucket_name == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket_name))
    error_message = "results_bucket_name must be a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends."
  }
}

variable "results_expire_after_days" {
  type        = number
  default     = 30
  nullable    = false
  description = "Days after which the module's own bucket deletes a result. A result can be had again by asking again."

  validation {
    condition     = var.results_expire_after_days >= 1 && floor(var.results_expire_after_days) == var.results_expire_after_days
    error_message = "results_expire_after_days must be a whole number of days, 1 or more."
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
