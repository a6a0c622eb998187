# Entries of one's own. Each sentence below is about a rule that the catalogue's entries keep, too;
# `trailctl detections test` tells the same before a plan does.
locals {
  _optional = {
    attack       = []
    benchmarks   = {}
    count        = null
    decision     = false
    failures     = "excluded"
    placeholders = {}
    read_only    = false
    regions      = "every"
    source       = null # the rule of others that it was made from
  }
  _count_by = ["access key", "created access key", "principal", "source address", "user"]
  _needed   = ["id", "patterns", "runbook", "severity", "summary", "title", "why"]
  _given    = [for text in var.entries : merge(local._optional, try({ for name, value in jsondecode(text) : name => value }, {}))]
  _own      = { for id, each in { for entry in local._given : try(tostring(entry.id), "") => entry... } : id => each[0] if length(local._entry_faults) == 0 }

  # Those of faulty entries, too: the fault is told, not that the id is unknown.
  _ids = distinct(concat(keys(local._ours), [for entry in local._given : try(tostring(entry.id), "")]))

  # The names that an entry's patterns have in {{}}, and its sentence in <>.
  _asked = [for entry in local._given : distinct([
    for match in try(regexall("\\{\\{([^{}]*)\\}\\}", jsonencode(entry.patterns)), []) : match[0]
  ])]
  _told = [for entry in local._given : distinct([
    for match in try(regexall("<([^<>]*)>", entry.summary.template), []) : match[0]
  ])]
  _keys = [for entry in local._given : try([for part in keys(entry.patterns) : part == "main" ? entry.id : "${entry.id}-${part}"], [])]
  _keys_taken = concat(
    flatten([for id, entry in local._ours : [for part in keys(entry.patterns) : part == "main" ? id : "${id}-${part}"]]),
    keys(local._ours),
    keys(local._sequences),
  )

  # The first fault of each: others may only follow from it.
  _entry_faults = [for faults in [
    for number, entry in local._given : [
      for fault in [
        [can(keys(jsondecode(var.entries[number]))), "is no JSON object: give the text of a file, file(\"detections/x.json\")"],
        [length(setsubtract(local._needed, keys(entry))) == 0, "lacks ${join(", ", setsubtract(local._needed, keys(entry)))}"],
        [
          length(setsubtract(keys(entry), concat(local._needed, keys(local._optional), ["$schema"]))) == 0,
          "has ${join(", ", setsubtract(keys(entry), concat(local._needed, keys(local._optional), ["$schema"])))}, which no entry has",
        ],
        [can(regex("^[a-z0-9-]{1,40}$", entry.id)), "has no id of at most 40 small letters, digits and hyphens"],
        [alltrue([for key in local._keys[number] : length(key) <= 40]), "has a rule's name of more than 40 characters: shorten the id or the part"],
        [can(regex("^.{5,79}[^.]$", entry.title)), "has no title of 6 to 80 characters without a full stop"],
        [contains(local._severities, try(entry.severity, "")), "must have a severity of ${join(", ", local._severities)}"],
        [can(regex("\\.$", entry.why)) && can(regex("\\.$", entry.runbook)), "must say why it matters and what to do (why, runbook), in sentences that end with a full stop"],
        [contains(["every", "global"], entry.regions), "must have \"every\" or \"global\" as regions"],
        [contains(["excluded", "included", "only"], entry.failures), "must have \"excluded\", \"included\" or \"only\" as failures"],
        [try(contains([true, false], entry.read_only), false), "must have true or false as read_only"],
        [try(!entry.decision, false), "has a decision, and no function of the package decides on it: write a pattern that decides, and leave decision out"],
        [try(alltrue([for technique in entry.attack : can(regex("^T[0-9]{4}(\\.[0-9]{3})?$", technique))]), false), "must have a list of ATT&CK techniques as attack, as in [\"T1562.008\"]"],
        [can([for benchmark, controls in entry.benchmarks : [for control in controls : tostring(control)]]), "must have lists of controls as benchmarks, as in { \"cis-5.0\" = [\"4.5\"] }"],
        [
          entry.count == null ? true : try(
            length(setsubtract(keys(entry.count), ["at_least", "by", "minutes"])) == 0 &&
            contains(local._count_by, entry.count.by) &&
            floor(entry.count.at_least) == entry.count.at_least && entry.count.at_least >= 2 && entry.count.at_least <= 100 &&
            floor(entry.count.minutes) == entry.count.minutes && entry.count.minutes >= 1 && entry.count.minutes <= 1440,
          false),
          "must have null as count, or { by = one of ${join(", ", local._count_by)}, at_least = 2 to 100, minutes = 1 to 1440 }",
        ],
        [try(length(entry.patterns) > 0 && alltrue([for part in keys(entry.patterns) : can(regex("^[a-z0-9-]+$", part))]), false), "has no patterns by the names of its parts, main first"],
        [
          try(alltrue([for part, pattern in entry.patterns : length(pattern.source) > 0 && alltrue([
            for source in pattern.source : can(regex("^aws\\.[a-z0-9-]+$", source)) || try(length(source) == 1 && source.prefix == "aws.", false)
          ])]), false),
          "must name AWS's source at the top of each pattern, as in \"source\": [\"aws.iam\"], since anybody may put events under another one",
        ],
        [try(alltrue([for part, pattern in entry.patterns : length(keys(pattern.detail)) > 0]), false), "must say in the detail of each pattern what it looks for"],
        [
          # `==` is not enough: what is no list of that shape is of another type.
          try(alltrue([
            for part, pattern in entry.patterns :
            (jsonencode(try(pattern.detail.errorCode, null)) == jsonencode([{ exists = false }])) == (entry.failures == "excluded")
          ]), false),
          "must have \"errorCode\": [{\"exists\": false}] in the detail of each pattern if failures is \"excluded\", and only then",
        ],
        [length(setsubtract(local._asked[number], try(keys(entry.placeholders), []))) == 0, "has {{${join("}}, {{", setsubtract(local._asked[number], try(keys(entry.placeholders), [])))}}} in its patterns, and placeholders does not say what that is"],
        [
          try(alltrue([
            for name, placeholder in entry.placeholders :
            can(regex("^[a-z_]+$", name)) && contains(local._asked[number], name) && length(placeholder.example) > 0 &&
            length(setsubtract(keys(placeholder), ["default", "description", "example", "required"])) == 0 &&
            can(regex("\\.$", placeholder.description)) && placeholder.required == !can(placeholder.default[0])
          ]), false),
          "must have placeholders that its patterns use, each { description = a sentence, required, example = [...] }, with a default exactly if it is not required",
        ],
        [
          try(alltrue([
            for name, placeholder in entry.placeholders : jsonencode(placeholder) == jsonencode(lookup(local._our_placeholders, name, placeholder))
          ]), false),
          "has a placeholder that means something else in the catalogue: take another name",
        ],
        [
          try(length(setsubtract(keys(entry.summary), ["input_paths", "template"])) == 0 && can(regex("^[^\"\\\\]+$", entry.summary.template)) && alltrue([
            for name, path in entry.summary.input_paths : can(regex("^[a-z_]+$", name)) && can(regex("^\\$(\\.[A-Za-z0-9_-]+)+$", path))
          ]), false),
          "must have a summary of input_paths, as in { who = \"$.detail.userIdentity.arn\" }, and a template without quotes and backslashes",
        ],
        [length(setsubtract(local._told[number], try(keys(entry.summary.input_paths), []))) == 0, "has <${join(">, <", setsubtract(local._told[number], try(keys(entry.summary.input_paths), [])))}> in its summary, and input_paths does not say where that is"],
        [
          length(setintersection(local._keys[number], local._keys_taken)) == 0 &&
          length(setintersection(local._keys[number], flatten([for other, keys in local._keys : keys if other != number]))) == 0,
          "has the name of another detection or of its rule: take another id",
        ],
      ] : "${try(tostring(entry.id), "entry number ${number + 1}")} ${fault[1]}" if !fault[0]
    ]
  ] : faults[0] if length(faults) > 0]
}
