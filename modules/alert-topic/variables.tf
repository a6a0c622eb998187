variable "email_subscribers" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "E-mail addresses that get every message. Each one has to confirm the message AWS sends it before anything arrives."

  validation {
    condition     = alltrue([for address in var.email_subscribers : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s.]+$", address))])
    error_message = "email_subscribers must hold e-mail addresses such as security@example.com; these are none: ${join(", ", [for address in var.email_subscribers : "\"${address}\"" if !can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s.]+$", address))])}."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the customer managed KMS key that encrypts the messages; its policy must hold the statements of the output kms_key_policy. Null: the module makes a rotating key of its own. The ARN of a key that is made in the same apply is not known when planning: write format(\"%s\", aws_kms_key.x.arn), which at least is known not to be null."

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>, not an alias (alias/aws/sns can't admit EventBridge) or a bare id. Leave it out to have a key made."
  }
}

variable "name" {
  type        = string
  nullable    = false
  description = "Name of the topic."

  validation {
    # A topic's name may have 256; the key's alias bears it too.
    condition     = can(regex("^[A-Za-z0-9_-]{1,238}$", var.name))
    error_message = "name must be 1 to 238 letters, digits, underscores and hyphens. A FIFO topic (.fifo) can't be used: EventBridge and e-mail don't work with it."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."
}
