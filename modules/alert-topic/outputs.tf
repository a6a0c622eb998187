output "arn" {
  description = "ARN of the topic."
  value       = aws_sns_topic.this.arn
}

output "chat_format" {
  description = "Format string that turns a sentence into a custom notification for chat services: `format(chat_format, jsonencode(\"<title>\"), input_template)`, where input_template is one quoted string."
  value       = local._chat_format
}

output "chat_messages" {
  description = "Input transformers like messages, in the chat services' format for custom notifications: for a topic that a chat channel listens to."
  value       = local._chat_messages
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the messages, made or given. A principal that publishes by IAM policy needs kms:Decrypt and kms:GenerateDataKey* on it."
  value       = local._kms_key_arn
}

output "kms_key_policy" {
  description = "Key policy (JSON) that the topic needs: the own key has it, a given key needs its EventBridge and CloudWatch statements."
  value       = local._kms_key_policy
}

output "messages" {
  description = "Input transformers for event-rules, by kind of event (alarm, api_call, insight, sign_in). The text is a sentence that tells who did what, where and when, then the details."
  value       = local._messages
}

output "name" {
  description = "Name of the topic."
  value       = aws_sns_topic.this.name
}

output "operations" {
  description = "Resources to look at when something is wrong: { alarms, functions, log_groups, parameters, queues, schedules, tables }, each a map from a purpose to { arn, name }."
  value = {
    alarms    = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => { arn = alarm.arn, name = alarm.alarm_name } }
    functions = {}
    log_groups = {
      for name in local._logs_failures ? [local._failures_log] : [] : "failures" => {
        arn  = "arn:${local._partition}:logs:${local._region}:${local._account_id}:log-group:${name}"
        name = name
      }
    }
    parameters = {}
    queues = {
      undelivered = { arn = local._undelivered_arn, name = aws_sqs_queue.undelivered.name }
    }
    schedules = {}
    tables    = {}
  }
}

output "policy" {
  description = "Policy (JSON) of the topic."
  value       = local._topic_policy
}

output "queue_kms_key_statement" {
  description = "Statement (JSON) that the policy of a customer managed key needs if the key encrypts a subscribed queue."
  value       = jsonencode(local._queue_kms_key_statement)
}

output "queue_policies" {
  description = "Policy (JSON) of each subscribed queue, by its key. With \"attach\" the module writes it; with \"emit\" the queue's own policy has to hold its statements."
  value       = local._queue_policies
}

output "undelivered_queue" {
  description = "Queue of the messages that SNS could not deliver: { arn, name, url }."
  value = {
    arn  = aws_sqs_queue.undelivered.arn
    name = aws_sqs_queue.undelivered.name
    url  = aws_sqs_queue.undelivered.url
  }
}
