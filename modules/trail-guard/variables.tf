# What a setting of `reaction` must look like is checked there, and its default
# is decided there: null, here, is that default.

variable "actions_per_hour" {
  description = "How many actions (each on one resource) the reaction may take in an hour; then it only notifies until the hour is over. Null sets no limit."
  type        = number
  default     = 100
}

variable "alarm_topic" {
  description = "SNS topic that the alarms (errors, throttles, failure queue, lost events, budget, kill switch, refused events) report to; null makes no alarms. If it is encrypted, its key must admit cloudwatch.amazonaws.com."
  type = object({
    arn = string
  })
  default = null
}

variable "alert_topic" {
  description = "SNS topic that the alerts go to, with the key it is encrypted with, if any: `module.alert_topic` whole. Null sends none."
  type = object({
    arn         = string
    kms_key_arn = optional(string)
  })
  default = null
}

variable "audit_bus" {
  description = "Event bus that an audit record of every action goes to, beside the log; null sends none. A reaction in dry_run sends none."
  type = object({
    arn = string
  })
  default = null
}

variable "bucket" {
  description = "Name of the bucket that the trails write to; null does not look at it."
  type        = string
  default     = null
}

variable "code_signing_config_arn" {
  description = "Code signing configuration of the function. The bundled zip and the public Powertools layer are not signed by your profile: if it enforces, give `package` and `powertools_layer_arn` too."
  type        = string
  default     = null
}

variable "event_selectors" {
  description = "Event selectors that the trails should have: the JSON of a list as PutEventSelectors takes it (advanced or basic ones), as in jsonencode([{ FieldSelectors = [{ Field = \"eventCategory\", Equals = [\"Management\"] }] }]). Null does not look at them."
  type        = string
  default     = null

  validation {
    condition     = var.event_selectors == null || can([for selector in jsondecode(var.event_selectors) : keys(selector)])
    error_message = "event_selectors is not the JSON of a list of event selectors: give it as jsonencode([{ ... }])."
  }
}

variable "exempt_accounts" {
  description = "Accounts whose events are left alone, each with the last day (UTC) that they are, as in { \"123456789012\" = \"2026-12-31\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "exempt_principals" {
  description = "Users and roles whose calls are left alone: ARNs (of a session, its role's), * and ? are wildcards, each with the last day (UTC), as in { \"arn:aws:iam::123456789012:role/breakglass\" = \"2026-12-31\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "exempt_role_paths" {
  description = "IAM paths whose roles' calls are left alone, if the role is of the event's own account, each with the last day (UTC), as in { \"/ci/\" = \"2026-12-31\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "exempt_tags" {
  description = "Tags of resources that are left alone, as key=value, each with the last day (UTC), as in { \"reactor-exempt=yes\" = \"2026-12-31\" }. A tag that came with the very call does not count; who may set it otherwise is for your policies to say."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "failure_queue" {
  description = "SQS queue for the events that the function failed on, with the key it is encrypted with, if any; null makes one."
  type = object({
    arn               = string
    kms_key_arn       = optional(string)
    kms_master_key_id = optional(string)
    url               = optional(string)
  })
  default = null
}

variable "global_events" {
  description = "Whether the trails should record global services; null does not look."
  type        = bool
  default     = true
}

variable "iac_principals" {
  description = "Principals that manage infrastructure as code, whose calls are left alone for good: ARNs, * and ? are wildcards. Each use is logged."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "key_prefix" {
  description = "Prefix of the keys in the trails' bucket; null does not look at it."
  type        = string
  default     = null
}

variable "kill_switch" {
  description = "SSM parameter (a String of this account and Region) whose value caps the mode of every reaction that reads it: enforce caps nothing, notify and dry_run do. If it can't be read or says something else, that means dry_run. Null has no kill switch."
  type = object({
    name = string
  })
  default = null
}

variable "kms_key_arn" {
  description = "KMS key for the log group, the environment, the failure queue and the ledger that this module makes; its policy must admit logs.<region>.amazonaws.com. Null uses the services' own encryption."
  type        = string
  default     = null
}

variable "ledger_days" {
  description = "How long it is remembered what was done about an event: longer than the failure queue keeps it, which is 14 days. Null is 30."
  type        = number
  default     = null
}

variable "ledger_table" {
  description = "DynamoDB table of this account and Region that remembers what was done, with the key it is encrypted with, if any: its only key is `id` (a string), its TTL attribute `expiration`. Several reactions may share one. Null makes one."
  type = object({
    kms_key_arn = optional(string)
    name        = string
  })
  default = null
}

variable "log_group" {
  description = "Existing log group that the function writes to, of this account and Region; null makes /aws/lambda/<name>."
  type = object({
    name = string
  })
  default = null
}

variable "log_level" {
  description = "What the function logs: DEBUG, INFO, WARNING, ERROR or CRITICAL. Null is INFO."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long the log group that this module makes keeps what was done; 0 is for ever. Null is 365."
  type        = number
  default     = null
}

variable "max_event_age_seconds" {
  description = "How long Lambda keeps trying an event before it goes to the failure queue. Null is 21600, six hours."
  type        = number
  default     = null
}

variable "max_retries" {
  description = "How often Lambda tries an event again after an error of the function, 0 to 2. Null is 2."
  type        = number
  default     = null
}

variable "member_role" {
  description = "Role made by reaction-member-role in other accounts (and in this one, for events of other Regions), by which the reaction acts there; `accounts` narrows it to some. Null acts in the function's own account and Region only."
  type = object({
    accounts    = optional(set(string))
    external_id = string
    name        = string
    path        = optional(string, "/")
  })
  default = null
}

variable "memory_size" {
  description = "Memory of the function in MB. Null is 256."
  type        = number
  default     = null
}

variable "mode" {
  description = "dry_run: what would be done is logged, nothing is touched and no alert leaves. notify: alerts leave, nothing else is touched. enforce: stopped logging is started and changes are taken back too."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = var.mode == "dry_run" || var.alert_topic != null
    error_message = "Alerts would reach nobody: give alert_topic, or stay in dry_run."
  }
}

variable "multi_region" {
  description = "Whether the trails should cover all Regions; null does not look."
  type        = bool
  default     = true
}

variable "name" {
  description = "Name of the function and, with a suffix each, of its role, queue, log group and alarms."
  type        = string
  nullable    = false
}

variable "package" {
  description = "The function's code, if not the zip that comes with this repository: a zip file, or an S3 object of this Region."
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    source_code_hash  = optional(string)
  })
  default = null
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role that this module makes."
  type        = string
  default     = null
}

