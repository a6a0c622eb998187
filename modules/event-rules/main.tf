module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    alarm_topic          = try(var.alarm_topic.arn, null)
    dead_letter_queue    = try(var.dead_letter_queue.arn, null)
    permissions_boundary = var.permissions_boundary
    role                 = try(var.role.arn, null)
  }
  regional_arns = {
    dead_letter_queue = try(var.dead_letter_queue.arn, null)
  }
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id
  _region     = module.location.region

  # A rule of EventBridge for each pattern. "main" is the rule itself: one that gets a second pattern
  # keeps its first rule, and the targets of it. A slash in a key is refused below, and must not make
  # one rule take another's place before that. "*" is no rule.
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
        triggers = length([for way in [rule.pattern == null, try(length(rule.patterns) == 0, true), rule.schedule == null] : way if !nonsensitive(way)])
      }
    } if key != "*"
  ]...)
  # For each instance Terraform looks through the whole of a for_each anew: here are the keys alone.
  _rule_ids        = { for id, rule in local._rules : id => id }
  _target_ids      = { for id, target in local._targets : id => id }
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
  _name_owners    = { for id, rule in local._rules : rule.name => id... }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local._rule_ids

  name                = local._rules[each.key].name
  description         = var.rules[local._rules[each.key].key].description
  event_bus_name      = local._bus_name
  event_pattern       = local._rules[each.key].pattern == null ? null : local._minified[each.key]
  schedule_expression = local._rules[each.key].schedule
  tags                = var.tags

  # ENABLED leaves out read-only management events.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
  state = !var.rules[local._rules[each.key].key].enabled ? "DISABLED" : var.rules[local._rules[each.key].key].read_only_events ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"

  # Here and not in the variable, whose validations can't use what locals make of it: each check is
  # written once, and a rule that is not known yet holds back no other.
  lifecycle {
    precondition {
      condition     = can(regex("^[.A-Za-z0-9_-]+$", local._rules[each.key].key)) && can(regex("^[.A-Za-z0-9_-]+$", local._rules[each.key].part))
      error_message = "The key of the rule ${each.key} must consist of letters, digits, dots, underscores and hyphens, and so must each key of its patterns, since both become part of the rule's name: rename it."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    precondition {
      condition     = can(regex("^[.A-Za-z0-9_-]{1,64}$", local._rules[each.key].name)) || !can(regex("^[.A-Za-z0-9_-]+$", local._rules[each.key].key)) || !can(regex("^[.A-Za-z0-9_-]+$", local._rules[each.key].part))
      error_message = "The rule ${each.key} would be called ${local._rules[each.key].name}, and a rule's name is 1 to 64 letters, digits, dots, underscores and hyphens: shorten the key, or give the rule a name of its own."
    }

    # Told at all but the first of them.
    precondition {
      condition     = local._name_owners[local._rules[each.key].name][0] == each.key
      error_message = "The rules ${join(" and ", local._name_owners[local._rules[each.key].name])} have the same name, ${local._rules[each.key].name}, and a name is unique on its bus: change one, or leave name out (it is then <name>-<key>, and <name>-<key>-<part> for one of several patterns)."
    }

    precondition {
      condition     = length(local._foreign[each.key]) == 0
      error_message = "The rule ${each.key} has settings that go by other names here: ${join(", ", local._foreign[each.key])}."
    }

    precondition {
      condition     = local._rules[each.key].triggers == 1
      error_message = "The rule ${local._rules[each.key].key} must have exactly one of pattern (JSON), patterns (one or several by name) and schedule, and it has ${local._rules[each.key].triggers}."
    }

    precondition {
      condition     = try(length(var.rules[local._rules[each.key].key].description) <= 512, true)
      error_message = "The description of the rule ${each.key} has more than 512 characters: shorten it."
    }

    precondition {
      condition     = local._rules[each.key].pattern == null ? true : local._is_object[each.key]
      error_message = "The pattern of the rule ${each.key} must be a JSON object: write it with jsonencode({ ... })."
    }

    precondition {
      condition     = local._rules[each.key].pattern == null ? true : local._patterns[each.key].leaves_are_lists
      error_message = "In the pattern of the rule ${each.key}, every value must be a list of at least one item, as in eventName = [\"RunInstances\"], never a bare value, an empty list or an empty object."
    }

    precondition {
      condition     = length(try(local._pattern_faults[each.key], [])) == 0
      error_message = "In the pattern of the rule ${each.key}, ${join("; ", try(local._pattern_faults[each.key], []))}."
    }

    precondition {
      condition     = local._rules[each.key].pattern == null ? true : local._patterns[each.key].source_pinned
      error_message = "The pattern of the rule ${each.key} must pin its source to AWS, as in source = [\"aws.ec2\"] or source = [{ prefix = \"aws.\" }]: anybody in the account can send events from any other source and so trigger the targets. Sources that are meant are named in sources_beyond_aws."
    }

    precondition {
      condition     = try(length(local._minified[each.key]), 0) <= 2048
      error_message = "The pattern of the rule ${each.key} has ${try(length(local._minified[each.key]), 0)} characters, and EventBridge takes 2,048: split its longest list in two, with patterns = { main = ..., more = ... }."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    precondition {
      condition     = try(index(local._wildcard_rules, each.key) < 30, true)
      error_message = "The rule ${each.key} is one of ${length(local._wildcard_rules)} with a wildcard in its pattern, and an event bus takes 30 of them: write prefix or suffix where it says the same, or put the rule on another bus."
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    precondition {
      condition     = local._rules[each.key].schedule == null ? true : can(regex("^(?:rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)|cron\\([^ ()]+ [^ ()]+ (?:\\? [^ ()]+ [^ ()?]+|[^ ()?]+ [^ ()]+ \\?) [^ ()]+\\))$", local._rules[each.key].schedule))
      error_message = "The schedule of the rule ${each.key} is ${coalesce(local._rules[each.key].schedule, "missing")}, and a schedule is rate(5 minutes), rate(1 hour) or cron(<minute> <hour> <day> <month> <weekday> <year>), with ? for the day that is not meant."
    }

    precondition {
      condition     = local._rules[each.key].schedule == null || !var.rules[local._rules[each.key].key].read_only_events
      error_message = "The rule ${each.key} has a schedule, which sees no events: read_only_events says nothing there, and EventBridge refuses it. Leave it out."
    }

    precondition {
      condition     = local._rules[each.key].schedule == null || var.event_bus == null
      error_message = "The rule ${each.key} has a schedule, and EventBridge has schedules on the default event bus only: leave event_bus out, or put the rule into another event-rules module."
    }

    precondition {
      condition     = var.rules[local._rules[each.key].key].enabled || !var.rules[local._rules[each.key].key].read_only_events
      error_message = "read_only_events and enabled = false of the rule ${each.key} contradict each other: a disabled rule sees nothing. Leave one of them out."
    }

    precondition {
      condition     = local._rules[each.key].targets != null
      error_message = "The rule ${each.key} has no targets: give it one to five, or give the key \"*\" of rules the targets of every rule that names none. A rule that is to have none says so with targets = {}."
    }

    precondition {
      condition     = try(length(local._rules[each.key].targets) <= (var.witness == null || local._rules[each.key].schedule != null ? 5 : 4), true)
      error_message = "The rule ${each.key} has ${try(length(local._rules[each.key].targets), 0)} targets, its own or those of \"*\"${var.witness == null ? "" : ", and the witness"}, and EventBridge takes five: put more behind one topic, or in a second rule with the same pattern."
    }

    precondition {
      condition     = length(local._transformer_faults["${each.key}/(rule)"]) == 0
      error_message = join(" ", local._transformer_faults["${each.key}/(rule)"])
    }
  }
}
