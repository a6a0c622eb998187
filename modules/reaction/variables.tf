variable "account_id" {
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
  type        = string
  default     = null
}

variable "act_within_seconds" {
  description = "Age in seconds up to which the reaction acts on an event. It only alerts on an older one (from the failure queue, or handed over by hand), since the account may have changed since then. -1: the reaction acts on events of any age."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.act_within_seconds == -1 || (var.act_within_seconds >= 900 && var.act_within_seconds <= 31536000 && floor(var.act_within_seconds) == var.act_within_seconds)
    error_message = "act_within_seconds must be a whole number from 900 (CloudTrail itself may take as long) to 31536000 (a year), or -1 for any age."
  }
}

variable "actions_per_hour" {
  description = "Actions (each on one resource) that the reaction may take in an hour. Tags may take half of them. After that the reaction only notifies until the hour is over, then takes up what it held back. What restores a trail does not count. Null: the guard's own limit. -1: no limit."
  type        = number
  default     = null

  validation {
    condition     = alltrue([for limit in [coalesce(var.actions_per_hour, var.guard.actions_per_hour)] : limit == -1 || limit >= 1 && limit <= 999999999 && floor(limit) == limit])
    error_message = "actions_per_hour must be a whole number from 1, or -1 for no limit; to take no action at all use the guard's mode = \"notify\"."
  }
}

variable "actions_per_principal" {
  description = "Actions about the calls of one principal (a user, or a role with all its sessions) that the reaction may take in an hour, so that one can't spend the budget of all. Null: half of actions_per_hour."
  type        = number
  default     = null

  validation {
    condition     = var.actions_per_principal == null ? true : var.actions_per_principal >= 1 && var.actions_per_principal <= 999999999 && floor(var.actions_per_principal) == var.actions_per_principal
    error_message = "actions_per_principal must be a whole number from 1, or null for half of actions_per_hour."
  }
}

variable "alarm_topic" {
  description = "SNS topic that the alarms (errors, throttles, failure queue, lost events, budget, kill switch unreadable or thrown, refused events) report to: an alert-topic whole, or { arn = \"arn:...\" }. If it is encrypted, its key must admit cloudwatch.amazonaws.com. Null: no alarms."
  type = object({
    arn               = string
    kms_master_key_id = optional(string)
  })
  default = null

  validation {
    condition     = var.alarm_topic == null || can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn is not the ARN of an SNS topic: give { arn = \"arn:aws:sns:<region>:<account>:<topic>\" } or a module or resource that has it as `arn`."
  }

  validation {
    condition     = try(!can(regex("(^|:)alias/aws/sns$", var.alarm_topic.kms_master_key_id)), true)
    error_message = "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch: no alarm would arrive. Give a topic under a customer managed key that admits cloudwatch.amazonaws.com (an alert-topic has one), or one without encryption."
  }
}

variable "alert_topic" {
  description = "SNS topic that the alerts go to, with the key that encrypts it, if any: an alert-topic whole, or { arn = \"arn:...\", kms_key_arn = \"arn:...\" }. Null: no alerts. A guard that alerts requires a topic, or finding_target, beyond dry_run."
  type = object({
    arn               = string
    kms_key_arn       = optional(string)
    kms_master_key_id = optional(string)
  })
  default = null

  validation {
    condition     = var.alert_topic == null || can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+$", var.alert_topic.arn))
    error_message = "alert_topic.arn is not the ARN of an SNS topic: give { arn = \"arn:aws:sns:<region>:<account>:<topic>\" } or a module or resource that has it as `arn`."
  }

  validation {
    condition     = var.alert_topic != null || var.finding_target != null || var.guard.mode == "dry_run" || (var.guard.mode == "enforce" && var.guard.alerts == null)
    error_message = "The alerts of ${var.name} would reach nobody: in mode ${var.guard.mode} its guard ${var.guard.alerts == null ? "does nothing but alert" : "alerts on ${var.guard.alerts}"}. Give alert_topic, or leave the guard's mode at dry_run."
  }

  validation {
    condition     = !endswith(try(var.alert_topic.arn, "-"), ".fifo")
    error_message = "alert_topic is a FIFO topic, which people can't subscribe to: give a standard topic."
  }

  validation {
    condition     = try(var.alert_topic.kms_key_arn, null) == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.alert_topic.kms_key_arn))
    error_message = "alert_topic.kms_key_arn is not the ARN of a KMS key (an alias does not work in a policy): give \"arn:aws:kms:<region>:<account>:key/<id>\"."
  }

  validation {
    # A topic without encryption has "" once it is made.
    condition     = try(var.alert_topic.kms_key_arn == null && var.alert_topic.kms_master_key_id != null ? can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:(key/.+|alias/aws/sns)$|^(alias/aws/sns)?$", var.alert_topic.kms_master_key_id)) : true, true)
    error_message = "alert_topic is encrypted with a key that it names by its alias or id, and the function's policy needs the key's ARN: give { arn = \"...\", kms_key_arn = \"arn:aws:kms:<region>:<account>:key/<id>\" }."
  }
}

