data "aws_region" "home" {}

# The hub account: home, and a second Region of it. Each other account applies member/.
resource "aws_sqs_queue" "audit" {
  name                    = "${var.name}-audit"
  sqs_managed_sse_enabled = true
}

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
  queue_policies    = "attach"
  queue_subscribers = { audit = aws_sqs_queue.audit }
}

module "hub" {
  source          = "../../modules/event-forwarding"
  name            = "${var.name}-hub"
  account_ids     = sort(var.member_account_ids)
  organization_id = var.organization_id
  alarm_topic     = module.alert_topic
  canary_schedule = "rate(5 minutes)"

  # This hub alone writes the policy of the default bus. If others write it too, set "shared" for the
  # organization, or "emit" for the statements to add there.
  bus_policy = length(var.member_account_ids) > 0 || var.organization_id != null ? "own" : null

  canaries = merge(
    { home = {}, away = { region = var.away_region } },
    { for id in var.member_account_ids : id => { account_id = id, region = var.away_region } },
  )
}

module "away" {
  source    = "../../modules/event-forwarding"
  providers = { aws = aws.away }

  name            = var.name
  hub_bus         = module.hub
  canary_schedule = "rate(5 minutes)"
}

module "detections" {
  source = "../../modules/detections"
  ids    = ["iam-user-created", "root-login"]
}

# One set of rules for the events of all Regions and accounts.
module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  rules = merge(module.detections.rules, {
    "*" = { targets = { people = { topic = module.alert_topic } } }
    alarms-elsewhere = {
      description = "CloudWatch alarms of other Regions and accounts"
      pattern = jsonencode({
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        region      = [{ anything-but = [data.aws_region.home.id] }]
        detail      = { state = { value = ["ALARM"] } }
      })
      input_transformer = module.alert_topic.messages.alarm
    }
  })
}
