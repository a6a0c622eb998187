variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "account_ids" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "Hub: accounts that may send it events, admitted as bus_policy says. Other Regions of the hub's own account need no permission."

  validation {
    condition     = alltrue([for id in var.account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "account_ids must hold account ids of twelve digits. Correct: ${join(", ", [for id in var.account_ids : id if !can(regex("^[0-9]{12}$", id))])}."
  }
}

variable "alarm_state_changes" {
  type        = bool
  default     = true
  nullable    = false
  description = "Spoke: whether it forwards the state changes of this Region's CloudWatch alarms. An alarm can't report to a topic of another Region."
}

variable "alarm_topic" {
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  default     = null
  description = "SNS topic of this Region that the alarms (dead-letter queue, canaries) report to: an alert-topic whole, or { arn = \"arn:...\" }. Null: the alarms report to nobody; a spoke forwards their changes of state to the hub."

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

variable "bus_policy" {
  type        = string
  default     = null
  description = "Hub: writer of the event bus's policy, since a bus has one policy. \"own\": this module alone; it replaces the whole policy. \"shared\": others too; the module adds one statement, for organization_id. \"emit\": somebody else, with the statements in the output bus_policy_statements. Null: as \"emit\", with a warning where account_ids or organization_id are given."

  validation {
    condition     = var.bus_policy == null ? true : contains(["emit", "own", "shared"], var.bus_policy)
    error_message = "bus_policy must be \"own\" (this module alone writes the policy of the bus), \"shared\" (it adds the organization's statement) or \"emit\" (you write the policy, from the output bus_policy_statements)."
  }

  validation {
    condition     = var.bus_policy == "shared" ? var.organization_id != null && length(var.account_ids) == 0 : true
    error_message = "bus_policy = \"shared\" adds one statement, the organization's: EventBridge loses statements that are added at the same time. Give organization_id and no account_ids, or set bus_policy = \"own\", or \"emit\" and write the statements of the output bus_policy_statements yourself."
  }

  validation {
    condition     = var.bus_policy == null || var.hub_bus == null
    error_message = "bus_policy is about the hub's bus, and this is a spoke (hub_bus is set): leave it out."
  }
}

variable "canaries" {
  type = map(object({
    account_id = optional(string)
    region     = optional(string)
  }))
  default     = {}
  nullable    = false
  description = "Hub: canaries that it expects, by a name of your choice, each with the account and Region that sends it (default: the hub's own). The module makes a rule, a queue and an alarm on silence for each."

  validation {
    condition     = alltrue([for key in keys(var.canaries) : can(regex("^[A-Za-z0-9_-]{1,20}$", key))])
    error_message = "A key of canaries is 1 to 20 letters, digits, underscores and hyphens, since it becomes part of names. Rename: ${join(", ", [for key in keys(var.canaries) : key if !can(regex("^[A-Za-z0-9_-]{1,20}$", key))])}."
  }

  validation {
    condition     = alltrue([for canary in values(var.canaries) : can(regex("^[0-9]{12}$", coalesce(canary.account_id, "000000000000"))) && can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", coalesce(canary.region, "us-east-1")))])
    error_message = "A canary has an account_id of twelve digits and a region such as us-east-1. Correct: ${join(", ", [for key, canary in var.canaries : key if !can(regex("^[0-9]{12}$", coalesce(canary.account_id, "000000000000"))) || !can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", coalesce(canary.region, "us-east-1")))])}."
  }

  validation {
    condition     = length(var.canaries) == 0 || var.hub_bus == null
    error_message = "canaries are the hub's: a spoke (hub_bus is set) sends one with canary_schedule."
  }
}

variable "canary_schedule" {
  type        = string
  default     = null
  description = "Schedule on which EventBridge Scheduler puts a canary on this Region's default bus, as in \"rate(5 minutes)\". A spoke forwards it. Null: never."

  validation {
    condition     = var.canary_schedule == null ? true : can(regex("^(?:rate\\((?:1 (?:minute|hour)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours))\\)|cron\\([^ ()]+ [^ ()]+ (?:\\? [^ ()]+ [^ ()?]+|[^ ()?]+ [^ ()]+ \\?) [^ ()]+\\))$", var.canary_schedule))
    error_message = "canary_schedule is rate(5 minutes), rate(1 hour) or cron(<minute> <hour> <day> <month> <weekday> <year>), with ? for the day that is not meant."
  }

  validation {
    condition     = var.canary_schedule == null || var.hub_bus != null || var.event_bus == null
    error_message = "The canary is put on the default bus, and this hub is on another: make a spoke in the hub's own Region, which forwards there, and give canary_schedule to it."
  }
}

variable "canary_silence_minutes" {
  type        = number
  default     = 15
  nullable    = false
  description = "Hub: minutes without a canary after which the canary's alarm goes off. Choose more than twice the time between two canaries."

  validation {
    condition     = var.canary_silence_minutes >= 5 && var.canary_silence_minutes <= 1440 && floor(var.canary_silence_minutes) == var.canary_silence_minutes
    error_message = "canary_silence_minutes is a whole number from 5 to 1440 (a day): more than twice the time between two canaries."
  }
}