variable "audit_bus" {
  description = "Event bus that an audit record of every action goes to, beside the log: an aws_cloudwatch_event_bus whole, or { arn = \"arn:...\" }. A reaction in dry_run sends none. Null: the log only."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.audit_bus == null || can(regex("^arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/[A-Za-z0-9/._-]+$", var.audit_bus.arn))
    error_message = "audit_bus.arn is not the ARN of an event bus: give { arn = \"arn:aws:events:<region>:<account>:event-bus/<name>\" } or a resource that has it as `arn`."
  }
}

variable "chat_alerts" {
  description = "Whether the topic's HTTPS subscribers get the alerts as custom notifications of Amazon Q Developer in chat applications (Slack, Teams, Chime), which shows nothing else. Mail, queues and functions still get the text."
  type        = bool
  default     = false
  nullable    = false
}

variable "code_signing_config_arn" {
  description = "Code signing configuration of the function. Your profile has not signed the bundled zip and the public Powertools layer: if the configuration enforces signatures, give `package` and `powertools_layer_arn` too."
  type        = string
  default     = null

  validation {
    condition     = var.code_signing_config_arn == null || can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:code-signing-config:csc-.+$", var.code_signing_config_arn))
    error_message = "code_signing_config_arn is not the ARN of a code signing configuration: give \"arn:aws:lambda:<region>:<account>:code-signing-config:csc-...\"."
  }
}

variable "environment" {
  description = "Further environment variables of the function, for a handler of one's own."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key in keys(var.environment) :
      can(regex("^[A-Za-z][A-Za-z0-9_]+$", key)) && !can(regex("^(ALERT_TOPIC_ARN$|AWS_|LAMBDA_|POWERTOOLS_|REACTION_)", key))
    ])
    error_message = "environment has a name that this module or Lambda sets itself (ALERT_TOPIC_ARN, AWS_*, LAMBDA_*, POWERTOOLS_*, REACTION_*), or one that is not letters, digits and underscores, starting with a letter: rename it."
  }
}

variable "exempt_accounts" {
  description = "Accounts whose events the reaction leaves alone, each with the last day (UTC) of the exemption, as in { \"123456789012\" = \"2026-12-31\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for account, until in var.exempt_accounts : can(regex("^[0-9]{12}$", account)) && can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", until)) && can(timeadd("${until}T00:00:00Z", "0s"))])
    error_message = "exempt_accounts must map account ids of twelve digits to the last day that they are exempt, as in { \"123456789012\" = \"2026-12-31\" }."
  }
}

