variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "alarm_topic" {
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  default     = null
  description = "SNS topic of this Region that the alarms on failed deliveries report to: another alert-topic whole, or { arn = \"arn:...\" }. Choose one that other people or machines subscribe to. Null: this topic itself, whose other subscribers then get the alarm."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.alarm_topic == null ? true : can(regex("^(arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+|[a-z0-9]{8})$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn is not the ARN of an SNS topic: give { arn = \"arn:aws:sns:<region>:<account>:<topic>\" } or a module or resource that has it as `arn`."
  }

  validation {
    condition     = try(!can(regex("(^|:)alias/aws/sns$", var.alarm_topic.kms_master_key_id)), true)
    error_message = "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch: no alarm would arrive. Give a topic under a customer managed key that admits cloudwatch.amazonaws.com (an alert-topic has one), or one without encryption."
  }
}

variable "checks" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether a plan warns while a subscription is not confirmed. Set it to false for `terraform test`, which takes a warning of a check as a failure."
}

variable "email_subscribers" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "E-mail addresses that get every message. AWS sends a request to each address first, and sends nothing else until somebody confirms it. Addresses that the same apply makes go into named_email_subscribers."

  validation {
    condition     = alltrue([for address in var.email_subscribers : can(regex("^[^@\\s:;,<>()]+@[^@\\s:;,<>()]+\\.[^@\\s:;,<>().]+$", address))])
    error_message = "email_subscribers must hold e-mail addresses such as security@example.com; these are none: ${join(", ", [for address in var.email_subscribers : "\"${address}\"" if !can(regex("^[^@\\s:;,<>()]+@[^@\\s:;,<>()]+\\.[^@\\s:;,<>().]+$", address))])}."
  }
}

variable "existing_queue_policies" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Policies (JSON) that subscribed queues have already, by their keys in queue_subscribers. The module keeps their statements beside its own; \"\" says that there is none. Required for a queue that is not passed as a whole resource: the module can't see its policy, and writing a policy replaces the old one."

  validation {
    condition     = alltrue([for policy in values(var.existing_queue_policies) : policy == "" || can(jsondecode(policy).Statement)])
    error_message = "existing_queue_policies maps the key of a queue to its policy as JSON (with Statement), or to \"\" if it has none. Correct: ${join(", ", [for name, policy in var.existing_queue_policies : name if policy != "" && !can(jsondecode(policy).Statement)])}."
  }

  validation {
    condition     = length(setsubtract(keys(var.existing_queue_policies), keys(var.queue_subscribers))) == 0
    error_message = "existing_queue_policies names queues that are no subscribers: ${join(", ", setsubtract(keys(var.existing_queue_policies), keys(var.queue_subscribers)))}. The queues are: ${join(", ", keys(var.queue_subscribers))}."
  }
}

variable "https_subscribers" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "HTTPS addresses that get every message, by a name of your choice. AWS sends a request to each address first, and sends nothing else until somebody confirms it. An address with a secret in it may be marked sensitive."

  validation {
    condition     = alltrue([for address in values(var.https_subscribers) : can(regex("^https://[^\\s/]+[^\\s]*$", address))])
    error_message = "https_subscribers must hold addresses that start with https://, such as https://example.com/hook (plain http would show the alerts to anybody on the way)."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the customer managed KMS key that encrypts the messages; its policy must hold the statements of the output kms_key_policy. Null: the module's own key. Set own_kms_key = false beside it."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.kms_key_arn == null ? true : can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[a-z0-9]{8})$", var.kms_key_arn))
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

variable "named_email_subscribers" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "E-mail addresses as in email_subscribers, by a name of your choice. They may be sensitive, or unknown until the apply."

  validation {
    condition     = alltrue([for address in values(var.named_email_subscribers) : can(regex("^[^@\\s:;,<>()]+@[^@\\s:;,<>()]+\\.[^@\\s:;,<>().]+$", address))])
    error_message = "named_email_subscribers must hold e-mail addresses such as security@example.com. Correct: ${join(", ", [for name, address in var.named_email_subscribers : name if !can(regex("^[^@\\s:;,<>()]+@[^@\\s:;,<>()]+\\.[^@\\s:;,<>().]+$", address))])}."
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

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the role with which SNS logs failed deliveries. Null: none."

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is not the ARN of an IAM policy: give \"arn:aws:iam::<account>:policy/<name>\"."
  }
}

