locals {
  _log_groups = sort(distinct([
    for id, target in local._targets : target.log_group.name == null ? "${local._target_arns[id]}:*" : "arn:${local._partition}:logs:${local._region}:${local._account_id}:log-group:${target.log_group.name}:*"
    if target.kind == "log_group"
  ]))
  _log_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventBridgeRules-${local._sid}"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource  = local._log_groups
      },
    ]
  })
}

# One for all log groups: an account has ten in a Region. Its name is the module's and the bus's, so that
# no other module overwrites it.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
resource "aws_cloudwatch_log_resource_policy" "this" {
  count = anytrue([for target in local._targets : target.kind == "log_group"]) ? 1 : 0

  policy_name     = "EventBridgeRules-${local._sid}"
  policy_document = local._log_policy

  lifecycle {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
    precondition {
      condition     = length(local._log_policy) <= 5120
      error_message = "The policy that admits EventBridge to ${length(local._log_groups)} log groups would exceed the 5,120 characters that CloudWatch Logs takes: send to fewer log groups, or split the rules into several event-rules modules."
    }
  }
}
