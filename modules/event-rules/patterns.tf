# What the preconditions of the rules ask of each pattern. Terraform has no recursion: the shape is
# checked on the pattern's text.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
locals {
  _texts     = { for id, rule in local._rules : id => rule.pattern if rule.pattern != null }
  _decoded   = { for key, text in local._texts : key => try(jsondecode(text), null) }
  _is_object = { for key, text in local._texts : key => can(keys(jsondecode(text))) }

  # jsonencode writes <, > and & as \u003c, \u003e and \u0026; EventBridge counts the characters.
  # A doubled backslash is put aside meanwhile, so that "\\u003c" stays what it is.
  _minified = {
    for key, text in local._texts : key => replace(replace(replace(replace(replace(
      try(jsonencode(jsondecode(text)), text),
      "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"), "\u0001", "\\\\"
    )
  }

  # The text with $or's name as O and every other string as S, then lists folded to A from the
  # inside out. An $or holds patterns: its list stays, so that its members are looked at too.
  _tokens = {
    for key, text in local._minified : key => replace(
      replace(text, "/([{,])\"\\$or\":/", "$${1}O:"),
      "/\"(?:[^\"\\\\]|\\\\.)*\"/", "S"
    )
  }
  _folded_1 = { for key, text in local._tokens : key => replace(text, "/S:\\[[^\\[\\]]+\\]/", "S:A") }
  _folded_2 = { for key, text in local._folded_1 : key => replace(text, "/S:\\[[^\\[\\]]+\\]/", "S:A") }
  _folded   = { for key, text in local._folded_2 : key => replace(text, "/S:\\[[^\\[\\]]+\\]/", "S:A") }

  # The sources a pattern names: its own, and those of its $or's members, which would override it.
  _or_1 = { for key, pattern in local._decoded : key => try(tolist(pattern["$or"]), pattern["$or"], []) }
  _or_2 = { for key, members in local._or_1 : key => flatten([for member in members : try(member["$or"], [])]) }
  _sources = {
    for key, pattern in local._decoded : key => [
      for member in concat([pattern], local._or_1[key], local._or_2[key]) : member.source if can(member.source)
    ]
  }
  # Whether no event gets by without one of them.
  _has_source = {
    for key, pattern in local._decoded : key => can(pattern.source) || (length(local._or_1[key]) > 0 && alltrue([
      for member in local._or_1[key] : can(member.source) || try(alltrue([for inner in member["$or"] : can(inner.source)]), false)
    ]))
  }

  # What is no object at all has a precondition of its own. Nobody but a partner puts events on its bus.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html
  _patterns = {
    for key, text in local._texts : key => {
      leaves_are_lists = !local._is_object[key] || !can(regex("S:[^A{]|O:[^\\[]|O:\\[[^{]|\\{\\}", local._folded[key]))
      source_pinned = !local._is_object[key] || startswith(local._bus_name, "aws.partner/") || (
        local._has_source[key] &&
        # Deeper ones are not looked into.
        alltrue([for member in local._or_2[key] : !can(member["$or"])]) &&
        alltrue([
          for matchers in local._sources[key] : try(length(matchers) > 0 && alltrue([
            for matcher in matchers : try(contains(var.sources_beyond_aws, tostring(matcher)), false) || startswith(
              try(tostring(matcher), matcher.prefix["equals-ignore-case"], matcher.prefix, matcher["equals-ignore-case"], matcher.wildcard, ""),
              "aws."
            )
          ]), false)
        ])
      )
    }
  }
}
