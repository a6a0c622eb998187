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
      for part, pattern in try(length(rule.patterns) > 0, false) ? rule.patterns : tomap({ main = rule.pattern }) :
      part == "main" ? key : "${key}/${part}" => {
        key      = key
        name     = join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))
        pattern  = pattern
        schedule = rule.schedule
        targets  = rule.targets == null ? var.default_targets : rule.targets
        triggers = length([for given in [rule.pattern != null, try(length(rule.patterns) > 0, false), rule.schedule != null] : given if given])
      }
    }
  ]...)

  _name_owners    = { for id, rule in local._rules : rule.name => id... }
  _wildcard_rules = [for id, text in local._minified : id if strcontains(text, "\"wildcard\":")]

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
      condition     = can(regex("^[.A-Za-z0-9_-]{1,64}$", each.value.name))
      error_message = "The rule ${each.key} would be called ${each.value.name}, and a rule's name is 1 to 64 letters, digits, dots, underscores and hyphens: correct or shorten the key, or give the rule a name of its own."
    }

    precondition {
      condition     = local._name_owners[each.value.name] == [each.key]
      error_message = "The rules ${join(" and ", local._name_owners[each.value.name])} have the same name, ${each.value.name}, and a name is unique on its bus: change one, or leave name out (it is then <name>-<key>, and <name>-<key>-<part> for one of several patterns)."
    }

    precondition {
      condition     = each.value.triggers == 1
      error_message = "The rule ${each.value.key} must have exactly one of pattern (JSON), patterns (one or several by name) and schedule, and it has ${each.value.triggers}."
    }

    precondition {
      condition     = each.value.pattern == null ? true : can(keys(local._decoded[each.key]))
      error_message = "The pattern of the rule ${each.key} must be a JSON object: write it with jsonencode({ ... })."
    }

    precondition {
      condition     = !can(keys(local._decoded[each.key])) || try(local._patterns[each.key].leaves_are_lists, true)
      error_message = "In the pattern of the rule ${each.key}, every value must be a list of at least one item, as in eventName = [\"RunInstances\"], never a bare value, an empty list or an empty object."
    }

    precondition {
      condition     = !can(keys(local._decoded[each.key])) || try(local._patterns[each.key].source_pinned, true)
      error_message = "The pattern of the rule ${each.key} must pin its source to AWS, as in source = [\"aws.ec2\"] or source = [{ prefix = \"aws.\" }]: anybody in the account can send events from any other source and so trigger the targets. Sources that are meant are named in sources_beyond_aws."
    }

    precondition {
      condition     = try(length(local._patterns[each.key].text), 0) <= 2048
      error_message = "The pattern of the rule ${each.key} has ${try(length(local._patterns[each.key].text), 0)} characters, and EventBridge takes 2,048: split its longest list in two, with patterns = { main = ..., more = ... }."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    precondition {
      condition     = try(index(local._wildcard_rules, each.key) < 30, true)
      error_message = "The rule ${each.key} is one of ${length(local._wildcard_rules)} with a wildcard in its pattern, and an event bus takes 30 of them: write prefix or suffix where it says the same, or put the rule on another bus."
    }

    precondition {
      condition     = each.value.schedule == null ? true : can(regex("^(?:rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)|cron\\([^ ()]+(?: [^ ()]+){5}\\))$", each.value.schedule))
      error_message = "The schedule of the rule ${each.key} is ${each.value.schedule == null ? "missing" : each.value.schedule}, and a schedule is rate(5 minutes), rate(1 hour) or cron(<minute> <hour> <day> <month> <weekday> <year>), with ? for the day that is not meant."
    }

    precondition {
      condition     = each.value.schedule == null || !var.rules[each.value.key].read_only_events
      error_message = "The rule ${each.key} has a schedule, which sees no events: read_only_events says nothing there, and EventBridge refuses it. Leave it out."
    }

    precondition {
      condition     = each.value.schedule == null || var.event_bus == null
      error_message = "The rule ${each.key} has a schedule, and EventBridge has schedules on the default event bus only: leave event_bus out, or put the rule into another event-rules module."
    }

    precondition {
      condition     = var.rules[each.value.key].enabled || !var.rules[each.value.key].read_only_events
      error_message = "read_only_events and enabled = false of the rule ${each.key} contradict each other: a disabled rule sees nothing. Leave one of them out."
    }

    precondition {
      condition     = try(length(var.rules[each.value.key].description), 0) <= 512
      error_message = "The description of the rule ${each.key} has more than 512 characters: shorten it."
    }

    precondition {
      condition     = var.rules[each.value.key].targets != null || length(var.default_targets) > 0
      error_message = "The rule ${each.key} has no targets: give it one to five, or default_targets for all rules. A rule that is to have none says so with targets = {}."
    }

    precondition {
      condition     = length(each.value.targets) <= 5
      error_message = "The rule ${each.key} has ${length(each.value.targets)} targets, its own or default_targets, and EventBridge takes five: put more behind one topic, or in a second rule with the same pattern."
    }
  }
}
