variable "alarm_topic" {
  type = object({
    arn = string
  })
  default     = null
  description = "SNS topic that the alarm on the dead-letter queue reports to (the alert-topic module whole); null makes no alarm. If the topic is encrypted, its key must admit cloudwatch.amazonaws.com."

  validation {
    condition     = var.alarm_topic == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn must be the ARN of a standard SNS topic: pass the topic whole (alarm_topic = module.alert_topic)."
  }

  validation {
    condition     = var.alarm_topic == null || var.dead_letter_queue == null ? true : var.dead_letter_queue.name != null
    error_message = "An alarm on a dead-letter queue of one's own needs the queue's name: pass the queue whole (dead_letter_queue = aws_sqs_queue.x)."
  }
}

variable "dead_letter_queue" {
  type = object({
    arn   = string
    name  = optional(string)
    owner = optional(string)
    url   = optional(string)
  })
  default     = null
  description = "Queue for events that no target took; an aws_sqs_queue can be passed whole. With name and url, its policy is treated like a target queue's (see queue_policies); with arn alone, it is left as it is and has to admit the rules already. owner is set on the queue that another event-rules module made. Null: the module makes one."

  validation {
    condition     = try(var.dead_letter_queue.owner, null) == null || var.queue_policies == "emit"
    error_message = "dead_letter_queue is the queue of another event-rules module (${try(coalesce(var.dead_letter_queue.owner), "?")}), whose policy admits the rules of that module only. Leave dead_letter_queue out (an empty queue costs nothing), or make a queue of your own, pass it to both with queue_policies = \"emit\" and give it the statements of both."
  }

  validation {
    condition     = try(!endswith(var.dead_letter_queue.arn, ".fifo"), true)
    error_message = "dead_letter_queue is a FIFO queue, which EventBridge can't use as a dead-letter queue: give a standard queue."
  }

  validation {
    condition     = var.dead_letter_queue == null ? true : can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+$", var.dead_letter_queue.arn))
    error_message = "dead_letter_queue.arn must be the ARN of an SQS queue: pass the queue whole (dead_letter_queue = aws_sqs_queue.x), or { arn = \"arn:...\" }."
  }

  validation {
    condition     = try(var.dead_letter_queue.name, null) == null || var.queue_policies == "emit" ? true : var.dead_letter_queue.url != null
    error_message = "dead_letter_queue has a name but no url, which its policy is written through: pass the queue whole (dead_letter_queue = aws_sqs_queue.x), or only { arn } to leave the queue's policy as it is."
  }
}

variable "name" {
  type        = string
  nullable    = false
  description = "Prefix of the names of the rules and of the dead-letter queue, <name>-<rule> and <name>-dead-letters."

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,60}$", var.name))
    error_message = "name must be 1 to 60 letters, digits, underscores and hyphens."
  }
}

variable "queue_policies" {
  type        = string
  default     = "attach"
  nullable    = false
  description = "\"attach\": the module writes the policy of each queue it is given, replacing what is there. \"emit\": it writes none and gives the statements in the output queue_policies, for queues that have a policy or other senders."

  validation {
    condition     = contains(["attach", "emit"], var.queue_policies)
    error_message = "queue_policies must be \"attach\" (this module writes the queues' policies) or \"emit\" (you do, from the output queue_policies)."
  }
}

