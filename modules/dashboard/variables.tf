variable "name" {
  description = "Name of the dashboard, which is unique in the account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.name))
    error_message = "name must be 1 to 255 letters, digits, hyphens and underscores, or CloudWatch refuses the dashboard."
  }
}

variable "operations" {
  description = "The output `operations` of each module that the dashboard shows, whole, by a name of your choice. Its functions, queues and alarms may be of several Regions of the account."
  type = map(object({
    alarms    = optional(map(object({ arn = string, name = string })), {})
    functions = optional(map(object({ arn = string, name = string })), {})
    queues    = optional(map(object({ arn = string, name = string })), {})
  }))
  nullable = false

  validation {
    condition     = length(var.operations) > 0
    error_message = "operations is empty: give the output `operations` of at least one module, as in { guard = module.reaction.operations }."
  }

  validation {
    condition     = alltrue([for each in values(var.operations) : length(each.alarms) + length(each.functions) + length(each.queues) > 0])
    error_message = "operations has an entry without alarms, functions and queues: give a module's output `operations` whole, or leave the entry out."
  }

  validation {
    condition     = alltrue(flatten([for each in values(var.operations) : [for purpose in keys(each.functions) : contains(["reaction", "reconciliation", "validation"], purpose)]]))
    error_message = "operations.functions must have the keys reaction, reconciliation or validation, which say what a function measures: give a module's output `operations` whole."
  }

  validation {
    condition     = alltrue(flatten([for each in values(var.operations) : [for one in concat(values(each.alarms), values(each.functions), values(each.queues)) : can(regex("^arn:[^:]+:(cloudwatch|lambda|sqs):[^:]+:[0-9]{12}:.+$", one.arn))]]))
    error_message = "operations has an arn that is none of an alarm, a function or a queue: give a module's output `operations` whole."
  }

  # A widget has 500 metrics at most: five severities of each function, and their sums.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
  validation {
    condition     = sum(concat([0], [for each in values(var.operations) : length(each.functions)])) <= 90
    error_message = "operations has more than 90 functions, and a widget has room for 500 metrics: make several dashboards."
  }
}