variable "exempt_principals" {
  description = "Users and roles whose calls the reaction leaves alone: ARNs, where * and ? are wildcards (for a session, its role's ARN), each with the last day (UTC) of the exemption, as in { \"arn:aws:iam::123456789012:role/breakglass\" = \"2026-12-31\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn, until in var.exempt_principals : can(regex("^(arn:|\\*)\\S+$", arn)) && can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", until)) && can(timeadd("${until}T00:00:00Z", "0s"))])
    error_message = "exempt_principals must map ARNs of users and roles to the last day that they are exempt, as in { \"arn:aws:iam::123456789012:role/breakglass\" = \"2026-12-31\" }."
  }

  validation {
    # Two roles or users that have nothing in common show that it means everybody.
    condition     = !anytrue([for arn in keys(var.exempt_principals) : anytrue([for kind in ["role", "user"] : alltrue([for name in ["000000000000:${kind}/q", "999999999999:${kind}/z/w"] : can(regex("^${replace(replace(replace(arn, "/[^A-Za-z0-9*?]/", "\\$0"), "*", ".*"), "?", ".")}$", "arn:${try(regex("^arn:([a-z-]+):", arn)[0], "aws")}:iam::${name}"))])])])
    error_message = "exempt_principals must name somebody: an ARN that stands for all roles or users of every account would leave everybody alone. To hold the reaction back, set the guard's mode or use kill_switch."
  }

  validation {
    condition     = !anytrue([for arn in keys(var.exempt_principals) : strcontains(arn, ":assumed-role/")])
    error_message = "exempt_principals holds a session, whose calls are exempt by its role: give the role's own ARN, as in arn:aws:iam::123456789012:role/breakglass."
  }
}

variable "exempt_role_paths" {
  description = "IAM paths of roles whose calls the reaction leaves alone, if the role is of the event's own account, each with the last day (UTC) of the exemption, as in { \"/ci/\" = \"2026-12-31\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for path, until in var.exempt_role_paths : can(regex("^/(\\S+/)+$", path)) && can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", until)) && can(timeadd("${until}T00:00:00Z", "0s"))])
    error_message = "exempt_role_paths must map paths that start and end with a slash (and are not / alone, which is every role) to the last day that they are exempt, as in { \"/ci/\" = \"2026-12-31\" }."
  }
}

variable "exempt_tags" {
  description = "Tags (key=value) of resources that the reaction leaves alone, each with the last day (UTC) of the exemption, as in { \"reactor-exempt=yes\" = \"2026-12-31\" }. A tag that came with the call itself does not count, nor any tag, but AWS's own (aws:), of what the call made. Your own policies must say who may set the tag otherwise."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for tag, until in var.exempt_tags : can(regex("^[^=]{1,128}=.{0,256}$", tag)) && can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", until)) && can(timeadd("${until}T00:00:00Z", "0s"))])
    error_message = "exempt_tags must map tags, written key=value, to the last day that they exempt a resource, as in { \"reactor-exempt=yes\" = \"2026-12-31\" }."
  }
}

variable "failure_queue" {
  description = "SQS queue for the events that the function failed on, with the key that encrypts it, if any: an aws_sqs_queue whole, or { arn = \"arn:...\" }. Null: the module makes one."
  type = object({
    arn               = string
    kms_key_arn       = optional(string)
    kms_master_key_id = optional(string)
    url               = optional(string)
  })
  default = null

  validation {
    condition     = var.failure_queue == null || can(regex("^arn:[^:]+:sqs:[^:]+:[0-9]{12}:[^:]+$", var.failure_queue.arn))
    error_message = "failure_queue.arn is not the ARN of an SQS queue: give { arn = \"arn:aws:sqs:<region>:<account>:<queue>\" } or a module or resource that has it as `arn`."
  }

  validation {
    condition     = !endswith(try(var.failure_queue.arn, "-"), ".fifo")
    error_message = "failure_queue is a FIFO queue, which Lambda can't send failed events to: give a standard queue."
  }

  validation {
    condition     = !can(regex("^alias/", var.failure_queue.kms_master_key_id)) || try(var.failure_queue.kms_key_arn, null) != null || try(var.failure_queue.kms_master_key_id, "") == "alias/aws/sqs"
    error_message = "failure_queue is encrypted with a key given by its alias, which does not work in a policy: give failure_queue.kms_key_arn too."
  }
}

