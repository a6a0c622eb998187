output "audit_queue_url" {
  description = "URL of the queue of the second reader."
  value       = aws_sqs_queue.audit.url
}

output "dead_letter_queue" {
  description = "Queue of the events that EventBridge could not deliver: { arn, name, url }."
  value       = module.event_rules.dead_letter_queue
}

output "failed_queue_url" {
  description = "URL of the queue of the events that the consumer failed on."
  value       = aws_sqs_queue.failed.url
}

output "function_name" {
  description = "Name of the consumer."
  value       = aws_lambda_function.consumer.function_name
}

output "log_group_name" {
  description = "Log group of the consumer."
  value       = aws_cloudwatch_log_group.consumer.name
}

output "work_queue_url" {
  description = "URL of the queue that the consumer reads."
  value       = aws_sqs_queue.work.url
}
