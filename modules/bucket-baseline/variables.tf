variable "block_public_access" {
  description = "Whether the guard blocks public access to a bucket."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = anytrue([var.block_public_access, var.encryption != "none", var.log_bucket != null, var.ownership, length(var.required_tags) > 0, var.tls_only, var.versioning])
    error_message = "The guard would look at nothing: switch on at least one of block_public_access, encryption, log_bucket, ownership, required_tags, tls_only and versioning."
  }
}

variable "encryption" {
  description = "Weakest default encryption that a bucket may have: AES256, aws:kms or none. The guard leaves a stronger one as it is."
  type        = string
  default     = "AES256"
  nullable    = false

  validation {
    condition     = contains(["AES256", "aws:kms", "none"], var.encryption)
    error_message = "encryption must be AES256, aws:kms or none."
  }
}

variable "key_accounts" {
  description = "Ids of other accounts whose KMS keys a bucket may have as its default. A key of any other account, and one that is disabled or gone, counts as no encryption."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.key_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "key_accounts may hold ids of accounts only, twelve digits each."
  }
}

variable "kms_key_arn" {
  description = "KMS key of the default encryption, with encryption = \"aws:kms\". Null: the account's own key of S3."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || var.encryption == "aws:kms"
    error_message = "kms_key_arn is of use with encryption = \"aws:kms\" only: set that, or leave the key out."
  }

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias or a bare id."
  }
}

variable "log_bucket" {
  description = "Bucket that receives the access logs of buckets that have none. Its policy must let S3 write there. The guard never sets up a log of this bucket itself. Null: no access logs."
  type        = string
  default     = null

  validation {
    condition     = var.log_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket))
    error_message = "log_bucket must be a bucket's name, 3 to 63 lower-case letters, digits, dots and hyphens: give the name, not an ARN or URL."
  }
}

variable "log_prefix" {
  description = "Prefix of the keys of access logs, before the bucket's name."
  type        = string
  default     = "s3/"
  nullable    = false

  validation {
    condition     = !startswith(var.log_prefix, "/")
    error_message = "log_prefix must not start with a slash, which would be a folder without a name: write it as in \"s3/\"."
  }
}

variable "mode" {
  description = "Mode of the guard. dry_run: the guard logs what it would do, changes nothing and sends no alert. notify: it also sends alerts. enforce: it also sets what a bucket lacks."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "ownership" {
  description = "Whether the guard switches a bucket's ACLs off (BucketOwnerEnforced)."
  type        = bool
  default     = true
  nullable    = false
}

variable "required_tags" {
  description = "Tags that the guard adds to a bucket that lacks their keys. It changes no tag that is there."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.required_tags) : !startswith(lower(key), "aws:") && !strcontains(key, "=")])
    error_message = "required_tags has a key that starts with \"aws:\" or holds \"=\": rename it."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html
    condition     = length(var.required_tags) <= 50 && alltrue([for key, value in var.required_tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value))])
    error_message = "required_tags must be tags that S3 takes, or the guard could not set them: up to 50, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / + - @."
  }
}

variable "skip_buckets" {
  description = "Names (wildcards) of buckets that the guard leaves alone, as in [\"*-website\"]. Its role is denied every change to them. Name the trail's log bucket and its archive here."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.skip_buckets : can(regex("^[a-z0-9.*?-]{1,63}$", name))])
    error_message = "skip_buckets must hold names of buckets, * and ? being wildcards, as in [\"*-website\"]: no bucket has the name of an ARN or a URL, or one with capitals."
  }

  validation {
    condition     = !anytrue([for name in var.skip_buckets : can(regex("^[?*]*[*][?*]*$", name))])
    error_message = "skip_buckets stands for every bucket, so that the guard would look at none: name some, as in [\"*-website\"]."
  }
}

variable "tls_only" {
  description = "Whether the guard adds a statement to a bucket's policy that denies access without TLS. The rest of the policy stays."
  type        = bool
  default     = true
  nullable    = false
}

variable "versioning" {
  description = "Whether the guard switches a bucket's versioning on."
  type        = bool
  default     = true
  nullable    = false
}