variable "finding_target" {
  description = "Where the alerts also go as findings: the account's Security Hub (aws_securityhub_account.x) in its own format, or a standard SQS queue or an event bus as OCSF Detection Findings. Give the resource whole, or { arn = \"arn:...\" }; for an encrypted queue also its key. Null: alerts alone."
  type = object({
    arn               = string
    kms_key_arn       = optional(string)
    kms_master_key_id = optional(string)
  })
  default = null

  validation {
    condition     = var.finding_target == null || can(regex("^arn:[a-z-]+:(events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9/._-]+|securityhub:[a-z0-9-]+:[0-9]{12}:hub/default|sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+)$", var.finding_target.arn))
    error_message = "finding_target.arn is not the ARN of a Security Hub (arn:aws:securityhub:<region>:<account>:hub/default), a standard SQS queue or an event bus: give one of them, as { arn = \"...\" } or as a whole resource. What else is to get findings (Firehose, S3, another account) gets them by a rule on the bus."
  }

  validation {
    condition     = try(var.finding_target.kms_key_arn == null && var.finding_target.kms_master_key_id != null ? can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:(key/.+|alias/aws/sqs)$|^(alias/aws/sqs)?$", var.finding_target.kms_master_key_id)) : true, true)
    error_message = "finding_target is encrypted with a key that it names by its alias or id, and the function's policy needs the key's ARN: give { arn = \"...\", kms_key_arn = \"arn:aws:kms:<region>:<account>:key/<id>\" }."
  }
}

variable "guard" {
  description = "Guard of the reaction: a module of a guard whole (guard = module.launches), or a handler of your own, written in place. handler is its entry point (module.function). policy_json is what its role may do beyond logging and alerting, settings a JSON object, event_pattern the events that it is for; each of the three may be null. mode is dry_run (the reaction logs what it would do, changes nothing and sends no alert), notify (it also sends alerts) or enforce (it also acts). alerts says in words what it alerts on; beyond dry_run it then requires alert_topic. scp_json has statements of a service control policy for the same rules. In policy_json and event_pattern, {{account_id}}, {{partition}}, {{region}}, {{role_arn}} (the reaction's own role) and {{session_arn}} (the session of that role that Lambda gives the function, as in userIdentity.arn) are filled in."
  nullable    = false
  type = object({
    actions_per_hour = optional(number, 100)
    alerts           = optional(string)
    description      = optional(string, "A reaction to CloudTrail events")
    event_pattern    = string
    handler          = string
    memory_size      = optional(number, 256)
    mode             = optional(string, "dry_run")
    policy_json      = string
    scp_json         = optional(string)
    settings         = string
    settle_seconds   = optional(number, 0)
    timeout          = optional(number, 60)
  })

  validation {
    condition     = length(var.guard.description) <= 256
    error_message = "guard.description is longer than Lambda's limit of 256 characters: shorten it."
  }

  validation {
    condition     = var.guard.event_pattern == null || can(keys(jsondecode(var.guard.event_pattern)))
    error_message = "guard.event_pattern is not a JSON object: give it as jsonencode({ ... }), or null where rules of your own lead to the reaction."
  }

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]*([./][A-Za-z_][A-Za-z0-9_]*)*\\.[A-Za-z_][A-Za-z0-9_]*$", var.guard.handler)) && length(var.guard.handler) <= 128
    error_message = "guard.handler must be a Python module and a function in it, as in \"reactor.reactions.ec2_launch_guard.handler\", of at most 128 characters."
  }

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.guard.mode)
    error_message = "guard.mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }

  validation {
    condition     = var.guard.policy_json == null || can(flatten([jsondecode(var.guard.policy_json).Statement])[*].Effect)
    error_message = "guard.policy_json is not an IAM policy document: give JSON with a Statement, from jsonencode() or data.aws_iam_policy_document, or null where the handler only alerts."
  }

  validation {
    condition     = length(setsubtract(flatten(regexall("{{([^{}]*)}}", "${var.guard.policy_json == null ? "" : var.guard.policy_json}${var.guard.event_pattern == null ? "" : var.guard.event_pattern}")), ["account_id", "partition", "region", "role_arn", "session_arn"])) == 0
    error_message = "guard.policy_json or guard.event_pattern has a placeholder that is not filled in: there are {{account_id}}, {{partition}}, {{region}}, {{role_arn}} and {{session_arn}}."
  }

  validation {
    condition     = var.guard.settings == null || can(keys(jsondecode(var.guard.settings)))
    error_message = "guard.settings is not a JSON object: give it as jsonencode({ ... }), or null where the handler has none."
  }
}

