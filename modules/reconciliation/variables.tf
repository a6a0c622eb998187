variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up. Give it where the module call has depends_on. Terraform then looks it up only when it applies, and the plan does not know what is built from it."
}

variable "alarm_topic" {
  description = "SNS topic that the alarms (missed events, silence, errors, failed runs) report to: an alert-topic whole, or { arn = \"arn:...\" }. If it is encrypted, its key must admit cloudwatch.amazonaws.com. Null: there are no alarms."
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
  description = "SNS topic that missed events, blind spots and the daily line go to, with its KMS key if it has one: an alert-topic or aws_sns_topic whole, or { arn, kms_key_arn }. Null: the function only logs them."
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
    condition     = try(var.alert_topic.kms_key_arn, null) == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.alert_topic.kms_key_arn))
    error_message = "alert_topic.kms_key_arn is not the ARN of a KMS key (an alias does not work in a policy): give \"arn:aws:kms:<region>:<account>:key/<id>\"."
  }
  validation {
    # A topic without encryption has "" once it is made.
    condition     = try(var.alert_topic.kms_key_arn == null && var.alert_topic.kms_master_key_id != null ? can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:(key/.+|alias/aws/sns)$|^(alias/aws/sns)?$", var.alert_topic.kms_master_key_id)) : true, true)
    error_message = "alert_topic is encrypted with a key that it names by its alias or id, and the function's policy needs the key's ARN: give { arn = \"...\", kms_key_arn = \"arn:aws:kms:<region>:<account>:key/<id>\" }."
  }
}

variable "bucket_name" {
  description = "Name of the bucket that holds the log files."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name is not the name of a bucket (3 to 63 lower-case letters, digits, dots and hyphens): give the name, not an ARN or URL."
  }
}

variable "bucket_region" {
  description = "Region of the bucket; null means the Region that this module is applied in."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_region == null || can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.bucket_region))
    error_message = "bucket_region is no Region: give one such as eu-central-1."
  }
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

variable "digest_validation" {
  type = object({
    checkpoint_table = object({
      arn  = string
      name = string
    })
  })
  default     = null
  description = "The digest-validation module of the same trail, whole. Only log files that CloudTrail's signed digests name are then believed, once they are proven. Null: every file in the bucket is, and nothing is redelivered."
}

variable "forwarded" {
  type = map(object({
    account_ids        = optional(set(string), [])
    patterns           = optional(map(string), {})
    read_only_patterns = optional(set(string), [])
    regions            = optional(set(string), [])
  }))
  default     = {}
  nullable    = false
  description = "Who forwards events to the rules' bus, by a name of your choice: the output forwarded of a spoke's event-forwarding module, or accounts and Regions (empty: all) and the patterns (JSON) of what is forwarded (empty: everything). Only the patterns that read_only_patterns names forward read-only management events, too. Without a way here, rules see nothing of any other account and Region than their own: that is told as a blind spot."

  validation {
    condition     = alltrue(flatten([for way in values(var.forwarded) : [for id in try(way.account_ids, []) : can(regex("^[0-9]{12}$", id))]]))
    error_message = "forwarded.account_ids must hold account ids of twelve digits."
  }

  validation {
    condition     = alltrue(flatten([for way in values(var.forwarded) : [for region in try(way.regions, []) : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region))]]))
    error_message = "forwarded.regions must hold Regions such as eu-central-1."
  }

  validation {
    condition     = alltrue(flatten([for way in values(var.forwarded) : [for pattern in try(values(way.patterns), []) : can(keys(jsondecode(pattern)))]]))
    error_message = "forwarded.patterns must hold event patterns as JSON objects: write them with jsonencode({ ... })."
  }

  validation {
    condition     = alltrue([for way in values(var.forwarded) : try(length(setsubtract(way.read_only_patterns, keys(way.patterns))) == 0, true)])
    error_message = "forwarded.read_only_patterns names no pattern: ${join(", ", flatten([for way in values(var.forwarded) : try(tolist(setsubtract(way.read_only_patterns, keys(way.patterns))), [])]))}. Its items are keys of patterns beside it."
  }
}

