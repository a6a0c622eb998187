variable "alarm_topic" {
  type = object({
    arn = string
  })
  default     = null
  description = "SNS topic that the alarms report to (the alert-topic module whole); null makes no alarms. If the topic is encrypted, its key must admit cloudwatch.amazonaws.com."

  validation {
    condition     = var.alarm_topic == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn must be the ARN of a standard SNS topic: pass the topic whole (alarm_topic = module.alert_topic)."
  }
}

variable "alarms" {
  type        = bool
  default     = null
  description = "Whether there are alarms. Null: if there is an alarm_topic. True without a topic makes alarms that report to nobody but still change their state, which is an event that rules and event-forwarding can take up."

  validation {
    condition     = var.alarms == false ? var.alarm_topic == null && length(var.failed_invocation_alarms) == 0 : true
    error_message = "alarms = false contradicts alarm_topic and failed_invocation_alarms: leave those out, or alarms."
  }

  validation {
    condition     = var.alarms == null && var.alarm_topic == null ? length(var.failed_invocation_alarms) == 0 : true
    error_message = "failed_invocation_alarms needs alarm_topic to report to, or alarms = true."
  }
}

variable "archive" {
  type = object({
    name           = optional(string)
    pattern        = optional(string)
    retention_days = optional(number, 0)
  })
  default     = null
  description = "Archive of what the rules see, for a replay: its name (default: the module's), how many days it keeps an event (0: for ever) and its pattern (JSON; default: the rules' own together, or their sources if that is too long). Null makes none."

  validation {
    condition     = try(var.archive.name, null) == null ? true : can(regex("^[.A-Za-z0-9_-]{1,48}$", var.archive.name))
    error_message = "archive.name is 1 to 48 letters, digits, dots, underscores and hyphens."
  }

  validation {
    condition     = try(var.archive.name, null) != null || var.archive == null ? true : length(var.name) <= 48
    error_message = "An archive's name has 48 characters at most, and name has more: give archive.name."
  }

  validation {
    condition     = try(var.archive.pattern, null) == null ? true : can(keys(jsondecode(var.archive.pattern))) && length(var.archive.pattern) <= 2048
    error_message = "archive.pattern is a JSON object of up to 2,048 characters: write it with jsonencode({ ... }), or leave it out."
  }

  validation {
    condition     = var.archive == null ? true : var.archive.retention_days == null ? true : var.archive.retention_days >= 0 && floor(var.archive.retention_days) == var.archive.retention_days
    error_message = "archive.retention_days is a whole number of days, or 0 to keep events for ever."
  }
}

variable "bus_role_arn" {
  type        = string
  default     = null
  description = "ARN of the role with which rules put events on the event buses among their targets. Null: the module makes one for each such rule, which may do that and nothing else. The ARN of a role that is made in the same apply is not known when planning: write format(\"%s\", aws_iam_role.x.arn)."

  validation {
    condition     = var.bus_role_arn == null ? true : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", var.bus_role_arn))
    error_message = "bus_role_arn must be the ARN of a role, arn:<partition>:iam::<account>:role/<name>. Leave it out to have roles made."
  }
}

variable "dead_letter_max_age_hours" {
  type        = number
  default     = 24
  nullable    = false
  description = "How old the oldest event in the dead-letter queue may get before the alarm on its age goes off; it is lost after 14 days."

  validation {
    condition     = var.dead_letter_max_age_hours >= 1 && var.dead_letter_max_age_hours <= 312
    error_message = "dead_letter_max_age_hours is 1 to 312 (13 days): the queue's events are lost after 14 days."
  }
}