variable "iac_principals" {
  description = "Principals that manage infrastructure as code: ARNs, where * and ? are wildcards. The reaction always leaves their calls alone and logs each one."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.iac_principals : can(regex("^(arn:|\\*)\\S+$", arn))])
    error_message = "iac_principals must hold ARNs of users and roles, as in [\"arn:aws:iam::*:role/terraform-*\"]."
  }

  validation {
    # As in exempt_principals.
    condition     = !anytrue([for arn in var.iac_principals : anytrue([for kind in ["role", "user"] : alltrue([for name in ["000000000000:${kind}/q", "999999999999:${kind}/z/w"] : can(regex("^${replace(replace(replace(arn, "/[^A-Za-z0-9*?]/", "\\$0"), "*", ".*"), "?", ".")}$", "arn:${try(regex("^arn:([a-z-]+):", arn)[0], "aws")}:iam::${name}"))])])])
    error_message = "iac_principals must name somebody: an ARN that stands for all roles or users of every account would leave everybody alone."
  }

  validation {
    condition     = !anytrue([for arn in var.iac_principals : strcontains(arn, ":assumed-role/")])
    error_message = "iac_principals holds a session, whose calls are known by its role: give the role's own ARN, as in arn:aws:iam::*:role/terraform-*."
  }
}

variable "kill_switch" {
  description = "SSM parameter (a String of this account and Region) (whole, or { name = \"/reactor/mode\" }) whose value caps the mode of every reaction that reads it: enforce caps nothing, notify and dry_run do. A value that can't be read, or any other value, means notify. Null: no kill switch."
  type = object({
    name = string
  })
  default = null

  validation {
    condition     = var.kill_switch == null || can(regex("^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.kill_switch.name))
    error_message = "kill_switch.name is not the name of an SSM parameter: give { name = \"/cloudtrail-reactor/mode\" } or a resource that has it as `name`."
  }

  validation {
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    condition     = var.kill_switch == null ? true : !can(regex("^/?(aws|ssm)", lower(var.kill_switch.name)))
    error_message = "kill_switch.name begins with aws or ssm, which SSM keeps for itself: take another name, as in \"/cloudtrail-reactor/mode\"."
  }
}

variable "kms_key_arn" {
  description = "KMS key for the log group, the environment, the failure queue and the ledger that this module makes; its policy must admit `logs.<region>.amazonaws.com`. Null: the services' own encryption."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key (an alias does not work in a policy): give \"arn:aws:kms:<region>:<account>:key/<id>\"."
  }
}

variable "ledger_days" {
  description = "Days for which the ledger remembers what the reaction did about an event: more than the 14 days that the failure queue keeps it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.ledger_days >= 15 && var.ledger_days <= 3650 && floor(var.ledger_days) == var.ledger_days
    error_message = "ledger_days must be a whole number of days from 15 to 3650: events come back from a failure queue for 14 days."
  }
}

variable "ledger_table" {
  description = "DynamoDB table of this account and Region that remembers what was done, with the key that encrypts it, if any: an aws_dynamodb_table whole, or { name = \"...\" }. Its only key must be `id` (a string), its TTL attribute `expiration`. Several reactions may share a table. Null: the module makes one."
  type = object({
    kms_key_arn = optional(string)
    name        = string
  })
  default = null

  validation {
    condition     = var.ledger_table == null || can(regex("^[A-Za-z0-9_.-]{3,255}$", var.ledger_table.name))
    error_message = "ledger_table.name is not the name of a DynamoDB table: give { name = \"reactions\" } or a resource that has it as `name`."
  }
}

