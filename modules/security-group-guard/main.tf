locals {
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  _statements = [
    for statement in [
      {
        Sid      = "LookAtGroups"
        Effect   = "Allow"
        Action   = ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"]
        Resource = ["*"]
      },
      var.mode != "enforce" ? null : {
        Sid    = "RevokeRules"
        Effect = "Allow"
        Action = ["ec2:RevokeSecurityGroupIngress"]
        Resource = [
          "arn:{{partition}}:ec2:{{region}}:{{account_id}}:security-group-rule/*",
          "arn:{{partition}}:ec2:{{region}}:{{account_id}}:security-group/*",
        ]
      },
    ] : statement if statement != null
  ]
}