variable "powertools_layer_arn" {
  description = "ARN of the layer (with version) that holds Powertools for AWS Lambda (Python) 3; null takes AWS's own, of a pinned version, from its public SSM parameter. Of a layer made in the same apply: format(\"%s\", aws_lambda_layer_version.x.arn)."
  type        = string
  default     = null
}

variable "reserved_concurrency" {
  description = "Concurrent runs that are reserved for the function, and its limit; null reserves none."
  type        = number
  default     = null
}

variable "restore" {
  description = "Whether, in enforce, a changed trail is restored. Logging that was stopped is started again in any case."
  type        = bool
  default     = true
  nullable    = false
}

variable "role" {
  description = "Existing role that the function runs as; it must allow what the output policy_json says. Null makes one."
  type = object({
    arn = string
  })
  default = null
}

variable "role_path" {
  description = "IAM path of the role that this module makes. Null is /."
  type        = string
  default     = null
}

variable "settle_seconds" {
  description = "How old an event must be before the reaction looks at the state and acts: time for its caller to finish what he is doing (tags that come after a launch). The function waits, and is paid for, that long. Null is 0."
  type        = number
  default     = null
}

variable "tags" {
  description = "Tags of everything that this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout" {
  description = "Seconds that the function may take for an event. Null is 60."
  type        = number
  default     = null
}

variable "tracing" {
  description = "Whether X-Ray traces the function. Null is false."
  type        = bool
  default     = null
}

variable "trail_key_arn" {
  description = "ARN of the KMS key that encrypts the trails' logs; null does not look at it."
  type        = string
  default     = null
}

variable "trails" {
  description = "Names of the trails, as wildcards, that are guarded; [\"*\"] is every one."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.trails) > 0 && alltrue([for name in var.trails : can(regex("^[A-Za-z0-9._*?-]+$", name))])
    error_message = "trails must hold names of trails, * and ? being wildcards: [\"*\"] is every one."
  }
}

variable "validation" {
  description = "Whether the trails should validate their log files; null does not look."
  type        = bool
  default     = true
}

variable "vpc_config" {
  description = "Subnets and security groups to run in; null runs outside a VPC. The subnets need a way to the API of what it calls (NAT or VPC endpoints)."
  type = object({
    ipv6_allowed_for_dual_stack = optional(bool, false)
    security_group_ids          = set(string)
    subnet_ids                  = set(string)
  })
  default = null
}