variable "log_group" {
  description = "Existing log group of this account and Region that the function writes to: an aws_cloudwatch_log_group whole, or { name = \"...\" }. Null: the module makes `/aws/lambda/<name>`."
  type = object({
    name = string
  })
  default = null

  validation {
    condition     = var.log_group == null || can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group.name))
    error_message = "log_group.name is not the name of a log group (up to 512 of letters, digits and _ - / . #): give { name = \"/aws/lambda/shared\" } or a resource that has it as `name`."
  }
}

variable "log_level" {
  description = "Log level of the function: DEBUG, INFO, WARNING, ERROR or CRITICAL. Actions are logged at INFO."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "log_retention_days" {
  description = "Days for which the module's own log group keeps the function's log. 0: for ever."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition = contains([
      0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
      1096, 1827, 2192, 2557, 2922, 3288, 3653
    ], var.log_retention_days)
    error_message = "log_retention_days must be one that CloudWatch Logs knows: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "max_event_age_seconds" {
  description = "Seconds for which Lambda keeps trying an event before the event goes to the failure queue."
  type        = number
  default     = 21600
  nullable    = false

  validation {
    condition     = var.max_event_age_seconds >= 60 && var.max_event_age_seconds <= 21600 && floor(var.max_event_age_seconds) == var.max_event_age_seconds
    error_message = "max_event_age_seconds must be a whole number from 60 to 21600 (six hours), Lambda's limits."
  }
}

variable "max_retries" {
  description = "Number of times that Lambda tries an event again after an error of the function."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([0, 1, 2], var.max_retries)
    error_message = "max_retries must be 0, 1 or 2, Lambda's limits."
  }
}

variable "member_role" {
  description = "Role { name = \"...\", external_id = \"...\" } made by reaction-member-role in other accounts (and in this one, for events of other Regions), with which the reaction acts there; `accounts` limits it to these accounts. Null: the reaction acts in the function's own account and Region only."
  type = object({
    accounts    = optional(set(string))
    external_id = string
    name        = string
    path        = optional(string, "/")
  })
  default = null

  validation {
    condition     = var.member_role == null || can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.member_role.name)) && can(regex("^/([\\x21-\\x2e\\x30-\\x7e]+/)*$", var.member_role.path))
    error_message = "member_role.name must be a role's name without its path, and path start and end with a slash: as in { name = \"reactor-member\", path = \"/security/\", external_id = \"...\" }."
  }

  validation {
    condition     = var.member_role == null || can(regex("^[A-Za-z0-9+=,.@:/_-]{2,}$", var.member_role.external_id)) && try(length(var.member_role.external_id), 0) <= 1224
    error_message = "member_role.external_id must be 2 to 1224 letters, digits and + = , . @ : / _ -: the one that the member accounts' roles ask for."
  }

  validation {
    condition     = try(var.member_role.accounts, null) == null ? true : length(var.member_role.accounts) > 0 && alltrue([for account in var.member_role.accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "member_role.accounts must hold at least one account id of twelve digits; leave it out for every account that has the role."
  }
}

variable "memory_size" {
  description = "Memory of the function in MB; its share of a CPU grows with it. Null: the guard's own."
  type        = number
  default     = null

  validation {
    condition     = alltrue([for size in [coalesce(var.memory_size, var.guard.memory_size)] : size >= 128 && size <= 10240 && floor(size) == size])
    error_message = "memory_size must be a whole number of MB from 128 to 10240, Lambda's limits."
  }
}

variable "name" {
  description = "Name of the function and, with a suffix each, of its role, queue, log group and alarms."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name must be 1 to 48 letters, digits, hyphens and underscores, starting with a letter or digit, so that the role's name (<name>-<region>) fits into IAM's 64 characters."
  }
}