variable "policy_statements" {
  type        = string
  default     = null
  description = "Further statements of the topic's policy, as the JSON of a list: other services or accounts that may publish."

  validation {
    condition     = var.policy_statements == null ? true : can([for statement in jsondecode(var.policy_statements) : statement.Effect])
    error_message = "policy_statements must be the JSON of a list of statements: write it with jsonencode([{ Sid = ..., Effect = ..., ... }])."
  }
}

variable "queue_policies" {
  type        = string
  default     = null
  description = "Writer of the policies of the queues in queue_subscribers. A queue has one policy, and two writers overwrite each other. \"attach\": this module alone. \"emit\": somebody else, with the statements in the output queue_policies. Required where there are queue_subscribers."

  validation {
    condition     = var.queue_policies == null ? true : contains(["attach", "emit"], var.queue_policies)
    error_message = "queue_policies must be \"attach\" (this module writes the queues' policies) or \"emit\" (you do, from the output queue_policies)."
  }

  validation {
    condition     = length(var.queue_subscribers) == 0 || var.queue_policies != null
    error_message = "queue_policies is missing: who writes the policies of the queues in queue_subscribers? A queue has one policy, and two writers overwrite each other. Set queue_policies = \"attach\" if this module alone writes it. Set \"emit\" if an event-rules module or an aws_sqs_queue_policy writes it, and add the statements of the output queue_policies there."
  }
}

variable "queue_subscribers" {
  type = map(object({
    arn                  = string
    id                   = optional(string)
    kms_master_key_id    = optional(string)
    name                 = string
    policy               = optional(string)
    raw_message_delivery = optional(bool, false)
    url                  = string
  }))
  default     = {}
  nullable    = false
  description = "Queues that get every message, by a name of your choice, each one whole (aws_sqs_queue.x). With raw_message_delivery (merge(aws_sqs_queue.x, { raw_message_delivery = true })) a message is the text alone, without SNS's envelope."

  validation {
    condition     = alltrue([for queue in values(var.queue_subscribers) : can(regex("^[A-Za-z0-9_-]{1,80}$", queue.name))])
    error_message = "name is the bare name of a standard queue (a FIFO queue can't listen to a standard topic); pass the queue whole (aws_sqs_queue.x). Correct: ${join(", ", [for key, queue in var.queue_subscribers : key if !can(regex("^[A-Za-z0-9_-]{1,80}$", queue.name))])}."
  }

  validation {
    condition     = alltrue([for queue in values(var.queue_subscribers) : can(regex("^(arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+|[a-z0-9]{8})$", queue.arn))])
    error_message = "arn must be that of an SQS queue; pass the queue whole (aws_sqs_queue.x). Correct: ${join(", ", [for key, queue in var.queue_subscribers : key if !can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+$", queue.arn))])}."
  }

  validation {
    condition     = alltrue([for queue in values(var.queue_subscribers) : !can(regex("(^|:)alias/aws/sqs$", queue.kms_master_key_id))])
    error_message = "A subscribed queue is encrypted with alias/aws/sqs, and that key can't admit SNS: no message would arrive. Encrypt it with SQS's own keys (sqs_managed_sse_enabled = true), or with a customer managed key that admits sns.amazonaws.com (the output queue_kms_key_statement). Correct: ${join(", ", [for key, queue in var.queue_subscribers : key if can(regex("(^|:)alias/aws/sqs$", queue.kms_master_key_id))])}."
  }

  validation {
    condition     = length(distinct([for queue in values(var.queue_subscribers) : queue.arn])) == length(var.queue_subscribers)
    error_message = "A queue is in queue_subscribers twice, and would get every message once only: leave one out."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id."
}

variable "role_path" {
  type        = string
  default     = "/"
  nullable    = false
  description = "Path of the role with which SNS logs failed deliveries."

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path starts and ends with a slash, as in \"/audit/\", and has 512 characters at most."
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
