variable "benchmark" {
  description = "Benchmark whose controls ask for the detections, as in \"cis-5.0\". Null: all detections, with or without a control."
  type        = string
  default     = null

  validation {
    condition     = var.benchmark == null ? true : contains(local._benchmarks, var.benchmark)
    error_message = "benchmark must be one of ${join(", ", local._benchmarks)}, or null for all detections."
  }
}

variable "decided_by" {
  description = "Kind of detections to take. \"pattern\": those that a pattern decides alone, so that a rule may lead straight to a topic. \"any\": also those whose pattern lets more through than what is meant, so that a function decides (see `decided_ids`)."
  type        = string
  default     = "any"
  nullable    = false

  validation {
    condition     = contains(["any", "pattern"], var.decided_by)
    error_message = "decided_by must be \"any\" or \"pattern\" (only what a pattern decides alone)."
  }
}

variable "entries" {
  description = "Detections of your own beside the catalogue's: the texts of JSON files of the same form, as in [for name in fileset(path.module, \"detections/*.json\") : file(name)]. `trailctl detections test` tries them before."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "exclude_ids" {
  description = "Detections to leave out of what the other filters select."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.exclude_ids, local._ids)) == 0
    error_message = "exclude_ids names what is not in the catalogue: ${join(", ", setsubtract(var.exclude_ids, local._ids))}. Its ids: ${join(", ", local._ids)}."
  }
}

variable "exclude_role_arns" {
  description = "ARNs (with path) of roles whose calls no rule matches: the reactions' own roles, for example, so that reactions don't start themselves. Calls of root and IAM users still match."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.exclude_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "exclude_role_arns must hold ARNs of roles, as in arn:aws:iam::111122223333:role/deploy (not of sessions, no wildcards). Correct: ${join(", ", [for arn in var.exclude_role_arns : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])}."
  }
}

variable "exclusions" {
  description = "Calls that a detection leaves alone, by its id (\"*\": all detections): lists of { where, reason, until (last day, UTC, of the event's own time) }. All that `where` has must hold, each by one of its values: principals (ARNs of users and roles with * and ? as wildcards; for a session, its role's), role_paths (of roles of the event's own account), accounts, organizational_units (keys of the variable of that name), source_ip_ranges (CIDR), resources (ARNs, wildcards). A function applies them: lead the rules to the notify module."
  type = map(list(object({
    reason = string
    until  = string
    # A map, since an object would drop a misspelt criterion and so leave more alone than is meant.
    where = map(set(string))
  })))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.exclusions), concat(["*"], local._ids))) == 0
    error_message = "exclusions names what is not in the catalogue: ${join(", ", setsubtract(keys(var.exclusions), concat(["*"], local._ids)))}. Use an id of a detection, or \"*\" for all."
  }

  validation {
    condition     = var.decided_by == "any" || length(var.exclusions) == 0
    error_message = "exclusions need a function, and with decided_by = \"pattern\" the rules lead straight to a topic: leave decided_by at \"any\" and lead the rules to the notify module."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : length(exclusion.where) > 0 && alltrue([for values in exclusion.where : length(values) > 0])
      && length(setsubtract(keys(exclusion.where), ["accounts", "organizational_units", "principals", "resources", "role_paths", "source_ip_ranges"])) == 0
    ]]))
    error_message = "Each of exclusions must have a where with some of accounts, organizational_units, principals, resources, role_paths and source_ip_ranges, none of them empty."
  }

  validation {
    condition     = alltrue(flatten([for exclusions in values(var.exclusions) : [for exclusion in exclusions : trimspace(exclusion.reason) != ""]]))
    error_message = "Each of exclusions must have a reason, so that who comes later knows whether it still holds."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", exclusion.until)) && can(timeadd("${exclusion.until}T00:00:00Z", "0s"))
    ]]))
    error_message = "Each of exclusions must have the last day that it holds as until, as in \"2026-12-31\"."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : [for account in lookup(exclusion.where, "accounts", []) : can(regex("^[0-9]{12}$", account))]
    ]]))
    error_message = "accounts of exclusions must be ids of twelve digits."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : [for unit in lookup(exclusion.where, "organizational_units", []) : contains(keys(var.organizational_units), unit)]
    ]]))
    error_message = "organizational_units of exclusions must be keys of the variable organizational_units, which says what accounts they have."
  }

  validation {
    # Two roles or users that have nothing in common but the account show that it means everybody.
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : [
        for principal in lookup(exclusion.where, "principals", []) : can(regex("^(arn:|\\*)[!-~]+$", principal)) && !anytrue([
          for kind in ["role", "user"] : alltrue([
            for name in ["q", "z/w"] : can(regex(
              "^${replace(replace(replace(principal, "/[^A-Za-z0-9*?]/", "\\$0"), "*", ".*"), "?", ".")}$",
              "arn:${try(regex("^arn:([a-z-]+):", principal)[0], "aws")}:iam::${try(regex("^[^:]*:[^:]*:[^:]*:[^:]*:([0-9]{12}):", principal)[0], "000000000000")}:${kind}/${name}"
            ))
          ])
        ])
      ]
    ]]))
    error_message = "principals of exclusions must be ARNs of users and roles (* and ? are wildcards) that name somebody: one that stands for all roles or users would leave everybody alone."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : [for path in lookup(exclusion.where, "role_paths", []) : can(regex("^/([!-~]+/)+$", path))]
    ]]))
    error_message = "role_paths of exclusions must be paths that start and end with a slash, and not / alone, which is every role."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : [
        for cidr in lookup(exclusion.where, "source_ip_ranges", []) :
        try(cidrhost(cidr, 0) == cidrhost(replace(cidr, "/\\/.*/", strcontains(cidr, ":") ? "/128" : "/32"), 0) && tonumber(split("/", cidr)[1]) >= (strcontains(cidr, ":") ? 16 : 8), false)
      ]
    ]]))
    error_message = "source_ip_ranges of exclusions must be the networks' own CIDR blocks, as in 203.0.113.0/24 or 2001:db8::/32, of at least 8 (IPv6: 16) bits: a shorter one leaves half the world alone."
  }

  validation {
    condition = alltrue(flatten([for exclusions in values(var.exclusions) : [
      for exclusion in exclusions : [
        for arn in lookup(exclusion.where, "resources", []) :
        can(regex("[A-Za-z0-9]", replace(regex("^arn:[^:]+:[^:]+:[^:]*:[^:]*:([!-~]+)$", arn)[0], startswith(replace(arn, "/^arn:[^:]+:/", ""), "s3:") ? "/^$/" : "/^[a-z-]+[:\\/]/", "")))
      ]
    ]]))
    error_message = "resources of exclusions must be ARNs (* and ? are wildcards) that say more than the kind of resource, as in arn:aws:s3:::site-*: one for all resources would leave everything alone."
  }
}