variable "own_reactor_layer" {
  description = "Whether the module makes a layer with this repository's engine if `package` is given and the handler is not this repository's. Set it to false beside `reactor_layer_arn`."
  type        = bool
  default     = true
  nullable    = false
}

variable "package" {
  description = "Your own build of the function's code: a zip file, or an S3 object of this Region. Null: the zip that comes with this repository. For an S3 object give s3_object_version or source_code_hash (base64 of its SHA-256) as well, or Terraform does not notice a new upload under the same key."
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    source_code_hash  = optional(string)
  })
  default = null

  validation {
    condition     = var.package == null || (try(var.package.filename, null) != null) != (try(var.package.s3_bucket, null) != null)
    error_message = "package must be either a zip file (filename) or an S3 object (s3_bucket and s3_key): give one of them, not both; leave package out for the zip that comes with the module."
  }

  validation {
    condition     = (try(var.package.s3_bucket, null) == null) == (try(var.package.s3_key, null) == null)
    error_message = "package.s3_bucket and package.s3_key belong together: give both."
  }

  validation {
    condition     = try(var.package.s3_object_version, null) == null || try(var.package.s3_bucket, null) != null
    error_message = "package.s3_object_version is of no use without package.s3_bucket and package.s3_key: give them too."
  }

  validation {
    condition     = var.package != null || startswith(var.guard.handler, "reactor.")
    error_message = "guard.handler is ${var.guard.handler}, which the zip of this repository has not: give package, a zip with your own code (the module adds reactor as a layer)."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the roles that this module makes."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is not the ARN of an IAM policy: give \"arn:aws:iam::<account>:policy/<name>\"."
  }
}

variable "powertools_layer_arn" {
  description = "ARN (with version) of a layer of your own that holds Powertools for AWS Lambda (Python) 3. The same apply may make it. Give it with public_powertools_layer = false."
  type        = string
  default     = null

  validation {
    condition     = var.powertools_layer_arn == null || can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.powertools_layer_arn))
    error_message = "powertools_layer_arn is not the ARN of a layer version: give \"arn:aws:lambda:<region>:<account>:layer:<name>:<version>\", with the version at its end."
  }

  validation {
    condition     = var.public_powertools_layer ? true : var.powertools_layer_arn != null
    error_message = "public_powertools_layer is false, and nothing brings Powertools: give powertools_layer_arn, or leave public_powertools_layer out."
  }

  validation {
    condition     = var.public_powertools_layer ? var.powertools_layer_arn == null : true
    error_message = "powertools_layer_arn stands in place of AWS's own layer: give public_powertools_layer = false beside it."
  }
}

variable "public_powertools_layer" {
  description = "Whether the function gets AWS's own Powertools layer, of a pinned version, from its public SSM parameter. Set it to false beside `powertools_layer_arn`."
  type        = bool
  default     = true
  nullable    = false
}

variable "reactor_layer_arn" {
  description = "ARN (with version) of a layer of your own that holds this repository's engine, for a handler of your own. Give it with own_reactor_layer = false."
  type        = string
  default     = null

  validation {
    condition     = var.reactor_layer_arn == null || can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.reactor_layer_arn))
    error_message = "reactor_layer_arn is not the ARN of a layer version: give \"arn:aws:lambda:<region>:<account>:layer:<name>:<version>\", with the version at its end."
  }

  validation {
    condition     = var.own_reactor_layer ? var.reactor_layer_arn == null : true
    error_message = "reactor_layer_arn stands in place of the layer that the module makes: give own_reactor_layer = false beside it."
  }
}

variable "region" {
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id: the role's name holds the Region, and Terraform replaces a role whose name the plan does not know."
  type        = string
  default     = null
}

variable "reserved_concurrency" {
  description = "Concurrent runs that Lambda reserves for the function; they are also its limit. Null: none."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency must be a whole number from 1 (0 would stop the reaction without a word: use mode = \"dry_run\"), or null for none."
  }
}