variable "home_region" {
  description = "Home Region of the trail, which is part of the names of its digest files. Null: the Region that this module is applied in."
  type        = string
  default     = null

  validation {
    condition     = var.home_region == null || can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.home_region))
    error_message = "home_region is no Region: give one such as eu-central-1."
  }
}

variable "key_prefix" {
  description = "Prefix of the files' keys before AWSLogs/. Null: there is none."
  type        = string
  default     = null

  validation {
    condition     = var.key_prefix == null || try(length(trim(var.key_prefix, "/")) > 0 && length(var.key_prefix) <= 200, false)
    error_message = "key_prefix must be 1 to 200 characters besides slashes at its ends; leave it out where the trail has none."
  }

  validation {
    condition     = !can(regex("(^|/)AWSLogs(/|$)", var.key_prefix))
    error_message = "key_prefix is what comes before AWSLogs/ in the keys: leave AWSLogs and what follows out, and leave key_prefix out where the keys begin with AWSLogs/."
  }
}

variable "kms_key_arn" {
  description = "KMS key for the log group, the environment, the queues, the table and the schedule that this module makes, and for the table of digest_validation if it has the same; its policy must admit `logs.<region>.amazonaws.com`. Null: the services' own encryption."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key (an alias does not work in a policy): give \"arn:aws:kms:<region>:<account>:key/<id>\"."
  }
}

variable "lag_minutes" {
  description = "Without digest_validation: minutes that a log file may take to come after the time in its name. The function reads it that long after."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.lag_minutes >= 30 && var.lag_minutes <= 1440 && floor(var.lag_minutes) == var.lag_minutes
    error_message = "lag_minutes must be a whole number from 30 to 1440 (a day)."
  }
}

variable "late_minutes" {
  description = "Minutes from a call to the rule, after which an event that came by itself counts as late."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.late_minutes >= 1 && var.late_minutes <= 1440 && floor(var.late_minutes) == var.late_minutes
    error_message = "late_minutes must be a whole number from 1 to 1440 (a day)."
  }
}

variable "log_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the log files; its policy must admit the function's role. Null: there is none."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn is not the ARN of a KMS key (an alias does not work in a policy): give \"arn:aws:kms:<region>:<account>:key/<id>\"."
  }
}

variable "log_level" {
  description = "Log level of the function: DEBUG, INFO, WARNING, ERROR or CRITICAL."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "log_retention_days" {
  description = "Days for which the log group keeps the function's log. 0: for ever."
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

variable "max_workers" {
  description = "Number of workers. Each reconciles one account and Region at a time."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_workers >= 2 && var.max_workers <= 1000 && floor(var.max_workers) == var.max_workers
    error_message = "max_workers must be a whole number from 2 to 1000, SQS's limits."
  }
}

variable "memory_size" {
  description = "Memory of the function in MB; its share of a CPU grows with it."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size must be a whole number from 128 to 10240 MB, Lambda's limits."
  }
}

variable "name" {
  description = "Name of the function and, with a suffix each, of its roles, queues, table, bucket, stream, log group, schedule and alarms."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,29}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 31 small letters, digits and hyphens, starting and ending with a letter or digit, so that the names made of it fit, a bucket's among them."
  }
}

variable "organization_id" {
  description = "Id of the organization, if the trail is an organization trail."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id is no organization's id: it looks like o-exampleorgid."
  }
}

variable "package" {
  description = "Your own build of the function's code: a zip file (filename), or an S3 object of this Region. Null: the zip that comes with this repository. For an S3 object give s3_object_version or source_code_hash (base64 of its SHA-256) as well, or Terraform does not notice a new upload under the same key."
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
  description = "ARN of the layer (with version) that holds Powertools for AWS Lambda (Python) 3. Null takes AWS's own, of a pinned version, from its public SSM parameter. Set public_powertools_layer = false beside it."
  type        = string
  default     = null

  validation {
    condition     = var.powertools_layer_arn == null || can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.powertools_layer_arn))
    error_message = "powertools_layer_arn is not the ARN of a layer version: give \"arn:aws:lambda:<region>:<account>:layer:<name>:<version>\", with the version at its end."
  }
}

