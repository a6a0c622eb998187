variable "api_key" {
  description = "Key of the API that opens tickets. EventBridge keeps it in Secrets Manager; it is in Terraform's state, too."
  type        = string
  nullable    = false
  sensitive   = true
}

variable "bucket_name" {
  description = "Bucket of yours that keeps the events as files."
  type        = string
  nullable    = false
}

variable "endpoint_url" {
  description = "Where tickets are opened: HTTPS, reachable from AWS."
  type        = string
  default     = "https://tickets.example.com/api/tickets"
  nullable    = false

  validation {
    condition     = startswith(var.endpoint_url, "https://")
    error_message = "endpoint_url begins with https://."
  }
}

variable "image" {
  description = "Image of the container that scans."
  type        = string
  default     = "public.ecr.aws/docker/library/busybox:stable"
  nullable    = false
}

variable "name" {
  description = "What everything here is called, with a suffix each."
  type        = string
  default     = "targets"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,23}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 25 lower-case letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "security" {
  description = "A function, a queue and a topic of a security account, in this Region. Their policies have to hold what the output security_statements tells."
  type = object({
    function_arn = string
    queue_arn    = string
    topic_arn    = string
  })
  nullable = false

  validation {
    condition     = alltrue([for kind, service in { function_arn = "lambda", queue_arn = "sqs", topic_arn = "sns" } : can(regex("^arn:[a-z-]+:${service}:[a-z0-9-]+:[0-9]{12}:.+$", var.security[kind]))])
    error_message = "security has the ARN of a Lambda function (function_arn), of an SQS queue (queue_arn) and of an SNS topic (topic_arn)."
  }
}

variable "subnet_ids" {
  description = "Private subnets in which scans run; they need a way to the image."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids needs at least one subnet."
  }
}