variable "dead_letter_queue" {
  type = object({
    arn        = string
    fifo_queue = optional(bool)
    name       = optional(string)
    owner      = optional(string)
    policy     = optional(string)
    url        = optional(string)
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

variable "default_targets" {
  type = map(object({
    bus = optional(object({
      arn = string
    }))
    function = optional(object({
      arn           = string
      function_name = string
    }))
    topic = optional(object({
      arn = string
    }))
    queue = optional(object({
      arn        = string
      fifo_queue = optional(bool)
      name       = string
      policy     = optional(string)
      url        = string
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
  default     = {}
  nullable    = false
  description = "Targets of every rule that names none, as in rules."
}

variable "event_bus" {
  type = object({
    arn  = string
    name = string
  })
  default     = null
  description = "Event bus that the rules are on (an aws_cloudwatch_event_bus whole). Null: the default bus, where AWS's own events arrive; any other gets what is forwarded to it."

  validation {
    condition     = var.event_bus == null ? true : var.event_bus.name != "default" && can(regex("^[/.A-Za-z0-9_-]{1,256}$", var.event_bus.name))
    error_message = "event_bus.name is the name of an event bus of one's own: pass the bus whole (event_bus = aws_cloudwatch_event_bus.x). For the default bus leave event_bus out."
  }
}

variable "existing_queue_policies" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "What the policies of queues hold already (JSON, by the queue's name), to be kept beside the statements of this module; \"\" says that there is none. Needed for queues that are not passed as whole resources: their policy can't be seen from here, and writing one replaces it."

  validation {
    condition     = alltrue([for policy in values(var.existing_queue_policies) : policy == "" || can(jsondecode(policy).Statement)])
    error_message = "existing_queue_policies maps the name of a queue to its policy as JSON (with Statement), or to \"\" if it has none. Correct: ${join(", ", [for name, policy in var.existing_queue_policies : name if policy != "" && !can(jsondecode(policy).Statement)])}."
  }

  validation {
    condition     = length(setsubtract(keys(var.existing_queue_policies), keys(local._queue_rules))) == 0
    error_message = "existing_queue_policies names queues that no rule sends to: ${join(", ", setsubtract(keys(var.existing_queue_policies), keys(local._queue_rules)))}. The queues are: ${join(", ", keys(local._queue_rules))}."
  }
}

variable "failed_invocation_alarms" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Rules, by their keys, that get an alarm on FailedInvocations: a target took none of the attempts."

  validation {
    condition     = length(setsubtract(var.failed_invocation_alarms, keys(var.rules))) == 0
    error_message = "failed_invocation_alarms names no rule: ${join(", ", setsubtract(var.failed_invocation_alarms, keys(var.rules)))}. Its items are keys of rules."
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

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the roles of rules with an event bus among their targets."
}

variable "queue_policies" {
  type        = string
  default     = "attach"
  nullable    = false
  description = "\"attach\": the module writes the policy of each queue it is given, with what existing_queue_policies keeps. \"emit\": it writes none and gives the statements in the output queue_policies, for queues that have a policy or other senders."

  validation {
    condition     = contains(["attach", "emit"], var.queue_policies)
    error_message = "queue_policies must be \"attach\" (this module writes the queues' policies) or \"emit\" (you do, from the output queue_policies)."
  }
}

variable "role_path" {
  type        = string
  default     = "/"
  nullable    = false
  description = "Path of the roles of rules with an event bus among their targets."

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "role_path starts and ends with a slash, as in \"/reactor/\"."
  }
}

variable "rules" {
  type = map(object({
    description = optional(string)
    enabled     = optional(bool, true)
    input_transformer = optional(object({
      input_paths    = map(string)
      input_template = string
    }))
    name             = optional(string)
    pattern          = optional(string)
    patterns         = optional(map(string))
    read_only_events = optional(bool, false)
    schedule         = optional(string)
    targets = optional(map(object({
      bus = optional(object({
        arn = string
      }))
      function = optional(object({
        arn           = string
        function_name = string
      }))
      topic = optional(object({
        arn = string
      }))
      queue = optional(object({
        arn        = string
        fifo_queue = optional(bool)
        name       = string
        policy     = optional(string)
        url        = string
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
    })))
  }))
  nullable    = false
  description = <<-EOT
    Rules by a name of your choice. Each has a pattern (JSON: write it with jsonencode), several patterns by name, or a
    schedule (rate(...) or cron(...)); its state (enabled; read_only_events = true to also see Get, List and Describe
    calls) and up to five targets by a name of your choice, each one a function, a topic, a queue or an event bus (an
    aws_lambda_function, aws_sns_topic, aws_sqs_queue, aws_cloudwatch_event_bus or a module's output whole), with an
    optional fixed input (JSON) or input_transformer, and retry limits (default: EventBridge's own, 24 hours and 185
    attempts). A rule without targets has default_targets; its input_transformer serves the topics that have none.
  EOT

  validation {
    condition     = length([for key, rule in var.rules : "\"${key}\"" if !can(regex("^[.A-Za-z0-9_-]+$", key))]) == 0
    error_message = "Every key of rules must consist of letters, digits, dots, underscores and hyphens, since it becomes part of the rule's name. Rename: ${join(", ", [for key, rule in var.rules : "\"${key}\"" if !can(regex("^[.A-Za-z0-9_-]+$", key))])}."
  }

  validation {
    condition     = length([for name in flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))]]) : name if !can(regex("^[.A-Za-z0-9_-]{1,64}$", name))]) == 0
    error_message = "A rule's name is 1 to 64 letters, digits, dots, underscores and hyphens. Shorten the key, or give the rule a name of its own: ${join(", ", [for name in flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))]]) : name if !can(regex("^[.A-Za-z0-9_-]{1,64}$", name))])}."
  }

  validation {
    condition     = length(distinct(flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))]]))) == length(flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))]]))
    error_message = "Two rules have the same name, and a name is unique on its bus. Change one, or leave name out (it is then <name>-<key>, and <name>-<key>-<part> for one of several patterns)."
  }

  validation {
    condition     = length(flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))]])) <= 300
    error_message = "An event bus has 300 rules at most, and these are ${length(flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))]]))}, each of several patterns counted: join patterns that differ in one list only, or raise the quota and split them between two event-rules modules."
  }

  validation {
    condition     = length([for key, rule in var.rules : key if(rule.pattern == null ? 0 : 1) + (rule.patterns == null ? 0 : 1) + (rule.schedule == null ? 0 : 1) != 1]) == 0
    error_message = "A rule has exactly one of pattern (JSON), patterns (several by name) and schedule. Not so: ${join(", ", [for key, rule in var.rules : key if(rule.pattern == null ? 0 : 1) + (rule.patterns == null ? 0 : 1) + (rule.schedule == null ? 0 : 1) != 1])}."
  }

  validation {
    condition     = length(flatten([for key, rule in var.rules : [for part in try(keys(rule.patterns), ["main"]) : "${key}/${part}" if !can(regex("^[.A-Za-z0-9_-]+$", part))]])) == 0 && alltrue([for rule in values(var.rules) : try(length(rule.patterns) > 0, true)])
    error_message = "patterns holds at least one pattern by a name of letters, digits, dots, underscores and hyphens (\"main\" keeps the rule's own name). Correct it in: ${join(", ", [for key, rule in var.rules : key if try(length(rule.patterns) == 0 || anytrue([for part in keys(rule.patterns) : !can(regex("^[.A-Za-z0-9_-]+$", part))]), false)])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : key if anytrue([for pattern in concat(rule.pattern == null ? [] : [rule.pattern], try(values(rule.patterns), [])) : !can(keys(jsondecode(pattern)))])]) == 0
    error_message = "The pattern of a rule must be a JSON object; write it with jsonencode({ ... }). Not so: ${join(", ", [for key, rule in var.rules : key if anytrue([for pattern in concat(rule.pattern == null ? [] : [rule.pattern], try(values(rule.patterns), [])) : !can(keys(jsondecode(pattern)))])])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : "${key} (${rule.schedule})" if rule.schedule == null ? false : !can(regex("^(?:rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)|cron\\([^ ()]+(?: [^ ()]+){5}\\))$", rule.schedule))]) == 0
    error_message = "A schedule is rate(5 minutes), rate(1 hour) or cron(<minute> <hour> <day> <month> <weekday> <year>), with ? for the day that is not meant. Correct: ${join(", ", [for key, rule in var.rules : "${key} (${rule.schedule})" if rule.schedule == null ? false : !can(regex("^(?:rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)|cron\\([^ ()]+(?: [^ ()]+){5}\\))$", rule.schedule))])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : key if rule.schedule != null && rule.read_only_events]) == 0
    error_message = "A schedule sees no events, so read_only_events says nothing there and EventBridge refuses it. Leave it out in: ${join(", ", [for key, rule in var.rules : key if rule.schedule != null && rule.read_only_events])}."
  }

  validation {
    condition     = var.event_bus == null || length([for key, rule in var.rules : key if rule.schedule != null]) == 0
    error_message = "EventBridge has schedules on the default event bus only. Leave event_bus out, or put these rules into another event-rules module: ${join(", ", [for key, rule in var.rules : key if rule.schedule != null])}."
  }

  validation {
    condition     = length([for key, rule in var.rules : "${key} (${length(rule.targets == null ? var.default_targets : rule.targets)})" if length(rule.targets == null ? var.default_targets : rule.targets) < 1 || length(rule.targets == null ? var.default_targets : rule.targets) > 5]) == 0
    error_message = "A rule has one to five targets, its own or default_targets (EventBridge's limit; put more behind one topic, or in a second rule with the same pattern). Not so: ${join(", ", [for key, rule in var.rules : "${key} (${length(rule.targets == null ? var.default_targets : rule.targets)})" if length(rule.targets == null ? var.default_targets : rule.targets) < 1 || length(rule.targets == null ? var.default_targets : rule.targets) > 5])}."
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
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if !can(regex("^[.A-Za-z0-9_-]{1,64}$", key))]])) == 0
    error_message = "A target's key is 1 to 64 letters, digits, dots, underscores and hyphens. Rename: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if !can(regex("^[.A-Za-z0-9_-]{1,64}$", key))]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key} (${(target.bus == null ? 0 : 1) + (target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1)})" if(target.bus == null ? 0 : 1) + (target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1) != 1]])) == 0
    error_message = "A target is exactly one of bus, function, topic or queue. Not so: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key} (${(target.bus == null ? 0 : 1) + (target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1)})" if(target.bus == null ? 0 : 1) + (target.function == null ? 0 : 1) + (target.topic == null ? 0 : 1) + (target.queue == null ? 0 : 1) != 1]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : [
      for kind, arn in {
        events = target.bus == null ? null : target.bus.arn
        lambda = target.function == null ? null : target.function.arn
        sns    = target.topic == null ? null : target.topic.arn
        sqs    = target.queue == null ? null : target.queue.arn
      } : "${rule_key}/${key} (${arn})" if arn == null ? false : !can(regex("^arn:[a-z-]+:${kind}:[a-z0-9-]+:[0-9]{12}:.+$", arn))
    ]]])) == 0
    error_message = "A target's arn must be that of an event bus, a Lambda function, an SNS topic or an SQS queue, as its kind says; pass the target whole (topic = module.alert_topic). Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : [
      for kind, arn in {
        events = target.bus == null ? null : target.bus.arn
        lambda = target.function == null ? null : target.function.arn
        sns    = target.topic == null ? null : target.topic.arn
        sqs    = target.queue == null ? null : target.queue.arn
      } : "${rule_key}/${key} (${arn})" if arn == null ? false : !can(regex("^arn:[a-z-]+:${kind}:[a-z0-9-]+:[0-9]{12}:.+$", arn))
    ]]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.function == null ? false : !can(regex("^[A-Za-z0-9_-]{1,64}$", target.function.function_name))]])) == 0
    error_message = "function.function_name is the function's bare name, not its ARN; pass the function whole (function = aws_lambda_function.x, or a reaction module). Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.function == null ? false : !can(regex("^[A-Za-z0-9_-]{1,64}$", target.function.function_name))]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.topic == null ? false : endswith(target.topic.arn, ".fifo")]])) == 0
    error_message = "A FIFO topic can't be a target: give a standard topic (the alert-topic module makes one) in: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.topic == null ? false : endswith(target.topic.arn, ".fifo")]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.queue == null ? false : !can(regex("^[A-Za-z0-9_-]{1,80}$", target.queue.name))]])) == 0
    error_message = "queue.name is the bare name of a standard queue (a FIFO queue would need a message group); pass the queue whole (queue = aws_sqs_queue.x). Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.queue == null ? false : !can(regex("^[A-Za-z0-9_-]{1,80}$", target.queue.name))]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.bus != null && (target.input != null || target.input_transformer != null)]])) == 0
    error_message = "An event bus gets the event as it is: leave input and input_transformer out, and shape the text in the rule there. Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.bus != null && (target.input != null || target.input_transformer != null)]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input != null && target.input_transformer != null]])) == 0
    error_message = "A target has input (the same text for every event) or input_transformer (a text made from the event), not both. Leave one out in: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input != null && target.input_transformer != null]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input == null ? false : !can(jsondecode(target.input)) || length(target.input) > 8192]])) == 0
    error_message = "A target's input must be JSON of up to 8,192 characters (a plain text needs quotes: jsonencode(\"text\")). Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input == null ? false : !can(jsondecode(target.input)) || length(target.input) > 8192]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_template) < 1 || length(target.input_transformer.input_template) > 8192]])) == 0
    error_message = "An input_template has 1 to 8,192 characters. Not so: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_template) < 1 || length(target.input_transformer.input_template) > 8192]]))}."
  }

  validation {
    condition     = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_paths) > 100]])) == 0
    error_message = "A transformer takes up to 100 input_paths. Too many: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.input_transformer == null ? false : length(target.input_transformer.input_paths) > 100]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : [
      for name, path in try(target.input_transformer.input_paths, {}) : "${rule_key}/${key}: ${name} = ${path}"
      if !can(regex("^[A-Za-z0-9_-]+$", name)) || startswith(lower(name), "aws") || !can(regex("^\\$[.\\[][^\\s]+$", path))
    ]]])) == 0
    error_message = "input_paths maps names (letters, digits, underscores, hyphens; not starting with \"aws\") to JSON paths that start with \"$.\", as in user = \"$.detail.userIdentity.arn\". Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : [
      for name, path in try(target.input_transformer.input_paths, {}) : "${rule_key}/${key}: ${name} = ${path}"
      if !can(regex("^[A-Za-z0-9_-]+$", name)) || startswith(lower(name), "aws") || !can(regex("^\\$[.\\[][^\\s]+$", path))
    ]]]))}."
  }

  validation {
    condition = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : [
      for name in setsubtract(
        [for match in regexall("(?:^|[^\\\\])(?:<|\\\\u003c)([A-Za-z0-9._-]+)(?:>|\\\\u003e)", try(target.input_transformer.input_template, "")) : match[0]],
        concat(keys(try(target.input_transformer.input_paths, {})), [
          # What EventBridge fills in by itself.
          "aws.events.event", "aws.events.event.ingestion-time", "aws.events.event.json", "aws.events.rule-arn", "aws.events.rule-name",
        ])
      ) : "${rule_key}/${key}: <${name}>"
    ]]])) == 0
    error_message = "A placeholder <x> in an input_template needs x in input_paths, or EventBridge refuses the target. Add it for: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => merge(rule.targets, { for name in rule.input_transformer == null ? [] : ["(rule)"] : name => { input_transformer = rule.input_transformer } }) }, { default_targets = var.default_targets }) : [for key, target in targets : [
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
    condition = length(flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.retry == null ? false : (
      (target.retry.max_age_seconds == null ? false : target.retry.max_age_seconds < 60 || target.retry.max_age_seconds > 86400 || floor(target.retry.max_age_seconds) != target.retry.max_age_seconds) ||
      (target.retry.max_attempts == null ? false : target.retry.max_attempts < 0 || target.retry.max_attempts > 185 || floor(target.retry.max_attempts) != target.retry.max_attempts)
    )]])) == 0
    error_message = "retry.max_age_seconds is a whole number from 60 to 86400, retry.max_attempts one from 0 to 185. Correct: ${join(", ", flatten([for rule_key, targets in merge({ for key, rule in var.rules : key => rule.targets if rule.targets != null }, { default_targets = var.default_targets }) : [for key, target in targets : "${rule_key}/${key}" if target.retry == null ? false : (
      (target.retry.max_age_seconds == null ? false : target.retry.max_age_seconds < 60 || target.retry.max_age_seconds > 86400 || floor(target.retry.max_age_seconds) != target.retry.max_age_seconds) ||
      (target.retry.max_attempts == null ? false : target.retry.max_attempts < 0 || target.retry.max_attempts > 185 || floor(target.retry.max_attempts) != target.retry.max_attempts)
    )]]))}."
  }
}

variable "sources_beyond_aws" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Sources other than AWS's own that patterns may name, each one whole. Anybody who may put events on the bus can send events of such a source."

  validation {
    condition     = alltrue([for source in var.sources_beyond_aws : can(regex("^[.A-Za-z0-9/_-]+$", source)) && !startswith(source, "aws.")])
    error_message = "sources_beyond_aws holds whole names of sources such as \"acme.deployments\", no wildcards, and none that starts with \"aws.\", which may always be named."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of everything the module makes."
}
