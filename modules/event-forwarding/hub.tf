locals {
  # One statement for all accounts: a policy has 10,240 characters, and a statement an account would be
  # full with forty.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
  _admitted_accounts = [for id in distinct(var.account_ids) : id if id != local._account_id]
  _bus_policy_statements = concat(
    [
      for ids in length(local._admitted_accounts) == 0 ? [] : [local._admitted_accounts] : {
        Sid       = "${local._sid}Accounts"
        Effect    = "Allow"
        Principal = { AWS = [for id in ids : "arn:${local._partition}:iam::${id}:root"] }
        Action    = "events:PutEvents"
        Resource  = local._hub_bus_arn
      }
    ],
    [
      for id in var.organization_id == null ? [] : [var.organization_id] : {
        Sid       = "${local._sid}Organization"
        Effect    = "Allow"
        Principal = "*"
        Action    = "events:PutEvents"
        Resource  = local._hub_bus_arn
        Condition = { StringEquals = { "aws:PrincipalOrgID" = id } }
      }
    ],
  )
  _bus_policy = jsonencode({ Version = "2012-10-17", Statement = local._bus_policy_statements })
  _bus_name   = var.event_bus == null ? "default" : var.event_bus.name
  _sid        = "EventForwarding-${var.name}-"
}

# PutPermission reads the policy, adds a statement and writes it back: of several calls at once the
# last wins, and all are answered with success. So the policy is written whole, or by one statement.
# https://github.com/hashicorp/terraform-provider-aws/issues/4031
resource "aws_cloudwatch_event_bus_policy" "this" {
  count = var.bus_policy == "own" ? 1 : 0

  event_bus_name = local._bus_name
  policy         = local._bus_policy

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
      condition     = length(local._bus_policy) <= 10240
      error_message = "The policy of the event bus would have ${length(local._bus_policy)} characters, and EventBridge takes 10,240: admit the organization with organization_id in place of account_ids."
    }

    precondition {
      condition     = length(local._bus_policy_statements) > 0
      error_message = "bus_policy = \"own\" has nobody to admit: give account_ids of other accounts or organization_id, or leave bus_policy out. Other Regions of this account need no leave."
    }
  }
}

resource "aws_cloudwatch_event_permission" "organization" {
  count = var.bus_policy == "shared" ? 1 : 0

  statement_id   = "${local._sid}Organization"
  action         = "events:PutEvents"
  event_bus_name = local._bus_name
  principal      = "*"

  condition {
    key   = "aws:PrincipalOrgID"
    type  = "StringEquals"
    value = var.organization_id
  }
}

check "bus_policy" {
  assert {
    condition     = var.bus_policy != null ? true : length(var.account_ids) == 0 && var.organization_id == null
    error_message = "Nothing admits account_ids and organization_id to the event bus ${local._bus_name} yet. Set bus_policy = \"own\" if nothing else writes the policy of that bus. Set \"shared\" to add the organization's statement to what others write. Set \"emit\" if you write the policy, with the statements of the output bus_policy_statements."
  }
}
