data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _partition  = data.aws_partition.current.partition
  _account_id = data.aws_caller_identity.current.account_id
  _region     = data.aws_region.current.id

  # A rule of EventBridge for each pattern. "main" is the rule itself: one that gets a second pattern
  # keeps its first rule, and the targets of it.
  _rules = merge([
    for key, rule in var.rules : {
      for part, pattern in rule.patterns == null ? tomap({ main = rule.pattern }) : rule.patterns :
      part == "main" ? key : "${key}/${part}" => {
        key      = key
        name     = join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))
        pattern  = pattern
        schedule = rule.schedule
      }
    }
  ]...)

  # ARNs in policies are put together from inputs, so that the policies are known when planning.
  _bus_name  = var.event_bus == null ? "default" : var.event_bus.name
  _bus_path  = var.event_bus == null ? "" : "${var.event_bus.name}/"
  _arn_start = "arn:${local._partition}:events:${local._region}:${local._account_id}"
  _rule_arns = { for id, rule in local._rules : id => "${local._arn_start}:rule/${local._bus_path}${rule.name}" }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local._rules

  name                = each.value.name
  description         = var.rules[each.value.key].description
  event_bus_name      = local._bus_name
  event_pattern       = each.value.pattern == null ? null : local._patterns[each.key].text
  schedule_expression = each.value.schedule
  tags                = var.tags

  # ENABLED leaves out read-only management events.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
  state = !var.rules[each.value.key].enabled ? "DISABLED" : var.rules[each.value.key].read_only_events ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"

  # Here and not in the variable, whose validations can't use what locals make of it.
  lifecycle {
    precondition {
      condition     = try(local._patterns[each.key].leaves_are_lists, true)
      error_message = "In the pattern of the rule ${each.key}, every value must be a list of at least one item, as in eventName = [\"RunInstances\"], never a bare value, an empty list or an empty object."
    }

    precondition {
      condition     = try(local._patterns[each.key].source_pinned, true)
      error_message = "The pattern of the rule ${each.key} must pin its source to AWS, as in source = [\"aws.ec2\"] or source = [{ prefix = \"aws.\" }]: anybody in the account can send events from any other source and so trigger the targets. Sources that are meant are named in sources_beyond_aws."
    }

    precondition {
      condition     = try(length(local._patterns[each.key].text), 0) <= 2048
      error_message = "The pattern of the rule ${each.key} has ${try(length(local._patterns[each.key].text), 0)} characters, and EventBridge takes 2,048: split its longest list in two, with patterns = { main = ..., more = ... }."
    }
  }
}
