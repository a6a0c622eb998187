variable "account_id" {
  type        = string
  default     = null
  description = "Account of the provider. Null: the module looks it up."

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an account id, as a string."
  }
}

variable "arns" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "ARNs that the caller was given, by what their owner calls them: each must be of the provider's partition. What is null or no ARN counts for nothing."

  validation {
    condition     = alltrue([for arn in values(var.arns) : try(split(":", arn)[0] != "arn" || contains(["*", local._partition.partition], split(":", arn)[1]), true)])
    error_message = "ARNs of another partition than the provider's (${local._partition.partition}), which nothing reaches from here: ${join(", ", [for name, arn in var.arns : "${name} (${split(":", arn)[1]})" if try(split(":", arn)[0] == "arn" && !contains(["*", local._partition.partition], split(":", arn)[1]), false)])}. Give those of this partition."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Region of the provider. Null: the module looks it up."

  validation {
    condition     = var.region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be a Region such as eu-west-1."
  }
}

variable "regional_arns" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "ARNs that must be of the provider's Region, if they are of its partition (see `arns`)."

  validation {
    condition     = alltrue([for arn in values(var.regional_arns) : try(split(":", arn)[0] != "arn" || split(":", arn)[1] != local._partition.partition || split(":", arn)[3] == local._region, true)])
    error_message = "ARNs of another Region than the provider's (${local._region}), where AWS does not take them from: ${join(", ", [for name, arn in var.regional_arns : "${name} (${split(":", arn)[3]})" if try(split(":", arn)[0] == "arn" && split(":", arn)[1] == local._partition.partition && split(":", arn)[3] != local._region, false)])}. Give those of this Region."
  }
}
