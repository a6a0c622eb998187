locals {
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
  # An organization's trail is its management account's, and seen by members.
  _statements = [
    for statement in [
      {
        Sid      = "LookAtTrails"
        Effect   = "Allow"
        Action   = ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"]
        Resource = ["arn:{{partition}}:cloudtrail:*:*:trail/*"]
      },
      var.mode != "enforce" ? null : {
        Sid    = "BringTrailsBack"
        Effect = "Allow"
        Action = concat(
          var.restore && var.event_selectors != null ? ["cloudtrail:PutEventSelectors"] : [],
          ["cloudtrail:StartLogging"],
          var.restore ? ["cloudtrail:UpdateTrail"] : [],
        )
        Resource = [for name in var.trails : "arn:{{partition}}:cloudtrail:*:{{account_id}}:trail/${name}"]
      },
    ] : statement if statement != null
  ]
}
