variable "away_region" {
  description = "Second Region of the account; us-east-1 has the events of global services."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "hub_bus_arn" {
  description = "ARN of the hub's event bus: the hub's output hub_bus_arn."
  type        = string
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "multi-region"
  nullable    = false
}
