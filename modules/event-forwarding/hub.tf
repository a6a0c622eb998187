# Each one adds its own statement to the bus's policy, which may have others: nothing is overwritten.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
resource "aws_cloudwatch_event_permission" "account" {
  for_each = setsubtract(var.account_ids, [local._account_id])

  statement_id   = "${var.name}-${each.key}"
  action         = "events:PutEvents"
  event_bus_name = var.event_bus == null ? "default" : var.event_bus.name
  principal      = each.key
}

resource "aws_cloudwatch_event_permission" "organization" {
  count = var.organization_id == null ? 0 : 1

  statement_id   = "${var.name}-${var.organization_id}"
  action         = "events:PutEvents"
  event_bus_name = var.event_bus == null ? "default" : var.event_bus.name
  principal      = "*"

  condition {
    key   = "aws:PrincipalOrgID"
    type  = "StringEquals"
    value = var.organization_id
  }
}
