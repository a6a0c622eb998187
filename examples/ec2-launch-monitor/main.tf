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

resource "aws_sqs_queue" "downstream" {
  name                    = "${var.name}-downstream"
  sqs_managed_sse_enabled = true
}

module "launches" {
  source               = "../../modules/ec2-launch-guard"
  mode                 = var.mode # dry_run, until you have read in its log what it would do
  alert_from_count     = 1        # tells of every launch, beyond dry_run
  alert_from_size      = var.alert_from_size
  alert_instance_types = ["p*", "*.metal"]
}

module "reaction" {
  source      = "../../modules/reaction"
  name        = "${var.name}-guard"
  guard       = module.launches
  alert_topic = module.alert_topic
}

# In dry_run the guard sends no mail: the rule does. Beyond it the guard's is the one a launch makes.
locals {
  _people = {
    topic = module.alert_topic
    input_transformer = {
      input_paths = {
        who  = "$.detail.userIdentity.arn", where = "$.region", account = "$.account", when = "$.time"
        what = "$.detail.responseElements.instancesSet.items[0].instanceType"
        most = "$.detail.requestParameters.instancesSet.items[0].maxCount"
      }
      input_template = "\"<who> launched EC2 (up to <most> x <what>) in <where>, account <account>, at <when>.\""
    }
  }
  # Launches alone, which that sentence is about: the guard's own rule has changes of a type, too.
  _launched = {
    source = ["aws.ec2"], detail-type = ["AWS API Call via CloudTrail"]
    detail = { eventSource = ["ec2.amazonaws.com"], eventName = ["RunInstances"], errorCode = [{ exists = false }] }
  }
  _targets = merge(module.reaction.rule.targets, { downstream = { queue = aws_sqs_queue.downstream } },
  { for name in ["people"] : name => local._people if var.mode == "dry_run" })
}

module "event_rules" {
  source         = "../../modules/event-rules"
  name           = var.name
  queue_policies = "attach"
  rules          = { ec2-launched = { pattern = jsonencode(local._launched), targets = local._targets } }
}
