variable "benchmark" {
  description = "Only detections that a control of this benchmark asks for, as in \"cis-5.0\"; null takes those of none, too."
  type        = string
  default     = null

  validation {
    condition     = var.benchmark == null ? true : contains(local._benchmarks, var.benchmark)
    error_message = "benchmark must be one of ${join(", ", local._benchmarks)}, or null for all detections."
  }
}

variable "decided_by" {
  description = "\"pattern\": only detections that a pattern decides alone, so that a rule may lead straight to a topic. \"any\": also those whose pattern lets more through than what is meant, and a function decides (see `decided_ids`)."
  type        = string
  default     = "any"
  nullable    = false

  validation {
    condition     = contains(["any", "pattern"], var.decided_by)
    error_message = "decided_by must be \"any\" or \"pattern\" (only what a pattern decides alone)."
  }
}

variable "exclude_ids" {
  description = "Detections to leave out of what the other filters select."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.exclude_ids, keys(local._catalogue))) == 0
    error_message = "exclude_ids names what is not in the catalogue: ${join(", ", setsubtract(var.exclude_ids, keys(local._catalogue)))}. Its ids: ${join(", ", keys(local._catalogue))}."
  }
}

variable "exclude_role_arns" {
  description = "Roles whose calls no rule sees, by ARN with path: the reactions' own, say, so that they don't start themselves. Root and IAM users stay visible."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.exclude_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "exclude_role_arns must hold ARNs of roles, as in arn:aws:iam::111122223333:role/deploy (not of sessions, no wildcards). Correct: ${join(", ", [for arn in var.exclude_role_arns : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])}."
  }
}

variable "ids" {
  description = "Only these detections, by id; null takes all that the other filters select."
  type        = set(string)
  default     = null

  validation {
    condition     = var.ids == null ? true : length(setsubtract(var.ids, keys(local._catalogue))) == 0
    error_message = "ids names what is not in the catalogue: ${join(", ", setsubtract(var.ids == null ? [] : var.ids, keys(local._catalogue)))}. Its ids: ${join(", ", keys(local._catalogue))}."
  }
}

variable "min_severity" {
  description = "Only detections of this severity or a higher one: info, low, medium, high or critical."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(local._severities, var.min_severity)
    error_message = "min_severity must be one of ${join(", ", local._severities)}."
  }
}

variable "placeholders" {
  description = "What only you know, by the name that the catalogue gives it, as in { function_names = [\"trail-guard\"] }. A rule whose values are missing is left out and named in `waiting`."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.placeholders), keys(local._placeholders))) == 0
    error_message = "placeholders has names that no detection uses: ${join(", ", setsubtract(keys(var.placeholders), keys(local._placeholders)))}. There are: ${join(", ", keys(local._placeholders))}."
  }

  validation {
    condition     = alltrue([for values in var.placeholders : alltrue([for value in values : can(regex("^[^\"\\\\{}\\s]+$", value))])])
    error_message = "A value of a placeholder must not be empty or hold spaces, quotes, backslashes or braces. Correct those of: ${join(", ", [for name, values in var.placeholders : name if !alltrue([for value in values : can(regex("^[^\"\\\\{}\\s]+$", value))])])}."
  }

  validation {
    condition = length([
      for id in var.ids == null ? [] : tolist(var.ids) : id if !anytrue([
        for names in try(local._needs[id], { any = [] }) : alltrue([
          for name in names : try(local._placeholders[name].required, true) ? length(lookup(var.placeholders, name, [])) > 0 : true
        ])
      ])
    ]) == 0
    error_message = "ids names a detection that can't work before placeholders says what it is about: ${join("; ", [for id in var.ids == null ? [] : tolist(var.ids) : "${id} needs ${join(", ", distinct(flatten(values(try(local._needs[id], {})))))}" if length(flatten(values(try(local._needs[id], {})))) > 0])}."
  }
}

variable "techniques" {
  description = "Only detections of these ATT&CK techniques, as in [\"T1562\", \"T1098.003\"]; one without a dot stands for its sub-techniques, too. Null takes all."
  type        = set(string)
  default     = null

  validation {
    condition     = var.techniques == null ? true : length(setsubtract(var.techniques, concat(local._techniques, [for technique in local._techniques : split(".", technique)[0]]))) == 0
    error_message = "techniques names what no detection is for: ${join(", ", setsubtract(var.techniques == null ? [] : var.techniques, concat(local._techniques, [for technique in local._techniques : split(".", technique)[0]])))}. There are: ${join(", ", local._techniques)}."
  }
}
