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
      # What CloudTrail asks of whoever changes or starts an organization's trail,
      # which a guard of any trail may come upon.
      # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html
      var.mode != "enforce" || var.organization == false ? null : {
        Sid      = "AskTheOrganization"
        Effect   = "Allow"
        Action   = ["organizations:ListAWSServiceAccessForOrganization"]
        Resource = ["*"]
      },
      var.mode != "enforce" || var.organization == false ? null : {
        Sid      = "UseTheServiceLinkedRole"
        Effect   = "Allow"
        Action   = ["iam:CreateServiceLinkedRole", "iam:GetRole"]
        Resource = ["arn:{{partition}}:iam::{{account_id}}:role/aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail"]
      },
    ] : statement if statement != null
  ]
}
