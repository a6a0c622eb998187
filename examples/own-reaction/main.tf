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

# A guard of one's own, written in place: what the handler may do, how it is set, what it is for.
module "reaction" {
  source            = "../../modules/reaction"
  name              = "${var.name}-guard"
  alert_topic       = module.alert_topic
  exempt_principals = var.exempt_principals

  # Without anything of `reactor` in it: the module adds that as a layer.
  package = { filename = "${path.module}/own_reaction.zip" }

  guard = {
    description = "Deletes parameters that no team owns"
    handler     = "own_reaction.handler"
    mode        = var.mode # dry_run, until you have read in its log what it would do
    settings    = jsonencode({ teams = var.teams })

    policy_json = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = var.mode == "enforce" ? ["ssm:DeleteParameter", "ssm:GetParameter"] : ["ssm:GetParameter"]
        Resource = "arn:{{partition}}:ssm:{{region}}:{{account_id}}:parameter/*" # filled in by the module
      }]
    })

    event_pattern = jsonencode({
      source      = ["aws.ssm"]
      detail-type = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource = ["ssm.amazonaws.com"]
        eventName   = ["PutParameter"]
        errorCode   = [{ exists = false }]
      }
    })
  }
}

module "event_rules" {
  source = "../../modules/event-rules"
  name   = var.name
  rules  = { parameter-put = module.reaction.rule }
}
