data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _partition  = data.aws_partition.current.partition
  _account_id = data.aws_caller_identity.current.account_id
  _region     = data.aws_region.current.id

  # ARNs in policies are put together from inputs, so that the policies are known when planning.
  _rule_names = { for key, rule in var.rules : key => rule.name == null ? "${var.name}-${key}" : rule.name }
  _rule_arns  = { for key, name in local._rule_names : key => "arn:${local._partition}:events:${local._region}:${local._account_id}:rule/${name}" }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = var.rules

  name          = local._rule_names[each.key]
  description   = each.value.description
  event_pattern = local._patterns[each.key].text
  tags          = var.tags

  # ENABLED leaves out read-only management events.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
  state = !each.value.enabled ? "DISABLED" : each.value.read_only_events ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"

  # Here and not in the variable, whose validations can't use what locals make of it.
  lifecycle {
    precondition {
      condition     = local._patterns[each.key].leaves_are_lists
      error_message = "In the pattern of the rule ${each.key}, every value must be a list of at least one item, as in eventName = [\"RunInstances\"], never a bare value, an empty list or an empty object."
    }

    precondition {
      condition     = local._patterns[each.key].source_pinned
      error_message = "The pattern of the rule ${each.key} must pin its source to AWS, as in source = [\"aws.ec2\"] or source = [{ prefix = \"aws.\" }]: anybody in the account can send events from any other source and so trigger the targets."
    }

    precondition {
      condition     = length(local._patterns[each.key].text) <= 2048
      error_message = "The pattern of the rule ${each.key} has ${length(local._patterns[each.key].text)} characters, and EventBridge takes 2,048: split it into two rules."
    }
  }
}
