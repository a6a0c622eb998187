# What the preconditions of the rules ask of each pattern. Terraform has no recursion: the shape is
# checked on the pattern's text.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
locals {
  _decoded = { for key, rule in var.rules : key => try(jsondecode(rule.pattern), null) }

  # jsonencode writes <, > and & as \u003c, \u003e and \u0026; EventBridge counts the characters.
  # A doubled backslash is put aside meanwhile, so that "\\u003c" stays what it is.
  _minified = {
    for key, rule in var.rules : key => replace(replace(replace(replace(replace(
      try(jsonencode(jsondecode(rule.pattern)), rule.pattern),
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

  # A pattern pins its source itself, or in every branch of its $or.
  _source_branches = {
    for key, pattern in local._decoded : key => (
      can(pattern.source) ? [pattern.source] : [for branch in try(pattern["$or"], [null]) : try(branch.source, null)]
    )
  }

  _patterns = {
    for key, rule in var.rules : key => {
      text             = local._minified[key]
      leaves_are_lists = !can(regex("[SO]:(?:[^A{\\[]|S|$)|S:\\[|O:[^\\[]|\\{\\}|O:\\[\\]", local._folded[key]))
      source_pinned = alltrue([
        for matchers in local._source_branches[key] : try(length(matchers) > 0 && alltrue([
          for matcher in matchers : startswith(
            try(tostring(matcher), matcher.prefix["equals-ignore-case"], matcher.prefix, matcher["equals-ignore-case"], matcher.wildcard, ""),
            "aws."
          )
        ]), false)
      ])
    }
  }
}
