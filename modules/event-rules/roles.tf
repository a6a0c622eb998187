# Lambda, SNS and SQS admit a rule by their own policies; an event bus is reached with a role.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
locals {
  _bus_targets = { for id, target in local._targets : id => target if target.bus != null }
  # By rule: a role serves one rule alone.
  _role_buses = var.bus_role_arn != null ? {} : { for target in values(local._bus_targets) : target.rule_id => target.bus.arn... }
}

resource "aws_iam_role" "bus" {
  for_each = local._role_buses

  # IAM's names are the account's: the same rules in another Region need other roles.
  name                 = "${substr(replace(local._rules[each.key].name, "/[^A-Za-z0-9._-]/", "_"), 0, 54 - length(local._region))}-${local._region}-${substr(sha256(local._rule_arns[each.key]), 0, 8)}"
  description          = "The rule ${local._rules[each.key].name} puts events on other event buses"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local._rule_arns[each.key] }
          StringEquals = { "aws:SourceAccount" = local._account_id }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "bus" {
  for_each = local._role_buses

  name = "put-events"
  role = aws_iam_role.bus[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "events:PutEvents"
        Resource = sort(distinct(each.value))
      },
    ]
  })
}
