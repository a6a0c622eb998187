data "aws_caller_identity" "current" {}

module "log_bucket" {
  source        = "../../modules/log-bucket"
  name          = "${var.name}-logs-${data.aws_caller_identity.current.account_id}"
  trail_name    = var.name
  force_destroy = var.force_destroy
}

module "trail" {
  source     = "../../modules/trail"
  name       = var.name
  log_bucket = module.log_bucket
}

module "alert_topic" {
  source            = "../../modules/alert-topic"
  name              = "${var.name}-alerts"
  email_subscribers = var.email_subscribers
}

# One parameter stops every reaction that names it, without Terraform:
# aws ssm put-parameter --name ... --value dry_run --overwrite
resource "aws_ssm_parameter" "kill_switch" {
  #checkov:skip=CKV2_AWS_34:It holds a mode (enforce, notify, dry_run), no secret; a SecureString would make the switch depend on a key.
  name  = "/${var.name}/mode"
  type  = "String"
  value = "enforce"

  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_cloudwatch_event_bus" "audit" {
  name = "${var.name}-audit"
}

module "launches" {
  source                = "../../modules/ec2-launch-guard"
  mode                  = var.mode # dry_run, until you have read in its log what it would do
  alert_from_size       = "4xlarge"
  alert_on_accelerators = true
  stop_flagged          = true
}

module "reaction" {
  source      = "../../modules/reaction"
  name        = "${var.name}-guard"
  guard       = module.launches
  alert_topic = module.alert_topic
  alarm_topic = module.alert_topic
  audit_bus   = aws_cloudwatch_event_bus.audit
  kill_switch = aws_ssm_parameter.kill_switch

  actions_per_hour  = 500
  exempt_role_paths = var.exempt_role_paths
}

module "event_rules" {
  source = "../../modules/event-rules"
  name   = var.name
  rules  = { ec2-launched = module.reaction.rule }
}

module "dashboard" {
  source = "../../modules/dashboard"
  name   = var.name

  operations = {
    alerts = module.alert_topic.operations
    guard  = module.reaction.operations
    rules  = module.event_rules.operations
  }
}
