module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id
  _region     = module.location.region

  # A rule of EventBridge for each pattern. "main" is the rule itself: one that gets a second pattern
  # keeps its first rule, and the targets of it. A slash in a key is refused below, and must not make
  # one rule take another's place before that.
  _rules = merge([
    for key, rule in var.rules : {
      for part, pattern in nonsensitive(rule.patterns == null) ? tomap({ main = rule.pattern }) : length(rule.patterns) == 0 ? tomap({ main = tostring(null) }) : rule.patterns :
      join("/", compact([replace(key, "/", "|"), part == "main" ? "" : replace(part, "/", "|")])) => {
        key      = key
        part     = part
        name     = join("-", compact([coalesce(rule.name, "${var.name}-${key}"), part == "main" ? "" : part]))
        pattern  = pattern
        schedule = rule.schedule
        targets  = nonsensitive(rule.targets == null) ? local._default_targets : rule.targets
      }
    } if key != "*"
  ]...)
  _default_targets = one([for key, rule in var.rules : rule.targets if key == "*"])

  # ARNs in policies are put together from inputs, so that the policies are known when planning.
  _bus_name  = var.event_bus == null ? "default" : var.event_bus.name
  _bus_path  = var.event_bus == null ? "" : "${var.event_bus.name}/"
  _arn_start = "arn:${local._partition}:events:${local._region}:${local._account_id}"
  _rule_arns = { for id, rule in local._rules : id => "${local._arn_start}:rule/${local._bus_path}${rule.name}" }
  # What sets this module's statements apart from those of another one, in a policy that has both.
  _sid = replace(join("-", compact([var.name, var.event_bus == null ? "" : local._bus_name])), "/[^A-Za-z0-9_-]/", "-")

  # A provider that `terraform test` mocks makes ARNs of eight letters and digits, and then takes none of
  # them: what stands before them is this.
  _mock       = "^[a-z0-9]{8}$"
  _mock_start = "arn:${local._partition}:mocked:${local._region}:${local._account_id}:"

  # What the provider and other modules call a setting, and what it is called here.
  _foreign_names = {
    arn                 = "one of the kinds, as in queue = aws_sqs_queue.x"
    dead_letter_arn     = "dead_letter_queue of the module"
    dead_letter_config  = "dead_letter_queue of the module"
    event_bus_name      = "event_bus of the module"
    event_pattern       = "pattern"
    input_path          = "input_transformer"
    is_enabled          = "enabled"
    retry_policy        = "retry = { max_age_seconds, max_attempts }"
    role_arn            = "role of the module, or nothing: roles are made"
    schedule_expression = "schedule"
    state               = "enabled and read_only_events"
  }
  _foreign = {
    for id, settings in merge({ for id, rule in local._rules : id => var.rules[rule.key] }, local._targets) : id => [
      for name, ours in local._foreign_names : "${name} (here: ${ours})" if contains(keys(settings), name) ? settings[name] != null : false
    ]
  }

  # Of the whole bus. A pattern's strings can't hold these characters unescaped.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
  _wildcard_rules = [for id, text in local._minified : id if can(regex("\\{\"wildcard\":\"|\"anything-but\":\\{\"wildcard\":", text))]
  _rules_by_name  = { for id, rule in local._rules : rule.name => id... }
  _double_names   = [for name, ids in local._rules_by_name : "${name} (${join(", ", ids)})" if length(ids) > 1]
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local._rules

  name                = each.value.name
  description         = var.rules[each.value.key].description
  event_bus_name      = local._bus_name
  event_pattern       = each.value.pattern == null ? null : local._minified[each.key]
  schedule_expression = each.value.schedule
  tags                = var.tags

  # ENABLED leaves out read-only management events.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
  state = !var.rules[each.value.key].enabled ? "DISABLED" : var.rules[each.value.key].read_only_events ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"

  # Here and not in the variable, whose validations can't use what locals make of it: each check is
  # written once, and a rule that is not known yet holds back no other.
  lifecycle {
    precondition {
      condition     = can(regex("^[.A-Za-z0-9_-]+$", each.value.key))
      error_message = "Every key of rules must consist of letters, digits, dots, underscores and hyphens, since it becomes part of the rule's name. Rename: \"${each.value.key}\"."
    }

    precondition {
      condition     = length(local._foreign[each.key]) == 0
      error_message = "The rule ${each.key} has settings that go by other names here: ${join(", ", local._foreign[each.key])}."
    }

    precondition {
      condition     = length([for way in [var.rules[each.value.key].pattern, var.rules[each.value.key].patterns, each.value.schedule] : way if way != null]) == 1
      error_message = "A rule has exactly one of pattern (JSON), patterns (several by name) and schedule. Not so: ${each.value.key}."
    }

    precondition {
      condition     = can(regex("^[.A-Za-z0-9_-]+$", each.value.part)) && try(length(var.rules[each.value.key].patterns) > 0, true)
      error_message = "patterns holds at least one pattern by a name of letters, digits, dots, underscores and hyphens (\"main\" keeps the rule's own name). Correct it in: ${each.value.key}."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    precondition {
      condition     = can(regex("^[.A-Za-z0-9_-]{1,64}$", each.value.name)) || !can(regex("^[.A-Za-z0-9_-]+$", each.value.key)) || !can(regex("^[.A-Za-z0-9_-]+$", each.value.part))
      error_message = "A rule's name is 1 to 64 letters, digits, dots, underscores and hyphens. Shorten the key, or give the rule a name of its own: ${each.value.name}."
    }

    precondition {
      condition     = try(length(var.rules[each.value.key].description) <= 512, true)
      error_message = "A rule's description has up to 512 characters. Shorten it in: ${each.value.key}."
    }

    precondition {
      condition     = each.value.pattern == null ? true : local._is_object[each.key]
      error_message = "The pattern of a rule must be a JSON object; write it with jsonencode({ ... }). Not so: ${each.key}."
    }

    precondition {
      condition     = each.value.pattern == null ? true : local._patterns[each.key].leaves_are_lists
      error_message = "In the pattern of the rule ${each.key}, every value must be a list of at least one item, as in eventName = [\"RunInstances\"], never a bare value, an empty list or an empty object."
    }

    precondition {
      condition     = each.value.pattern == null ? true : local._patterns[each.key].source_pinned
      error_message = "The pattern of the rule ${each.key} must pin its source to AWS, as in source = [\"aws.ec2\"] or source = [{ prefix = \"aws.\" }]: anybody in the account can send events from any other source and so trigger the targets. Sources that are meant are named in sources_beyond_aws."
    }

    precondition {
      condition     = try(length(local._minified[each.key]), 0) <= 2048
      error_message = "The pattern of the rule ${each.key} has ${try(length(local._minified[each.key]), 0)} characters, and EventBridge takes 2,048: split its longest list in two, with patterns = { main = ..., more = ... }."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    precondition {
      condition     = each.value.schedule == null ? true : can(regex("^(?:rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)|cron\\([^ ()]+(?: [^ ()]+){5}\\))$", each.value.schedule))
      error_message = "A schedule is rate(5 minutes), rate(1 hour) or cron(<minute> <hour> <day> <month> <weekday> <year>), with ? for the day that is not meant. Correct: ${each.value.key} (${coalesce(each.value.schedule, "none")})."
    }

    precondition {
      condition     = each.value.schedule == null || !var.rules[each.value.key].read_only_events
      error_message = "A schedule sees no events, so read_only_events says nothing there and EventBridge refuses it. Leave it out in: ${each.value.key}."
    }

    precondition {
      condition     = each.value.schedule == null || var.event_bus == null
      error_message = "EventBridge has schedules on the default event bus only. Leave event_bus out, or put these rules into another event-rules module: ${each.value.key}."
    }

    precondition {
      condition     = var.rules[each.value.key].enabled || !var.rules[each.value.key].read_only_events
      error_message = "read_only_events and enabled = false contradict each other: a disabled rule sees nothing. Leave one of them out in: ${each.value.key}."
    }

    precondition {
      condition     = each.value.targets == null ? false : length(each.value.targets) <= 5
      error_message = "A rule has up to five targets, its own or those of \"*\" (EventBridge's limit; put more behind one topic, or in a second rule with the same pattern); targets = {} says that it has none. Not so: ${each.value.key} (${try(length(each.value.targets), "nothing said")})."
    }

    precondition {
      condition     = length(local._transformer_faults["${each.key}/(rule)"]) == 0
      error_message = join(" ", local._transformer_faults["${each.key}/(rule)"])
    }
  }
}