variable "public_powertools_layer" {
  description = "Whether the module looks up AWS's public Powertools layer. Set it to false where powertools_layer_arn is given. The switch is separate because the ARN of a layer that the same apply makes is not known in the plan."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.public_powertools_layer || var.powertools_layer_arn != null
    error_message = "public_powertools_layer is false and powertools_layer_arn is missing: give the layer's ARN, or leave public_powertools_layer out."
  }
}

variable "redeliver" {
  description = "Whether events that rules missed are handed to the rules' functions, topics and queues. False: they are only told. It needs digest_validation."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.redeliver || var.digest_validation != null
    error_message = "redeliver needs digest_validation: who may write to the bucket could put a log file there, and reactions would act on what it says. Give digest_validation = module.digest_validation, or set redeliver = false to be told only."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up. Give it where the module call has depends_on, like account_id."
}

variable "replica_of" {
  description = "Name of the bucket that CloudTrail delivered to, if bucket_name is a replica of it."
  type        = string
  default     = null

  validation {
    condition     = var.replica_of == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.replica_of))
    error_message = "replica_of is not the name of a bucket: give the name of the one that the trail writes to."
  }

  validation {
    condition     = var.replica_of == null ? true : var.replica_of != var.bucket_name
    error_message = "replica_of is bucket_name itself: give the bucket that CloudTrail delivered to, or leave replica_of out where this is the one."
  }
}

variable "role_path" {
  description = "IAM path of the roles that this module makes."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must start and end with a slash, as in \"/security/\", and be at most 512 characters long."
  }
}

variable "rules" {
  type = map(object({
    deployed = object({
      rules = map(object({
        arn              = string
        pattern          = string
        read_only_events = optional(bool, false)
        targets = optional(map(object({
          arn   = string
          input = optional(string)
          input_transformer = optional(object({
            input_paths    = map(string)
            input_template = string
          }))
          kms_key_arn = optional(string)
        })), {})
      }))
    })
  }))
  nullable    = false
  description = "The event-rules modules of this account and Region, whole, by a name of your choice; each takes this module's output witness. Rules that were made otherwise are given as `{ deployed = { rules = { <key> = { arn, pattern, targets } } } }`, and get the witness as a target of their own."

  validation {
    condition     = alltrue(flatten([for given in values(var.rules) : [for rule in values(given.deployed.rules) : can(keys(jsondecode(rule.pattern)))]]))
    error_message = "Each rule of rules must have a pattern that is a JSON object."
  }
}

variable "schedule_expression" {
  description = "Schedule of the runs in UTC, rate(...) or cron(...)."
  type        = string
  default     = "cron(40 * * * ? *)"
  nullable    = false

  validation {
    condition     = can(regex("^(?:rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)|cron\\([^ ()]+ [^ ()]+ (?:\\? [^ ()]+ [^ ()?]+|[^ ()?]+ [^ ()]+ \\?) [^ ()]+\\))$", var.schedule_expression))
    error_message = "schedule_expression must be rate(1 hour), rate(30 minutes) or cron(<minute> <hour> <day> <month> <weekday> <year>), with ? for the day that is not meant."
  }
}

variable "stale_minutes" {
  description = "Minutes that an account and Region may be behind what its log has, before the alarm on silence goes off. It also bounds the wait for the daily line."
  type        = number
  default     = 480
  nullable    = false

  validation {
    condition     = var.stale_minutes >= 420 && var.stale_minutes <= 1440 && floor(var.stale_minutes) == var.stale_minutes
    error_message = "stale_minutes must be a whole number from 420 to 1440 (a day): a place that is new begins six hours back."
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
  description = "Seconds that the function may take for an account and Region."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.timeout >= 30 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number from 30 to 900, Lambda's limit."
  }
}

variable "trail_account_id" {
  description = "Account that owns the trail; null means the account that this module is applied in."
  type        = string
  default     = null

  validation {
    condition     = var.trail_account_id == null || can(regex("^[0-9]{12}$", var.trail_account_id))
    error_message = "trail_account_id is no account id: give twelve digits."
  }
}

variable "trail_name" {
  description = "Name of the trail whose log files are read."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{3,128}$", var.trail_name))
    error_message = "trail_name is not the name of a trail: give the name, not the ARN."
  }
}
