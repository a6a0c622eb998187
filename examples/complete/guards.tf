# Guards say what to do and may do nothing yet: read in their logs what they would do, then set
# mode = "enforce" for one after the other.
module "buckets" {
  source       = "../../modules/bucket-baseline"
  skip_buckets = [module.log_bucket.name, "*-website"]
}

module "launches" {
  source          = "../../modules/ec2-launch-guard"
  alert_from_size = "4xlarge"
}

module "ports" {
  source = "../../modules/security-group-guard"
}

module "roles" {
  source          = "../../modules/iam-role-guard"
  forbidden_names = ["admin*"]
}

module "trails" {
  source = "../../modules/trail-guard"
  trails = [var.name]
  bucket = module.log_bucket.name
}

# The one that tells people of detections; it has nothing to change, so it speaks from the start.
module "notify" {
  source = "../../modules/notify"
  mode   = "notify"
}

# A function a guard, with its role, failure queue, ledger and alarms.
module "reaction" {
  source = "../../modules/reaction"
  for_each = {
    buckets  = module.buckets
    launches = module.launches
    notify   = module.notify
    ports    = module.ports
    roles    = module.roles
    trails   = module.trails
  }

  name        = "${var.name}-${each.key}"
  guard       = each.value
  alert_topic = module.alert_topic
  alarm_topic = module.alert_topic
  kill_switch = aws_ssm_parameter.kill_switch
}

# Stops every reaction at once, without Terraform:
# aws ssm put-parameter --name ... --value dry_run --overwrite
resource "aws_ssm_parameter" "kill_switch" {
  #checkov:skip=CKV2_AWS_34:It holds a mode (enforce, notify, dry_run), no secret; a SecureString would make the switch depend on a key.
  name  = "/${var.name}/mode"
  type  = "String"
  value = "enforce" # the guards' own modes hold

  lifecycle {
    ignore_changes = [value]
  }
}
