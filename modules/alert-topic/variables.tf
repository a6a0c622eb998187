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

variable "existing_queue_policies" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "What the policies of subscribed queues hold already (JSON, by the queue's name), to be kept beside the topic's statement; \"\" says that there is none. Needed for queues that are not passed as whole resources: their policy can't be seen from here, and writing one replaces it."

  validation {
    condition     = alltrue([for policy in values(var.existing_queue_policies) : policy == "" || can(jsondecode(policy).Statement)])
    error_message = "existing_queue_policies maps the name of a queue to its policy as JSON (with Statement), or to \"\" if it has none. Correct: ${join(", ", [for name, policy in var.existing_queue_policies : name if policy != "" && !can(jsondecode(policy).Statement)])}."
  }

  validation {
    condition     = length(setsubtract(keys(var.existing_queue_policies), keys(local._queues))) == 0
    error_message = "existing_queue_policies names queues that are no subscribers: ${join(", ", setsubtract(keys(var.existing_queue_policies), keys(local._queues)))}. The queues are: ${join(", ", keys(local._queues))}."
  }
}

variable "https_subscribers" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "HTTPS addresses that get every message, by a name of your choice. Each one has to confirm the message AWS sends it before anything arrives. An address with a secret in it may be marked sensitive."

  validation {
    condition     = alltrue([for address in values(var.https_subscribers) : can(regex("^https://[^\\s/]+[^\\s]*$", address))])
    error_message = "https_subscribers must hold addresses that start with https://, such as https://example.com/hook (plain http would show the alerts to anybody on the way)."
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
  default     = "attach"
  nullable    = false
  description = "\"attach\": the module writes the policy of each queue in queue_subscribers, with what existing_queue_policies keeps. \"emit\": it writes none and gives the statements in the output queue_policies."

  validation {
    condition     = contains(["attach", "emit"], var.queue_policies)
    error_message = "queue_policies must be \"attach\" (this module writes the queues' policies) or \"emit\" (you do, from the output queue_policies)."
  }
}

variable "queue_subscribers" {
  type = map(object({
    arn                  = string
    fifo_queue           = optional(bool)
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
    condition     = alltrue([for queue in values(var.queue_subscribers) : can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+$", queue.arn))])
    error_message = "arn must be that of an SQS queue; pass the queue whole (aws_sqs_queue.x). Correct: ${join(", ", [for key, queue in var.queue_subscribers : key if !can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+$", queue.arn))])}."
  }

  validation {
    condition     = length(distinct([for queue in values(var.queue_subscribers) : queue.name])) == length(var.queue_subscribers)
    error_message = "A queue is in queue_subscribers twice, and would get every message once only: leave one out."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."
}
