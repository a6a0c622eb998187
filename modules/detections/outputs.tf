output "coverage" {
  description = "The selected detections by id: { attack, benchmarks, decision, global, read_only, rules (keys of the output rules), runbook (what to do), severity, title, waiting_for (placeholders without a value), why }."
  value       = local._coverage
}

output "coverage_markdown" {
  description = "Coverage as a Markdown table, for a README or a wiki."
  value = join("\n", concat(
    ["| id | severity | what | CIS | ATT&CK | where | decided by |", "| --- | --- | --- | --- | --- | --- | --- |"],
    [for id, entry in local._coverage : format("| `%s` | %s | %s | %s | %s | %s | %s |",
      id, entry.severity, entry.title,
      join(", ", try(entry.benchmarks["cis-5.0"], [])),
      join(", ", entry.attack),
      join(", ", compact([entry.global ? "global Region" : "every Region", entry.read_only ? "read-only events" : ""])),
      entry.decision ? "pattern and code" : "pattern",
    )],
    [""],
  ))
}

output "decided_ids" {
  description = "Ids of selected detections whose pattern lets more through than what is meant. A function of the Lambda package decides; the notify module runs it (`detection = <id>`)."
  value       = sort([for id, entry in local._coverage : id if entry.decision])
}

output "global_ids" {
  description = "Ids of selected detections whose events arrive only where the partition's global services report (us-east-1, cn-north-1, us-gov-west-1): make their rules there, or forward the events from there."
  value       = sort([for id, entry in local._coverage : id if entry.global])
}

output "read_only_ids" {
  description = "Ids of selected detections that look at read-only management events; their rules have read_only_events = true."
  value       = sort([for id, entry in local._coverage : id if entry.read_only])
}

output "rules" {
  description = "Rules by key (the id, or the id and the part of a split one): { description, detection_input (for a notify reaction), id, global, input_transformer (one sentence, for a topic), needs_function (whether a function decides, or leaves out what is excluded: a topic would get more than what is meant), pattern, read_only_events, severity }. With targets added, each is a rule of event-rules."
  value = {
    for key, part in local._ready : key => {
      description      = "[${local._catalogue[part.id].severity}] ${local._catalogue[part.id].title}"
      detection_input  = { input_paths = {}, input_template = local._detection_templates[part.id] }
      global           = local._catalogue[part.id].regions == "global"
      id               = part.id
      needs_function   = local._catalogue[part.id].decision || length(local._exclusions[part.id]) > 0
      pattern          = local._patterns[key]
      read_only_events = local._catalogue[part.id].read_only
      severity         = local._catalogue[part.id].severity
      input_transformer = {
        input_paths = local._catalogue[part.id].summary.input_paths
        # A string in quotes is what EventBridge takes as text.
        input_template = "\"${local._catalogue[part.id].summary.template}\""
      }
    }
  }

  precondition {
    condition     = length(local._entry_faults) == 0
    error_message = "entries: ${join("; ", local._entry_faults)}."
  }

  precondition {
    condition     = length(local._selected) > 0 || length(local._entry_faults) > 0
    error_message = "No detection passes the filters at once (ids, exclude_ids, min_severity, benchmark, techniques, decided_by): loosen one of them."
  }

  # Not in the variable: a destroy looks at its validations, too, and at no precondition. No date may keep
  # anybody from taking rules away.
  precondition {
    condition     = length(local._ended) == 0
    error_message = "Some of exclusions have ended, and no event of their time can come any more: ${join(", ", local._ended)}. Leave them out, or give each a later day as until."
  }

  precondition {
    condition     = length([for key, text in local._patterns : key if length(text) > 2048]) == 0
    error_message = "A pattern has at most 2,048 characters. Give fewer values in placeholders or exclude_role_arns; too long are: ${join(", ", [for key, text in local._patterns : "${key} (${length(text)})" if length(text) > 2048])}."
  }

  # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
  precondition {
    condition     = length([for id, text in local._detection_templates : id if length(text) > 8192]) == 0
    error_message = "What a rule hands to a notify reaction has at most 8,192 characters; too long are: ${join(", ", [for id, text in local._detection_templates : "${id} (${length(text)})" if length(text) > 8192])}."
  }
}

output "sequences" {
  description = "Sequences of the selected detections, which a notify reaction finds, by id: { attack, minutes, runbook, severity, steps (each { any, at_least, by }), title, why }."
  value       = { for id, sequence in local._sequences_ready : id => { for name, value in sequence : name => value if name != "id" } }
}

output "sequences_waiting" {
  description = "Sequences that can't be found, since no detection of a step is selected: a map from the id to the detections, one of which each such step needs."
  value       = { for id, lacks in local._sequence_lacks : id => lacks if length(lacks) > 0 }
}

output "waiting" {
  description = "Rules that the module leaves out because `placeholders` has no value for what they need: a map from the rule's key to the missing names."
  value       = local._waiting
}
