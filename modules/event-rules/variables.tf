variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on: a lookup then waits for the apply, and what is built from it is unknown in the plan."
}

variable "alarm_topic" {
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  default     = null
  description = "SNS topic that the alarms report to (the alert-topic module whole, or { arn = \"arn:...\" }); null makes no alarms. If the topic is encrypted, its key must admit cloudwatch.amazonaws.com."

  validation {
    # A provider that `terraform test` mocks makes ARNs of eight letters and digits.
    condition     = var.alarm_topic == null ? true : can(regex("^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+|[a-z0-9]{8})$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn must be the ARN of a standard SNS topic: pass the topic whole (alarm_topic = module.alert_topic)."
  }

  validation {
    condition     = !strcontains(try(coalesce(var.alarm_topic.kms_master_key_id), ""), "alias/aws/")
    error_message = "alarm_topic is encrypted with AWS's own key for SNS, which does not admit CloudWatch: no alarm would arrive. Give the topic a key of yours that admits cloudwatch.amazonaws.com (the alert-topic module has one)."
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
    arn                     = string
    fifo_queue              = optional(bool)
    kms_master_key_id       = optional(string)
    name                    = optional(string)
    owner                   = optional(string)
    policy                  = optional(string)
    sqs_managed_sse_enabled = optional(bool)
    url                     = optional(string)
  })
  default     = null
  description = "Queue for events that no target took; an aws_sqs_queue whole, or { arn = \"arn:...\" }. With name and url, its policy is treated like a target queue's (see queue_policies); with arn alone, it is left as it is and has to admit the rules already. owner is set on the queue that another event-rules module made. Null: the module makes one."

  validation {
    condition     = try(var.dead_letter_queue.owner, null) == null || var.queue_policies == "emit"
    error_message = "dead_letter_queue is the queue of another event-rules module (${try(coalesce(var.dead_letter_queue.owner), "?")}), whose policy admits the rules of that module only. Leave dead_letter_queue out (an empty queue costs nothing), or make a queue of your own, pass it to both with queue_policies = \"emit\" and give it the statements of both."
  }

  validation {
    condition     = try(!endswith(var.dead_letter_queue.arn, ".fifo"), true)
    error_message = "dead_letter_queue is a FIFO queue, which EventBridge can't use as a dead-letter queue: give a standard queue."
  }

  validation {
    condition     = var.dead_letter_queue == null ? true : can(regex("^(arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:.+|[a-z0-9]{8})$", var.dead_letter_queue.arn))
    error_message = "dead_letter_queue.arn must be the ARN of an SQS queue: pass the queue whole (dead_letter_queue = aws_sqs_queue.x), or { arn = \"arn:...\" }."
  }

  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  validation {
    condition     = !strcontains(try(coalesce(var.dead_letter_queue.kms_master_key_id), ""), "alias/aws/")
    error_message = "dead_letter_queue is encrypted with AWS's own key for SQS, which does not admit EventBridge: the events would be lost. Use sqs_managed_sse_enabled = true, or a key of yours that admits events.amazonaws.com."
  }

  validation {
    condition     = try(var.dead_letter_queue.name, null) == null || var.queue_policies == "emit" ? true : var.dead_letter_queue.url != null
    error_message = "dead_letter_queue has a name but no url, which its policy is written through: pass the queue whole (dead_letter_queue = aws_sqs_queue.x), or only { arn } to leave the queue's policy as it is."
  }
}

variable "event_bus" {
  type = object({
    arn  = string
    name = string
  })
  default     = null
  description = "Event bus that the rules are on (an aws_cloudwatch_event_bus whole, or { arn = \"arn:...\", name = \"...\" }). Null: the default bus, where AWS's own events arrive; any other gets what is forwarded to it."

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
    condition     = length(setsubtract(var.failed_invocation_alarms, setsubtract(keys(var.rules), ["*"]))) == 0
    error_message = "failed_invocation_alarms names no rule: ${join(", ", setsubtract(var.failed_invocation_alarms, keys(var.rules)))}. Its items are keys of rules."
  }
}

variable "name" {
  type        = string
  nullable    = false
  description = "Prefix of the names of the rules and of the dead-letter queue, `<name>-<rule>` and `<name>-dead-letters`."

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,60}$", var.name))
    error_message = "name must be 1 to 60 letters, digits, underscores and hyphens."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds the roles of rules."

  validation {
    condition     = var.permissions_boundary == null ? true : can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is not the ARN of an IAM policy: give \"arn:aws:iam::<account>:policy/<name>\"."
  }
}

