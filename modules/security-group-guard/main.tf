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
      {
        # A list that another account shares has that account in its ARN, and
        # AWS's own lists have none of ours.
        Sid      = "LookAtPrefixLists"
        Effect   = "Allow"
        Action   = ["ec2:GetManagedPrefixListEntries"]
        Resource = ["arn:{{partition}}:ec2:{{region}}:*:prefix-list/*"]
      },
      var.mode != "enforce" ? null : {
        # AWS asks about the group, whether rules are named by their ids or not.
        Sid      = "RevokeRules"
        Effect   = "Allow"
        Action   = ["ec2:RevokeSecurityGroupIngress"]
        Resource = ["arn:{{partition}}:ec2:{{region}}:{{account_id}}:security-group/*"]
      },
    ] : statement if statement != null
  ]
}
