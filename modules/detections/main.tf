locals {
  _ours = {
    for file in fileset("${path.module}/catalogue", "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${path.module}/catalogue/${file}"))
  }
  _catalogue = merge(local._ours, local._own)

  _severities = ["info", "low", "medium", "high", "critical"]
  _benchmarks = sort(distinct(flatten([for entry in local._catalogue : keys(entry.benchmarks)])))
  _techniques = sort(distinct(flatten([for entry in local._catalogue : entry.attack])))

  # What only the deployment knows: by placeholder, and by entry and part.
  _our_placeholders = merge([for entry in local._ours : entry.placeholders]...)
  _placeholders     = merge([for entry in local._catalogue : entry.placeholders]...)
  _needs = {
    for id, entry in local._catalogue : id => {
      for part, pattern in entry.patterns : part => distinct([
        for match in regexall("\\{\\{([a-z_]+)\\}\\}", jsonencode(pattern)) : match[0]
      ])
    }
  }
  _values = merge(
    { for name, placeholder in local._placeholders : name => try(placeholder.default, []) },
    { for name, values in var.placeholders : name => tolist(values) },
  )

  _selected = toset([
    for id, entry in local._catalogue : id
    if(var.ids == null ? true : contains(var.ids, id)) &&
    !contains(var.exclude_ids, id) &&
    try(index(local._severities, entry.severity) >= index(local._severities, var.min_severity), true) &&
    (var.benchmark == null ? true : contains(keys(entry.benchmarks), var.benchmark)) &&
    # T1562 stands for its sub-techniques, T1562.001 and so on, too.
    (var.techniques == null ? true : length([
      for technique in entry.attack : technique
      if contains(var.techniques, technique) || contains(var.techniques, split(".", technique)[0])
    ]) > 0) &&
    (var.decided_by == "any" || !entry.decision)
  ])

  # A rule for each part of an entry. The keys of the others stay as they are when one is split.
  _parts = merge([
    for id in local._selected : {
      for part, pattern in local._catalogue[id].patterns :
      part == "main" ? id : "${id}-${part}" => {
        id    = id
        needs = local._needs[id][part]
        text  = jsonencode(pattern)
      }
    }
  ]...)
  _ready   = { for key, part in local._parts : key => part if alltrue([for name in part.needs : length(lookup(local._values, name, [])) > 0]) }
  _waiting = { for key, part in local._parts : key => [for name in part.needs : name if length(lookup(local._values, name, [])) == 0] if !contains(keys(local._ready), key) }

  # The text cut into the list items that hold a placeholder, and all between them. Each of the
  # former is there once for every value: ["{{x}}"], [{ suffix = ".{{x}}" }].
  _tokens = {
    for key, part in local._ready : key => regexall(
      "\\{\"[a-z-]+\":\"[^\"{}]*\\{\\{[a-z_]+\\}\\}[^\"{}]*\"\\}|\"[^\"{}]*\\{\\{[a-z_]+\\}\\}[^\"{}]*\"|[^{\"]+|.",
      part.text
    ) if length(part.needs) > 0
  }
  _filled = {
    for key, part in local._ready : key => length(part.needs) == 0 ? part.text : join("", [
      for token in local._tokens[key] : !strcontains(token, "{{") ? token : join(",", [
        for value in local._values[regex("\\{\\{([a-z_]+)\\}\\}", token)[0]] : replace(token, "/\\{\\{[a-z_]+\\}\\}/", value)
      ])
    ])
  }

  # `anything-but` doesn't match a field that is missing: without `exists` beside it, root and IAM
  # users, who have no session issuer, would be left out with the roles.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
  _issuer = [{ exists = false }, { "anything-but" = sort(var.exclude_role_arns) }]
  _patterns = {
    for key, text in local._filled : key => length(var.exclude_role_arns) == 0 ? text : jsonencode(merge(jsondecode(text), {
      detail = merge(jsondecode(text).detail, {
        userIdentity = merge(try(jsondecode(text).detail.userIdentity, {}), {
          sessionContext = merge(try(jsondecode(text).detail.userIdentity.sessionContext, {}), {
            sessionIssuer = merge(try(jsondecode(text).detail.userIdentity.sessionContext.sessionIssuer, {}), { arn = try(
              # A pattern that leaves service-linked roles out does so by a wildcard.
              [{ exists = false }, { "anything-but" = { wildcard = concat(
                [jsondecode(text).detail.userIdentity.sessionContext.sessionIssuer.arn[1]["anything-but"].wildcard],
                sort(var.exclude_role_arns),
              ) } }],
              local._issuer,
            ) })
          })
        })
      })
    }))
  }

  # What a function needs of them: the units as their accounts, which must be among those given.
  _exclusions = {
    for id in local._selected : id => [for each in [
      for exclusion in concat(lookup(var.exclusions, id, []), lookup(var.exclusions, "*", [])) : {
        reason = exclusion.reason
        until  = exclusion.until
        where = merge(
          { for kind, values in exclusion.where : kind => sort(values) if kind != "organizational_units" },
          !contains(keys(exclusion.where), "organizational_units") ? {} : {
            accounts = sort(setintersection(
              lookup(exclusion.where, "accounts", flatten([for unit in exclusion.where.organizational_units : tolist(var.organizational_units[unit])])),
              flatten([for unit in exclusion.where.organizational_units : tolist(var.organizational_units[unit])]),
            ))
          },
        )
      }
    ] : each if try(length(each.where.accounts) > 0, true)]
  }

  # Failed events come back for 14 days (SQS keeps them no longer) after the last day is over.
  _ended = sort(flatten([for id, exclusions in var.exclusions : [
    for exclusion in exclusions : "${id} (${exclusion.until})" if try(timecmp(timeadd("${exclusion.until}T00:00:00Z", "360h"), plantimestamp()) <= 0, false)
  ]]))

  _rules_of   = { for key, part in local._ready : part.id => key... }
  _waiting_of = { for key, names in local._waiting : local._parts[key].id => names... }
  _coverage = {
    for id in local._selected : id => {
      attack      = local._catalogue[id].attack
      benchmarks  = local._catalogue[id].benchmarks
      decision    = local._catalogue[id].decision
      global      = local._catalogue[id].regions == "global"
      read_only   = local._catalogue[id].read_only
      rules       = sort(lookup(local._rules_of, id, []))
      runbook     = local._catalogue[id].runbook
      severity    = local._catalogue[id].severity
      title       = local._catalogue[id].title
      waiting_for = sort(distinct(flatten(lookup(local._waiting_of, id, []))))
      why         = local._catalogue[id].why
    }
  }

  # Sequences of detections by one actor. One works only if every step has a rule.
  _sequences = {
    for file in fileset("${path.module}/sequences", "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${path.module}/sequences/${file}"))
  }
  _sequence_lacks = {
    for id, sequence in local._sequences : id => flatten([
      for step in sequence.steps : step.any
      if length(setintersection(step.any, [for part in local._ready : part.id])) == 0
    ])
  }
  _sequences_ready = { for id, sequence in local._sequences : id => sequence if length(local._sequence_lacks[id]) == 0 }

  # The definition that rides to a notify reaction beside each event. A name in angle brackets would
  # be EventBridge's to fill in.
  _definitions = {
    for id in local._selected : id => { for name, value in {
      id         = id
      title      = local._catalogue[id].title
      severity   = local._catalogue[id].severity
      why        = local._catalogue[id].why
      runbook    = local._catalogue[id].runbook
      attack     = local._catalogue[id].attack
      decision   = local._catalogue[id].decision
      failures   = local._catalogue[id].failures != "excluded"
      count      = local._catalogue[id].count
      exclusions = local._exclusions[id]
      sequences = [
        for sequence in local._sequences_ready : sequence
        if contains(flatten([for step in sequence.steps : step.any]), id)
      ]
      summary = {
        input_paths = local._catalogue[id].summary.input_paths
        template    = replace(local._catalogue[id].summary.template, "/<([a-z_]+)>/", "{$1}")
      }
    } : name => value if value != null && value != false && try(length(value), 1) > 0 }
  }
  _detection_templates = {
    for id, definition in local._definitions : id => "{\"detection\":${jsonencode(definition)},\"event\":<aws.events.event.json>}"
  }
}
