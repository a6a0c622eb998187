# Everything together, for the account and home Region of a platform team. Leave out what you don't
# need: each block says what it is for.
data "aws_caller_identity" "current" {}

data "aws_region" "home" {}

# ---- who hears of it

# People: mail, and alarms of everything below.
module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
  queue_policies    = "attach"
  queue_subscribers = { audit = aws_sqs_queue.audit }
}

# What people were told, for whatever reads it: a ticket system, a test.
resource "aws_sqs_queue" "audit" {
  name                    = "${var.name}-audit"
  sqs_managed_sse_enabled = true
}

# ---- what to react to

# The catalogue, from severity high; what is known to be harmless is excluded until a day.
module "detections" {
  source       = "../../modules/detections"
  min_severity = var.min_severity
  exclusions   = jsondecode(file("${path.module}/exclusions.json"))

  # Who watches the watchers: detections of what is done to the reactions themselves.
  placeholders = {
    function_names    = [for reaction in module.reaction : reaction.function_name]
    kill_switch_names = [aws_ssm_parameter.kill_switch.name]
    queue_names       = [for reaction in module.reaction : reaction.failure_queue.name]
    table_names       = [for reaction in module.reaction : reaction.ledger_table.name]
  }
}

# One rule a detection and a guard, each to its function; what is not delivered is kept, with an alarm.
module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic
  witness     = module.reconciliation.witness
  rules = merge(
    { for key, reaction in module.reaction : key => reaction.rule if key != "notify" },
    { for key, rule in module.detections.rules : key => merge(rule, {
      targets = { notify = merge(module.reaction["notify"].rule.targets.guard, { input_transformer = rule.detection_input }) }
    }) },
    # An alarm of another Region can't report to this topic: its change of state is forwarded here.
    { alarms-elsewhere = {
      description = "CloudWatch alarms of the other Region"
      pattern = jsonencode({
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        region      = [{ anything-but = [data.aws_region.home.id] }]
        detail      = { state = { value = ["ALARM"] } }
      })
      targets = { people = { topic = module.alert_topic, input_transformer = module.alert_topic.messages.alarm } }
    } },
  )
}

# What EventBridge did not deliver, the proven log has: its targets get it all the same.
module "reconciliation" {
  source            = "../../modules/reconciliation"
  name              = "${var.name}-reconciliation"
  trail_name        = module.trail.name
  bucket_name       = module.log_bucket.name
  log_kms_key_arn   = module.log_bucket.kms_key_arn
  digest_validation = module.digest_validation
  rules             = { main = module.event_rules }
  forwarded         = { away = module.away.forwarded }
  alert_topic       = module.alert_topic
  alarm_topic       = module.alert_topic
}

# ---- the other Region

# IAM's events and root's sign-ins arrive in us-east-1 only: the spoke there sends them home. Canaries
# tell when the way is broken.
module "home" {
  source          = "../../modules/event-forwarding"
  name            = "${var.name}-home"
  alarm_topic     = module.alert_topic
  canaries        = { home = {}, away = { region = var.away_region } }
  canary_schedule = "rate(5 minutes)"
}

module "away" {
  source          = "../../modules/event-forwarding"
  providers       = { aws = aws.away }
  name            = "${var.name}-away"
  hub_bus         = module.home
  canary_schedule = "rate(5 minutes)"

  # Some of the catalogue looks at reads: what an attack tool lists, for instance.
  read_only_patterns = ["global-services"]
}

# ---- how it goes

# All of it in one picture: a line for each module.
module "dashboard" {
  source     = "../../modules/dashboard"
  name       = var.name
  operations = local._operations
}

locals {
  _operations = merge(
    { for key, reaction in module.reaction : key => reaction.operations },
    {
      alert_topic       = module.alert_topic.operations
      away              = module.away.operations
      digest_validation = module.digest_validation.operations
      event_rules       = module.event_rules.operations
      home              = module.home.operations
      log_replication   = module.log_replication.operations
      reconciliation    = module.reconciliation.operations
    },
  )
}