variable "queue_policies" {
  type        = string
  default     = null
  description = "Who writes the policies of the queues that the module is given, as targets or as dead_letter_queue: a queue has one policy, and two writers overwrite each other. \"attach\": this module alone, with what existing_queue_policies keeps. \"emit\": somebody else; the module writes none, and the output queue_policies has what is needed. Required where there are such queues."

  validation {
    condition     = var.queue_policies == null ? true : contains(["attach", "emit"], var.queue_policies)
    error_message = "queue_policies must be \"attach\" (this module writes the queues' policies) or \"emit\" (you do, from the output queue_policies)."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, as account_id."
}

variable "role" {
  type = object({
    arn = string
  })
  default     = null
  description = "Role with which rules reach the targets that need one (an aws_iam_role whole, or { arn = \"arn:...\" }). Null: the module makes one for each such rule, which may reach these targets and nothing else."

  validation {
    condition     = var.role == null ? true : can(regex("^(arn:[a-z-]+:iam::[0-9]{12}:role/.+|[a-z0-9]{8})$", var.role.arn))
    error_message = "role.arn must be the ARN of a role, arn:<partition>:iam::<account>:role/<name>: pass the role whole (role = aws_iam_role.x), or leave it out to have roles made."
  }
}

variable "role_path" {
  type        = string
  default     = "/"
  nullable    = false
  description = "Path of the roles of rules."

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path starts and ends with a slash, as in \"/reactor/\", and has 512 characters at most."
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
    name = optional(string)
    # True of a rule of the detections module whose pattern lets more through than what is meant.
    needs_function   = optional(bool, false)
    pattern          = optional(string)
    patterns         = optional(map(string))
    read_only_events = optional(bool, false)
    schedule         = optional(string)
    targets = optional(map(object({
      # The kinds, as in the table in targets.tf.
      api_destination = optional(object({
        arn  = string
        name = optional(string)
      }))
      automation = optional(object({
        assume_role = optional(object({
          arn = string
        }))
        document = object({
          arn = string
        })
      }))
      bus = optional(object({
        arn = string
      }))
      delivery_stream = optional(object({
        arn = string
      }))
      ecs_task = optional(object({
        cluster = object({
          arn = string
        })
        launch_type = optional(string, "FARGATE")
        network_configuration = optional(object({
          assign_public_ip = optional(bool, false)
          security_groups  = optional(set(string))
          subnets          = set(string)
        }))
        platform_version = optional(string)
        task_count       = optional(number, 1)
        task_definition = object({
          arn                = string
          execution_role_arn = optional(string)
          task_role_arn      = optional(string)
        })
      }))
      function = optional(object({
        arn           = string
        function_name = optional(string)
      }))
      log_group = optional(object({
        arn  = string
        name = optional(string)
      }))
      queue = optional(object({
        arn                     = string
        fifo_queue              = optional(bool)
        kms_master_key_id       = optional(string)
        name                    = optional(string)
        policy                  = optional(string)
        sqs_managed_sse_enabled = optional(bool)
        url                     = optional(string)
      }))
      run_command = optional(object({
        document = object({
          arn = string
        })
        targets = map(list(string))
      }))
      state_machine = optional(object({
        arn = string
      }))
      stream = optional(object({
        arn = string
      }))
      topic = optional(object({
        arn               = string
        kms_master_key_id = optional(string)
      }))

      cross_account = optional(bool, false)
      http = optional(object({
        header_parameters       = optional(map(string), {})
        path_parameter_values   = optional(list(string), [])
        query_string_parameters = optional(map(string), {})
      }))
      input = optional(string)
      input_transformer = optional(object({
        input_paths    = map(string)
        input_template = string
      }))
      partition_key_path = optional(string)
      retry = optional(object({
        max_age_seconds = optional(number)
        max_attempts    = optional(number)
      }))

      # Named here to be refused: Terraform drops what an object's type does not name.
      arn                = optional(string)
      dead_letter_arn    = optional(string)
      dead_letter_config = optional(map(string))
      input_path         = optional(string)
      retry_policy       = optional(map(string))
      role_arn           = optional(string)
    })))

    # Named here to be refused, as above.
    event_bus_name      = optional(string)
    event_pattern       = optional(string)
    is_enabled          = optional(string)
    role_arn            = optional(string)
    schedule_expression = optional(string)
    state               = optional(string)
  }))
  nullable    = false
  description = <<-EOT
    Rules by a name of your choice. A rule has a pattern (JSON: write it with jsonencode), several patterns by name, or
    a schedule (rate(...) or cron(...)). It has up to five targets by a name of your choice, none with targets = {}. A
    target is one resource, passed whole: a function, topic, queue, bus, log_group, stream, delivery_stream,
    state_machine, api_destination, ecs_task, run_command or automation. The key "*" is no rule: its targets serve
    every rule that names none.
  EOT

  # What else is asked of rules and targets, the resources ask: main.tf, targets.tf.
  validation {
    condition     = length(flatten([for key, rule in var.rules : try(keys(rule.patterns), ["main"]) if key != "*"])) <= 300
    error_message = "An event bus has 300 rules at most, and these are ${length(flatten([for key, rule in var.rules : try(keys(rule.patterns), ["main"]) if key != "*"]))}, each of several patterns counted: join patterns that differ in one list only, or raise the quota and split them between two event-rules modules."
  }

  validation {
    condition     = alltrue([for key, rule in var.rules : rule.targets != null if key == "*"])
    error_message = "The key \"*\" of rules holds the targets of every rule that names none, and it has none: give it targets, or leave it out."
  }

  validation {
    condition     = alltrue(flatten([for key, rule in var.rules : [for name, value in rule : name == "targets" || (contains(["enabled", "needs_function", "read_only_events"], name) ? value == (name == "enabled") : value == null)] if key == "*"]))
    error_message = "The key \"*\" of rules is no rule: it holds the targets of every rule that names none, and nothing else. Leave out of it: ${join(", ", flatten([for key, rule in var.rules : [for name, value in rule : name if name != "targets" && !(contains(["enabled", "needs_function", "read_only_events"], name) ? value == (name == "enabled") : value == null)] if key == "*"]))}."
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

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}

variable "witness" {
  type = object({
    delivery_stream = object({
      arn = string
    })
    role = object({
      arn = string
    })
  })
  default     = null
  description = "Where each rule notes what it saw, so that reconciliation can tell what it missed: the output witness of a reconciliation module. It is one of the five targets of a rule. Null: nowhere."
}
