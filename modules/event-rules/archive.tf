# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
locals {
  _union      = length(local._texts) == 1 ? local._minified[one(keys(local._texts))] : "{\"$or\":[${join(",", [for id in sort(keys(local._texts)) : local._minified[id]])}]}"
  _by_sources = "{\"source\":[${join(",", sort(distinct([for matcher in flatten(values(local._sources)) : jsonencode(matcher)])))}]}"
  _archived   = length(local._union) <= 2048 ? local._union : local._by_sources
}

resource "aws_cloudwatch_event_archive" "this" {
  # Another bus is another archive, by its key: the source itself is not looked at again.
  for_each = nonsensitive(var.archive == null) ? {} : { (local._bus_name) = var.archive }

  name             = coalesce(each.value.name, var.name)
  description      = "Events that the rules of ${var.name} match"
  event_source_arn = var.event_bus == null ? "${local._arn_start}:event-bus/default" : var.event_bus.arn
  event_pattern    = coalesce(each.value.pattern, local._archived)
  retention_days   = each.value.retention_days

  lifecycle {
    # A source that is not known while planning would replace the archive, and destroy what it holds.
    ignore_changes = [event_source_arn]

    precondition {
      condition     = each.value.pattern != null || length(local._texts) > 0
      error_message = "archive has no pattern, and no rule has one that it could take: give archive.pattern, or leave archive out."
    }

    precondition {
      condition     = each.value.pattern != null || length(local._archived) <= 2048
      error_message = "The rules have too many sources for an archive's pattern (${length(local._archived)} characters, and EventBridge takes 2,048): give archive.pattern, as in jsonencode({ source = [{ prefix = \"aws.\" }] })."
    }
  }
}