variable "role" {
  description = "Existing role that the function runs as: an aws_iam_role whole, or { arn = \"arn:...\" }. The role must allow what the output policy_json says. Null: the module makes one."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.role == null || can(regex("^arn:[^:]+:iam::[0-9]{12}:role/.+$", var.role.arn))
    error_message = "role.arn is not the ARN of an IAM role: give { arn = \"arn:aws:iam::<account>:role/<name>\" } or a resource that has it as `arn`."
  }
}

variable "role_path" {
  description = "IAM path of the roles that this module makes."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([\\x21-\\x2e\\x30-\\x7e]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must start and end with a slash, as in \"/security/reactions/\", and be at most 512 characters long."
  }
}

variable "settle_seconds" {
  description = "Age in seconds that an event must have before the reaction looks at the state and acts. Meanwhile the caller can finish (tag what it launched, for example). The function waits that long, and the wait costs money. Null: the guard's own."
  type        = number
  default     = null

  validation {
    condition     = alltrue([for seconds in [coalesce(var.settle_seconds, var.guard.settle_seconds)] : seconds >= 0 && floor(seconds) == seconds])
    error_message = "settle_seconds must be a whole number of seconds from 0."
  }

  validation {
    condition     = alltrue([for seconds in [coalesce(var.settle_seconds, var.guard.settle_seconds)] : seconds == 0 || seconds + 20 <= coalesce(var.timeout, var.guard.timeout)])
    error_message = "settle_seconds leaves the function less than 20 seconds to act: raise timeout (at most 900), or wait less."
  }
}

variable "tags" {
  description = "Tags of everything that this module makes."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : key != "" && length(key) <= 128 && try(length(value) <= 256, false) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", value)) && !startswith(lower(key), "aws:")])
    error_message = "tags holds up to 50 tags, with keys of 1 to 128 and values of up to 256 letters, digits, spaces and _ . : / = + - @, and no key that starts with \"aws:\", which AWS keeps for itself: rename those that differ."
  }
}

variable "timeout" {
  description = "Seconds that the function may take for an event. Null: the guard's own."
  type        = number
  default     = null

  validation {
    condition     = alltrue([for seconds in [coalesce(var.timeout, var.guard.timeout)] : seconds >= 1 && seconds <= 900 && floor(seconds) == seconds])
    error_message = "timeout must be a whole number of seconds from 1 to 900, Lambda's limits."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces the function."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_config" {
  description = "Subnets and security groups that the function runs in. The subnets need a way to the AWS API (NAT, or VPC endpoints of what the reaction calls). Null: outside a VPC."
  type = object({
    ipv6_allowed_for_dual_stack = optional(bool, false)
    security_group_ids          = set(string)
    subnet_ids                  = set(string)
  })
  default = null

  validation {
    condition     = var.vpc_config == null ? true : length(var.vpc_config.subnet_ids) > 0 && length(var.vpc_config.security_group_ids) > 0
    error_message = "vpc_config needs at least one subnet and one security group; leave it out to run outside a VPC."
  }

  validation {
    # https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
    condition     = var.vpc_config == null ? true : length(var.vpc_config.subnet_ids) <= 16 && length(var.vpc_config.security_group_ids) <= 5
    error_message = "vpc_config has too many subnets or security groups: Lambda takes 16 and 5."
  }

  validation {
    # https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
    # A provider that `terraform test` mocks makes ids of eight letters and digits.
    condition     = var.vpc_config == null ? true : alltrue([for id in var.vpc_config.subnet_ids : can(regex("^(subnet-[0-9a-z]+|[a-z0-9]{8})$", id))]) && alltrue([for id in var.vpc_config.security_group_ids : can(regex("^(sg-[0-9a-zA-Z]+|[a-z0-9]{8})$", id))])
    error_message = "vpc_config takes ids, as in subnet_ids = [\"subnet-0a1b2c3d\"] and security_group_ids = [\"sg-0a1b2c3d\"], not names or ARNs."
  }
}
