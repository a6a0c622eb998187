variable "away_region" {
  description = "The other Region, not the home one: us-east-1 has the events of global services. The archive is there, too."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "email_subscribers" {
  description = "E-mail addresses that get alerts and alarms; each must confirm once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the buckets with their logs: for a demo only."
  type        = bool
  default     = false
  nullable    = false
}

variable "min_severity" {
  description = "Lowest severity of the detections to take: info, low, medium, high or critical."
  type        = string
  default     = "high"
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "estate"
  nullable    = false
}
