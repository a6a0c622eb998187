variable "detection" {
  description = "Id of an entry of the catalogue (modules/detections) whose decision needs code, as in sg-open. Null: the guard alerts on every event that the rule's pattern matches."
  type        = string
  default     = null

  validation {
    condition     = var.detection == null || contains(local._decided, coalesce(var.detection, "-"))
    error_message = "detection must be the id of an entry whose decision needs code, or null where the rule's pattern decides alone. There are ${join(", ", local._decided)}."
  }
}

variable "event_pattern" {
  description = "EventBridge pattern (JSON) of the events to alert on, for the reaction's output rule. Null where rules of your own lead to the reaction."
  type        = string
  default     = null

  validation {
    condition     = var.event_pattern == null || can(keys(jsondecode(var.event_pattern)))
    error_message = "event_pattern is not a JSON object: give it as jsonencode({ source = [...], ... })."
  }
}

variable "failures" {
  description = "Whether the guard also alerts on calls that failed."
  type        = bool
  default     = false
  nullable    = false
}

variable "mode" {
  description = "Mode of the guard. dry_run: the guard logs what it would do, changes nothing and sends no alert. notify: it also sends alerts. enforce: the same as notify, since the guard changes nothing."
  type        = string
  default     = "dry_run"
  nullable    = false

  validation {
    condition     = contains(["dry_run", "notify", "enforce"], var.mode)
    error_message = "mode must be dry_run, notify or enforce: start with dry_run and read in the log what would be done."
  }
}

variable "severity" {
  description = "Severity of the alerts: info, low, medium, high or critical."
  type        = string
  default     = "medium"
  nullable    = false

  validation {
    condition     = contains(["info", "low", "medium", "high", "critical"], var.severity)
    error_message = "severity must be info, low, medium, high or critical."
  }
}

variable "summary" {
  description = "Sentence of the alerts, with {actor}, {event}, {service}, {region}, {account}, {ip}, {time}, {resources} and {reason} filled in."
  type        = string
  default     = "{actor} called {event} in {region}, account {account}, at {time}"
  nullable    = false

  validation {
    condition     = length(setsubtract(flatten(regexall("\\{([^{}]*)\\}", replace(replace(var.summary, "{{", ""), "}}", ""))), local._words)) == 0 && !can(regex("[{}]", replace(replace(replace(var.summary, "{{", ""), "}}", ""), "/\\{[^{}]*\\}/", "")))
    error_message = "summary may hold {${join("}, {", local._words)}} and no other brace; a brace that is meant is written twice."
  }
}

variable "title" {
  description = "Heading of the alerts, as in \"root signed in\"."
  type        = string
  default     = "a watched call was made"
  nullable    = false

  validation {
    condition     = length(var.title) > 0 && length(var.title) <= 70
    error_message = "title must be 1 to 70 characters, so that it fits into a subject."
  }
}

variable "trusted_accounts" {
  description = "Accounts that the decision of a detection trusts."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.trusted_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "trusted_accounts must hold account ids of twelve digits."
  }
}

variable "trusted_organizations" {
  description = "Ids of organizations that the decision of a detection trusts, one's own as well. Empty: an organization that a policy's condition names counts as one's own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.trusted_organizations : can(regex("^o-[a-z0-9]{10,32}$", id))])
    error_message = "trusted_organizations must hold ids of organizations, as in o-a1b2c3d4e5."
  }
}

variable "window_seconds" {
  description = "Seconds in which the same call by the same caller on the same resources makes one alert, and ten different ones make one each. One alert at the end of that time tells the rest. 0: an alert for each."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.window_seconds >= 0 && var.window_seconds <= 86400 && floor(var.window_seconds) == var.window_seconds
    error_message = "window_seconds must be a whole number from 0 to 86400."
  }
}