variable "rules" {
  type = map(object({
    description      = optional(string)
    enabled          = optional(bool, true)
    name             = optional(string)
    pattern          = string
    read_only_events = optional(bool, false)
    targets = map(object({
      function = optional(object({
        arn           = string
        function_name = string
      }))
      topic = optional(object({
        arn = string
      }))
      queue = optional(object({
        arn  = string
        name = string
        url  = string
      }))
      input = optional(string)
      input_transformer = optional(object({
        input_paths    = map(string)
        input_template = string
      }))
      retry = optional(object({
        max_age_seconds = optional(number)
        max_attempts    = optional(number)
      }))
    }))
  }))
  nullable    = false
  description = <<-EOT
    Rules on the default event bus by a name of your choice. Each has a pattern (JSON: write it with jsonencode),
    its state (enabled; read_only_events = true to also see Get, List and Describe calls) and up to five targets by
    a name of your choice, each one a function, a topic or a queue (an aws_lambda_function, aws_sns_topic, aws_sqs_queue
    or a module's output whole), with an optional fixed input (JSON) or input_transformer, and retry limits
    (default: EventBridge's own, 24 hours and 185 attempts).
  EOT

  validation {
    condition     = length([for key, rule in var.rules : "\"${key}\"" if !can(regex("^[.A-Za-z0-9_-]+$", key))]) == 0
    error_message = "Every key of rules must consist of letters, digits, dots, underscores and hyphens, since it becomes part of the rule's name. Rename: ${join(", ", [for key, rule in var.rules : "\"${key}\"" if !can(regex("^[.A-Za-z0-9_-]+$", key))])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : rule.name == null ? "${var.name}-${key}" : rule.name if !can(regex("^[.A-Za-z0-9_-]{1,64}$", rule.name == null ? "${var.name}-${key}" : rule.name))]) == 0
    error_message = "A rule's name is 1 to 64 letters, digits, dots, underscores and hyphens. Shorten the key, or give the rule a name of its own: ${join(", ", [for key, rule in var.rules : rule.name == null ? "${var.name}-${key}" : rule.name if !can(regex("^[.A-Za-z0-9_-]{1,64}$", rule.name == null ? "${var.name}-${key}" : rule.name))])}."
  }

  validation {
    condition     = length(distinct([for key, rule in var.rules : rule.name == null ? "${var.name}-${key}" : rule.name])) == length(var.rules)
    error_message = "Two rules have the same name, and a name is unique on its bus. Change one, or leave name out (it is then <name>-<key>)."
  }

  validation {
    condition     = length([for key, rule in var.rules : key if !can(keys(jsondecode(rule.pattern)))]) == 0
    error_message = "The pattern of a rule must be a JSON object; write it with jsonencode({ ... }). Not so: ${join(", ", [for key, rule in var.rules : key if !can(keys(jsondecode(rule.pattern)))])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : "${key} (${length(rule.targets)})" if length(rule.targets) < 1 || length(rule.targets) > 5]) == 0
    error_message = "A rule has one to five targets (EventBridge's limit; put more behind one topic, or in a second rule with the same pattern). Not so: ${join(", ", [for key, rule in var.rules : "${key} (${length(rule.targets)})" if length(rule.targets) < 1 || length(rule.targets) > 5])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : key if !rule.enabled && rule.read_only_events]) == 0
    error_message = "read_only_events and enabled = false contradict each other: a disabled rule sees nothing. Leave one of them out in: ${join(", ", [for key, rule in var.rules : key if !rule.enabled && rule.read_only_events])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : key if rule.description == null ? false : length(rule.description) > 512]) == 0
    error_message = "A rule's description has up to 512 characters. Shorten it in: ${join(", ", [for key, rule in var.rules : key if rule.description == null ? false : length(rule.description) > 512])}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if !can(regex("^[.A-Za-z0-9_-]{1,64}$", key))]])) == 0
    error_message = "A target's key is 1 to 64 letters, digits, dots, underscores and hyphens. Rename: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if !can(regex("^[.A-Za-z0-9_-]{1,64}$", key))]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key} (${(target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1)})" if(target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1) != 1]])) == 0
    error_message = "A target is exactly one of function, topic or queue. Not so: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key} (${(target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1)})" if(target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1) != 1]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : [
      for kind, arn in {
        lambda = target.function == null ? null : target.function.arn
        sns    = target.topic == null ? null : target.topic.arn
        sqs    = target.queue == null ? null : target.queue.arn
      } : "${rule_key}/${key} (${arn})" if arn == null ? false : !can(regex("^arn:[a-z-]+:${kind}:[a-z0-9-]+:[0-9]{12}:.+$", arn))
    ]]])) == 0
    error_message = "A target's arn must be that of a Lambda function, an SNS topic or an SQS queue, as its kind says; pass the target whole (topic = module.alert_topic). Correct: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : [
      for kind, arn in {
        lambda = target.function == null ? null : target.function.arn
        sns    = target.topic == null ? null : target.topic.arn
        sqs    = target.queue == null ? null : target.queue.arn
      } : "${rule_key}/${key} (${arn})" if arn == null ? false : !can(regex("^arn:[a-z-]+:${kind}:[a-z0-9-]+:[0-9]{12}:.+$", arn))
    ]]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.function == null ? false : !can(regex("^[A-Za-z0-9_-]{1,64}$", target.function.function_name))]])) == 0
    error_message = "function.function_name is the function's bare name, not its ARN; pass the function whole (function = aws_lambda_function.x, or a reaction module). Correct: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.function == null ? false : !can(regex("^[A-Za-z0-9_-]{1,64}$", target.function.function_name))]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.topic == null ? false : endswith(target.topic.arn, ".fifo")]])) == 0
    error_message = "A FIFO topic can't be a target: give a standard topic (the alert-topic module makes one) in: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.topic == null ? false : endswith(target.topic.arn, ".fifo")]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.queue == null ? false : !can(regex("^[A-Za-z0-9_-]{1,80}$", target.queue.name))]])) == 0
    error_message = "queue.name is the bare name of a standard queue (a FIFO queue would need a message group); pass the queue whole (queue = aws_sqs_queue.x). Correct: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.queue == null ? false : !can(regex("^[A-Za-z0-9_-]{1,80}$", target.queue.name))]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input != null && target.input_transformer != null]])) == 0
    error_message = "A target has input (the same text for every event) or input_transformer (a text made from the event), not both. Leave one out in: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input != null && target.input_transformer != null]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input == null ? false : !can(jsondecode(target.input)) || length(target.input) > 8192]])) == 0
    error_message = "A target's input must be JSON of up to 8,192 characters (a plain text needs quotes: jsonencode(\"text\")). Correct: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input == null ? false : !can(jsondecode(target.input)) || length(target.input) > 8192]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_template) < 1 || length(target.input_transformer.input_template) > 8192]])) == 0
    error_message = "An input_template has 1 to 8,192 characters. Not so: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_template) < 1 || length(target.input_transformer.input_template) > 8192]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_paths) > 100]])) == 0
    error_message = "A transformer takes up to 100 input_paths. Too many: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_paths) > 100]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : [
      for name, path in try(target.input_transformer.input_paths, {}) : "${rule_key}/${key}: ${name} = ${path}"
      if !can(regex("^[A-Za-z0-9_-]+$", name)) || startswith(lower(name), "aws") || !can(regex("^\\$[.\\[][^\\s]+$", path))
    ]]])) == 0
    error_message = "input_paths maps names (letters, digits, underscores, hyphens; not starting with \"aws\") to JSON paths that start with \"$.\", as in user = \"$.detail.userIdentity.arn\". Correct: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : [
      for name, path in try(target.input_transformer.input_paths, {}) : "${rule_key}/${key}: ${name} = ${path}"
      if !can(regex("^[A-Za-z0-9_-]+$", name)) || startswith(lower(name), "aws") || !can(regex("^\\$[.\\[][^\\s]+$", path))
    ]]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : [
      for name in setsubtract(
        [for match in regexall("(?:^|[^\\\\])(?:<|\\\\u003c)([A-Za-z0-9._-]+)(?:>|\\\\u003e)", try(target.input_transformer.input_template, "")) : match[0]],
        concat(keys(try(target.input_transformer.input_paths, {})), [
          # What EventBridge fills in by itself.
          "aws.events.event", "aws.events.event.ingestion-time", "aws.events.event.json", "aws.events.rule-arn", "aws.events.rule-name",
        ])
      ) : "${rule_key}/${key}: <${name}>"
    ]]])) == 0
    error_message = "A placeholder <x> in an input_template needs x in input_paths, or EventBridge refuses the target. Add it for: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : [
      for name in setsubtract(
        [for match in regexall("(?:^|[^\\\\])(?:<|\\\\u003c)([A-Za-z0-9._-]+)(?:>|\\\\u003e)", try(target.input_transformer.input_template, "")) : match[0]],
        concat(keys(try(target.input_transformer.input_paths, {})), [
          # What EventBridge fills in by itself.
          "aws.events.event", "aws.events.event.ingestion-time", "aws.events.event.json", "aws.events.rule-arn", "aws.events.rule-name",
        ])
      ) : "${rule_key}/${key}: <${name}>"
    ]]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.retry == null ? false : (
      (target.retry.max_age_seconds == null ? false : target.retry.max_age_seconds < 60 || target.retry.max_age_seconds > 86400 || floor(target.retry.max_age_seconds) != target.retry.max_age_seconds) ||
      (target.retry.max_attempts == null ? false : target.retry.max_attempts < 0 || target.retry.max_attempts > 185 || floor(target.retry.max_attempts) != target.retry.max_attempts)
    )]])) == 0
    error_message = "retry.max_age_seconds is a whole number from 60 to 86400, retry.max_attempts one from 0 to 185. Correct: ${join(", ", flatten([for rule_key, rule in var.rules : [for key, target in rule.targets : "${rule_key}/${key}" if target.retry == null ? false : (
      (target.retry.max_age_seconds == null ? false : target.retry.max_age_seconds < 60 || target.retry.max_age_seconds > 86400 || floor(target.retry.max_age_seconds) != target.retry.max_age_seconds) ||
      (target.retry.max_attempts == null ? false : target.retry.max_attempts < 0 || target.retry.max_attempts > 185 || floor(target.retry.max_attempts) != target.retry.max_attempts)
    )]]))}."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."
}