variable "ids" {
  description = "Ids of the detections to take. Null: all that the other filters select."
  type        = set(string)
  default     = null

  validation {
    condition     = var.ids == null ? true : length(setsubtract(var.ids, local._ids)) == 0
    error_message = "ids names what is not in the catalogue: ${join(", ", setsubtract(var.ids == null ? [] : var.ids, local._ids))}. Its ids: ${join(", ", local._ids)}."
  }

  validation {
    condition     = var.ids == null ? true : length(var.ids) > 0
    error_message = "ids is empty: name some, or leave it out for all that the other filters select."
  }
}

variable "min_severity" {
  description = "Lowest severity of the detections to take: info, low, medium, high or critical."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(local._severities, var.min_severity)
    error_message = "min_severity must be one of ${join(", ", local._severities)}."
  }
}

variable "organizational_units" {
  description = "Accounts of organizational units that `exclusions` name, as in { \"ou-ab12-sandbox01\" = [\"111122223333\"] }. An account that joins a unit counts from the next apply on."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue(flatten([for accounts in values(var.organizational_units) : [for account in accounts : can(regex("^[0-9]{12}$", account))]]))
    error_message = "organizational_units must map units to ids of accounts, of twelve digits."
  }
}

variable "placeholders" {
  description = "Values that only you know, by the catalogue's name for them, as in { function_names = [\"trail-guard\"] }. The module leaves out a rule whose values are missing and names it in `waiting`."
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
  description = "ATT&CK techniques of the detections to take, as in [\"T1562\", \"T1098.003\"]. One without a dot stands for its sub-techniques, too. Null: all."
  type        = set(string)
  default     = null

  validation {
    condition     = var.techniques == null ? true : length(setsubtract(var.techniques, concat(local._techniques, [for technique in local._techniques : split(".", technique)[0]]))) == 0
    error_message = "techniques names what no detection is for: ${join(", ", setsubtract(var.techniques == null ? [] : var.techniques, concat(local._techniques, [for technique in local._techniques : split(".", technique)[0]])))}. There are: ${join(", ", local._techniques)}."
  }

  validation {
    condition     = var.techniques == null ? true : length(var.techniques) > 0
    error_message = "techniques is empty: name some, or leave it out for all."
  }
}
