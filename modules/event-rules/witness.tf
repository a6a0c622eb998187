# One more target of each rule that sees events: a short line of what it saw, for reconciliation. One
# role serves all rules: it may write to that stream, and nothing else.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
resource "aws_cloudwatch_event_target" "witness" {
  for_each = { for id, rule in local._rules : id => rule if nonsensitive(var.witness != null) && nonsensitive(rule.schedule == null) }

  rule           = aws_cloudwatch_event_rule.this[each.key].name
  event_bus_name = local._bus_name
  target_id      = "witness"
  arn            = "${can(regex(local._mock, var.witness.delivery_stream.arn)) ? local._mock_start : ""}${var.witness.delivery_stream.arn}"
  role_arn       = "${can(regex(local._mock, var.witness.role.arn)) ? local._mock_start : ""}${var.witness.role.arn}"

  dead_letter_config {
    arn = "${can(regex(local._mock, local._dead_letter_queue.arn)) ? local._mock_start : ""}${local._dead_letter_queue.arn}"
  }

  # reactor.reconcile reads these names in this order. jsonencode would sort them and escape < and >.
  input_transformer {
    input_paths = {
      account = "$.account"
      id      = "$.detail.eventID"
      region  = "$.region"
    }
    input_template = "{\"account\":<account>,\"region\":<region>,\"id\":<id>,\"rule\":<aws.events.rule-arn>,\"time\":<aws.events.event.ingestion-time>}"
  }

  lifecycle {
    precondition {
      condition     = try(split(":", var.witness.delivery_stream.arn)[3], local._region) == local._region && try(split(":", var.witness.delivery_stream.arn)[4], local._account_id) == local._account_id
      error_message = "witness is the stream ${try(var.witness.delivery_stream.arn, "?")}, and a rule reaches only a stream of its own account and Region (${local._account_id}, ${local._region}): make the reconciliation module there."
    }

    precondition {
      condition     = try(!contains(keys(each.value.targets), "witness"), true)
      error_message = "The rule ${each.key} has a target that is called witness, as the one that reconciliation gets: rename it."
    }
  }

  depends_on = [aws_sqs_queue_policy.this]
}
