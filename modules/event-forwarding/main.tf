module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region
}

locals {
  _partition  = module.location.partition
  _account_id = module.location.account_id
  _region     = module.location.region

  _is_spoke    = var.hub_bus != null
  _default_bus = "arn:${local._partition}:events:${local._region}:${local._account_id}:event-bus/default"
  _hub_bus_arn = local._is_spoke ? var.hub_bus.arn : var.event_bus == null ? local._default_bus : var.event_bus.arn

  # Where the events of global services arrive: nowhere else.
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
  _global_region = lookup({ aws = "us-east-1", aws-cn = "cn-north-1", aws-us-gov = "us-gov-west-1" }, local._partition, local._region)
  # IAM users sign in at the global endpoint or at a Region's. One key in every Region: which rules there
  # are must be known before the Region is.
  _global_services = {
    global-services = jsonencode({
      source = local._region == local._global_region ? ["aws.account", "aws.cloudfront", "aws.iam", "aws.organizations", "aws.route53", "aws.signin"] : ["aws.signin"]
    })
  }
  _alarms = {
    alarms = jsonencode({ source = ["aws.cloudwatch"], detail-type = ["CloudWatch Alarm State Change"] })
  }
  _patterns = !local._is_spoke ? {} : merge(
    var.patterns != null ? var.patterns : local._global_services,
    var.alarm_state_changes ? local._alarms : {},
    local._sends_canary ? { canary = jsonencode({ source = [local._canary_source] }) } : {},
  )

  # Events of this account and Region alone: what another bus forwarded here is not forwarded again,
  # which EventBridge would refuse, and the dead-letter queue would fill.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
  _forwarding_rules = {
    for key, pattern in local._patterns : key => {
      description      = "Forwards to ${var.hub_bus.arn}"
      pattern          = jsonencode(merge(jsondecode(pattern), { account = [local._account_id], region = [local._region] }))
      read_only_events = contains(var.read_only_patterns, key)
      targets          = { hub = { bus = var.hub_bus } }
    }
  }
  _canary_rules = {
    for key, canary in local._canaries : "canary-${key}" => {
      description      = "Canary of account ${canary.account_id}, ${canary.region}"
      pattern          = jsonencode({ source = [local._canary_source], account = [canary.account_id], region = [canary.region] })
      read_only_events = false
      targets          = { acknowledgement = { queue = aws_sqs_queue.canary[key] } }
    }
  }
}

module "rules" {
  source = "../event-rules"
  count  = local._is_spoke || length(var.canaries) > 0 ? 1 : 0

  name                 = var.name
  account_id           = module.location.account_id
  alarm_topic          = var.alarm_topic
  alarms               = var.alarm_topic != null ? null : local._is_spoke && var.alarm_state_changes ? true : null
  dead_letter_queue    = var.dead_letter_queue
  event_bus            = local._is_spoke ? null : var.event_bus
  permissions_boundary = var.permissions_boundary
  queue_policies       = "attach"
  region               = module.location.region
  role_path            = var.role_path
  sources_beyond_aws   = [local._canary_source]
  tags                 = var.tags
  rules                = { for key, rule in merge(local._forwarding_rules, local._canary_rules) : key => rule }
}
