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

  # What EventBridge would refuse, or what would match nothing, in words. An object in a list is a
  # matcher; a member of an $or is one only if its value is none that a pattern may have.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
  _fields    = ["$or", "account", "detail", "detail-type", "id", "region", "replay-name", "resources", "source", "time", "version"]
  _operators = ["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"]
  _within = {
    anything-but = ["equals-ignore-case", "prefix", "suffix", "wildcard"]
    prefix       = ["equals-ignore-case"]
    suffix       = ["equals-ignore-case"]
  }
  _detail_types = [
    "AWS API Call via CloudTrail", "AWS Console Action via CloudTrail", "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail", "AWS Insight via CloudTrail", "AWS Network Activity Event via CloudTrail",
    "AWS Service Event via CloudTrail",
  ]
  # Of a record, which is an event's detail. What else a pattern names there, a service may send: a
  # field is judged only where it differs from one of these in its capitals.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
  _record_fields = { for field in [
    "addendum", "additionalEventData", "apiVersion", "awsRegion", "errorCode", "errorMessage", "eventCategory",
    "eventContext", "eventID", "eventName", "eventSource", "eventTime", "eventType", "eventVersion",
    "insightDetails", "managementEvent", "readOnly", "recipientAccountId", "requestID", "requestParameters",
    "resources", "responseElements", "serviceEventDetails", "sessionCredentialFromConsole", "sharedEventID",
    "sourceIPAddress", "tlsDetails", "userAgent", "userIdentity", "vpcEndpointAccountId", "vpcEndpointId",
  ] : lower(field) => field }
  _of_cloudtrail = {
    for key, pattern in local._decoded : key => try(anytrue([for name in pattern["detail-type"] : contains(local._detail_types, name)]), false)
  }
  # The texts that a field of a pattern has as they are, without matchers.
  _plain = {
    for key, pattern in local._decoded : key => {
      account     = try([for each in pattern.account : jsonencode(each)], [])
      eventSource = try([for each in pattern.detail.eventSource : jsonencode(each)], [])
      region      = try([for each in pattern.region : jsonencode(each)], [])
    }
  }
  _pattern_faults = {
    for key, text in local._minified : key => !local._is_object[key] || !local._patterns[key].leaves_are_lists ? [] : concat(
      [
        for field in setsubtract(keys(local._decoded[key]), local._fields) :
        "\"${field}\" is no field of an event, whose fields are ${join(", ", local._fields)}"
      ],
      [
        for name in distinct(flatten(regexall(
          strcontains(text, "\"$or\":") ? "[\\[,]\\{\"([^\"]+)\":(?:\"|true|false|null|-?[0-9])" : "[\\[,]\\{\"([^\"]+)\":", text
        ))) : "\"${name}\" is no matcher, which are ${join(", ", local._operators)}" if !contains(local._operators, name)
      ],
      [
        for found in regexall("[\\[,]\\{\"(anything-but|prefix|suffix)\":\\{\"([^\"]+)\":", text) :
        "${found[0]} takes no \"${found[1]}\", but ${join(", ", local._within[found[0]])}" if !contains(local._within[found[0]], found[1])
      ],
      [
        for found in regexall("[\\[,]\\{\"(${join("|", local._operators)})\":(?:\"(?:[^\"\\\\]|\\\\.)*\"|\\[[^\\[\\]{}]*\\]|\\{[^{}]*\\}|[a-z0-9.-]+),\"", text) :
        "a matcher has one key, and there is one with ${found[0]} and another: write two matchers"
      ],
      [
        for found in regexall("[\\[,]\\{\"(equals-ignore-case|prefix|suffix|wildcard)\":(?:true|false|null|-?[0-9]|\\[)", text) :
        "${found[0]} takes a text in quotes"
      ],
      [
        for found in regexall("[\\[,]\\{\"exists\":([^,}]*)", text) :
        "exists is true or false, not ${found[0]}" if !contains(["true", "false"], found[0])
      ],
      [
        for found in regexall("[\\[,]\\{\"cidr\":\"?([^\"}]*)\"?\\}", text) :
        "cidr is an address and the length of its prefix, as in 10.0.0.0/24, not ${found[0]}" if !can(cidrhost(found[0], 0))
      ],
      [
        for found in regexall("[\\[,]\\{\"numeric\":([^}]*)\\}", text) :
        "numeric is one comparison or a range, as in [\">\", 0, \"<=\", 5], not ${found[0]}"
        if !can(regex("^\\[\"(?:[<>]=?|=)\",-?[0-9][0-9.eE+-]*(?:,\"<=?\",-?[0-9][0-9.eE+-]*)?\\]$", found[0]))
      ],
      [
        for found in regexall("\"wildcard\":(\"(?:[^\"\\\\]|\\\\.)*\"|\\[[^\\]]*\\])", text) :
        "a wildcard has no two asterisks side by side, as ${found[0]} has" if can(regex("\\*\\*", found[0]))
      ],
      [
        for name in try([for each in local._decoded[key]["detail-type"] : tostring(each)], []) :
        "no event has the detail-type \"${name}\"; CloudTrail's are ${join(", ", local._detail_types)}"
        if strcontains(lower(name), "cloudtrail") && !contains(local._detail_types, name)
      ],
      [
        for field in try(keys(local._decoded[key].detail), []) :
        "\"${field}\" is no field of a CloudTrail record, which writes it ${local._record_fields[lower(field)]}"
        if local._of_cloudtrail[key] && lookup(local._record_fields, lower(field), field) != field
      ],
      [
        for name in local._plain[key].eventSource :
        "no record has the eventSource ${name}, which is a service as in ec2.amazonaws.com"
        if local._of_cloudtrail[key] && startswith(name, "\"") && !endswith(name, ".amazonaws.com\"")
      ],
      [
        for id in local._plain[key].account :
        "account holds ids of twelve digits in quotes, not ${id}" if !startswith(id, "{") && !can(regex("^\"[0-9]{12}\"$", id))
      ],
      [
        for name in local._plain[key].region :
        "no event has the region ${name}, which is a Region as in eu-west-1" if startswith(name, "\"") && !can(regex("^\"[a-z]{2,}(-[a-z]+)+-[0-9]+\"$", name))
      ],
    )
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