variable "dead_letter_queue" {
  type = object({
    arn               = string
    fifo_queue        = optional(bool)
    id                = optional(string)
    kms_master_key_id = optional(string)
    name              = optional(string)
    owner             = optional(string)
    policy            = optional(string)
    url               = optional(string)
  })
  default     = null
  description = "Queue for events that the hub's bus did not take, as in event-rules: an aws_sqs_queue whole, or { arn = \"arn:...\" }. Null: the module makes one."
}

variable "event_bus" {
  type = object({
    arn  = string
    name = string
  })
  default     = null
  description = "Hub: event bus that receives the events (an aws_cloudwatch_event_bus whole, or { arn = \"arn:...\", name = \"...\" }). Null: the Region's default bus, where the same rules see its own events and the forwarded ones."

  validation {
    condition     = var.event_bus == null || var.hub_bus == null
    error_message = "event_bus is a hub's, hub_bus a spoke's: give one of them. EventBridge forwards an event once only, so a spoke can't be the hub of others."
  }
}

variable "hub_bus" {
  type = object({
    arn = string
  })
  default     = null
  description = "Spoke: the hub's event bus, of any account and Region (the hub's event-forwarding module whole, or { arn = \"arn:...\" }). Null: this is the hub."

  validation {
    condition     = var.hub_bus == null ? true : can(regex("^arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[/.A-Za-z0-9_-]+$", var.hub_bus.arn))
    error_message = "hub_bus.arn must be the ARN of an event bus, arn:<partition>:events:<region>:<account>:event-bus/<name>; the default bus is called default."
  }

  validation {
    condition     = try(split(":", var.hub_bus.arn)[1] == module.location.partition, true)
    error_message = "hub_bus is of another partition than the provider's (${module.location.partition}), and EventBridge forwards nothing from one to the other: give a bus of this partition."
  }
}

variable "name" {
  type        = string
  nullable    = false
  description = "Prefix of the names of rules, queues, roles and alarms."

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,30}$", var.name))
    error_message = "name must be 1 to 30 letters, digits, underscores and hyphens."
  }
}

variable "organization_id" {
  type        = string
  default     = null
  description = "Hub: organization whose accounts may all send it events, admitted as bus_policy says."

  validation {
    condition     = var.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is the organization's id, o- and 10 to 32 letters and digits."
  }

  validation {
    condition     = var.hub_bus == null || (var.organization_id == null && length(var.account_ids) == 0)
    error_message = "account_ids and organization_id say who may send to a hub, and this is a spoke (hub_bus is set): leave them out. EventBridge forwards an event once only, so a spoke can't be the hub of others."
  }
}

variable "patterns" {
  type        = map(string)
  default     = null
  description = "Spoke: patterns (JSON) of the events to forward, by a name of your choice; the account and Region are added. Null: one pattern, global-services, for what the home Region would miss. In the Region where the events of global services arrive (us-east-1, cn-north-1, us-gov-west-1) these are those events and sign-ins; in any other Region, sign-ins."

  validation {
    condition     = var.patterns == null ? true : alltrue([for pattern in values(var.patterns) : can(keys(jsondecode(pattern)))])
    error_message = "patterns must hold JSON objects; write them with jsonencode({ ... }). Correct: ${join(", ", [for key, pattern in var.patterns == null ? {} : var.patterns : key if !can(keys(jsondecode(pattern)))])}."
  }

  validation {
    condition     = var.patterns == null ? true : !anytrue([for pattern in values(var.patterns) : can(jsondecode(pattern).account) || can(jsondecode(pattern).region)])
    error_message = "The module adds this account and Region to each pattern, so that nothing is forwarded twice: leave account and region out of ${join(", ", [for key, pattern in var.patterns == null ? {} : var.patterns : key if can(jsondecode(pattern).account) || can(jsondecode(pattern).region)])}."
  }

  validation {
    condition     = var.patterns == null ? true : length(setintersection(keys(var.patterns), ["alarms", "canary"])) == 0
    error_message = "alarms and canary are names of the module's own patterns: rename yours."
  }

  validation {
    condition     = var.patterns == null || var.hub_bus != null
    error_message = "patterns are a spoke's, and this is the hub (hub_bus is null): give hub_bus, or leave patterns out."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the roles."

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is not the ARN of an IAM policy: give \"arn:aws:iam::<account>:policy/<name>\"."
  }
}

variable "read_only_patterns" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Spoke: patterns, by their names, that also see read-only management events (Get, List, Describe, AssumeRole)."

  validation {
    condition     = length(setsubtract(var.read_only_patterns, keys(local._patterns))) == 0
    error_message = "read_only_patterns names no pattern: ${join(", ", setsubtract(var.read_only_patterns, keys(local._patterns)))}. There are: ${join(", ", keys(local._patterns))}."
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
  description = "Path of the roles."

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path starts and ends with a slash, as in \"/reactor/\", and has 512 characters at most."
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
