variable "block_public_access" {
  description = "Whether a bucket gets its public access block."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption" {
  description = "Default encryption that a bucket gets at least: AES256, aws:kms or none. A stronger one is left as it is."
  type        = string
  default     = "AES256"
  nullable    = false

  validation {
    condition     = contains(["AES256", "aws:kms", "none"], var.encryption)
    error_message = "encryption must be AES256, aws:kms or none."
  }
}

variable "kms_key_arn" {
  description = "KMS key of the default encryption, with encryption aws:kms; null takes the account's own of S3."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || var.encryption == "aws:kms"
    error_message = "kms_key_arn is of use with encryption = \"aws:kms\" only: set that, or leave the key out."
  }
}

variable "log_bucket" {
  description = "Bucket that gets the access logs of buckets that have none, with S3's permission to write there; null asks for no access log. It is never logged itself."
  type        = string
  default     = null
}

variable "log_prefix" {
  description = "What the keys of access logs start with, before the bucket's name."
  type        = string
  default     = "s3/"
  nullable    = false
}

variable "mode" {
  description = "What the guard may do. dry_run: what it would do is logged, nothing is touched and no alert leaves. notify: alerts leave, nothing else is touched. enforce: what a bucket lacks is set too."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "ownership" {
  description = "Whether ACLs are switched off (BucketOwnerEnforced)."
  type        = bool
  default     = true
  nullable    = false
}

variable "required_tags" {
  description = "Tags that a bucket gets where it lacks the key; no tag is ever changed."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.required_tags) : !startswith(lower(key), "aws:") && !strcontains(key, "=")])
    error_message = "required_tags has a key that starts with \"aws:\" or holds \"=\": rename it."
  }
}

variable "skip_buckets" {
  description = "Names of buckets, as wildcards, that are left alone, as in [\"*-website\"]; the role is denied to change them. Name the trail's log bucket and its archive here."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "tls_only" {
  description = "Whether a bucket's policy gets a statement that denies access without TLS; the rest of it stays."
  type        = bool
  default     = true
  nullable    = false
}

variable "versioning" {
  description = "Whether versioning is switched on."
  type        = bool
  default     = true
  nullable    = false
}
