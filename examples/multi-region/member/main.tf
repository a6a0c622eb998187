# What each account but the hub's applies, in the same two Regions.
module "here" {
  source  = "../../../modules/event-forwarding"
  name    = var.name
  hub_bus = { arn = var.hub_bus_arn }
  patterns = {
    sign-ins = jsonencode({ source = ["aws.signin"] })
    launches = jsonencode({ source = ["aws.ec2"], detail = { eventName = ["RunInstances"] } })
  }
}

module "away" {
  source    = "../../../modules/event-forwarding"
  providers = { aws = aws.away }

  name            = var.name
  hub_bus         = { arn = var.hub_bus_arn }
  canary_schedule = "rate(5 minutes)"
}
