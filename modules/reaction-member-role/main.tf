data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  _account   = data.aws_caller_identity.current.account_id
  _partition = data.aws_partition.current.partition

  _ec2     = "arn:${local._partition}:ec2:*:${local._account}"
  _roles   = "arn:${local._partition}:iam::${local._account}:role/*"
  _buckets = "arn:${local._partition}:s3:::*"

  # What each reaction does in an account, as its own module grants it at home;
  # tests hold the two together. `look` is what it needs in every mode.
  _reactions = {
    bucket-baseline = {
      look = [{
        Action = [
          "s3:GetBucketLogging",
          "s3:GetBucketOwnershipControls",
          "s3:GetBucketPolicy",
          "s3:GetBucketPublicAccessBlock",
          "s3:GetBucketTagging",
          "s3:GetBucketVersioning",
          "s3:GetEncryptionConfiguration",
        ]
        Resource = [local._buckets]
      }]
      act = [{
        Action = [
          "s3:PutBucketLogging",
          "s3:PutBucketOwnershipControls",
          "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock",
          "s3:PutBucketTagging",
          "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration",
        ]
        Resource = [local._buckets]
      }]
    }
    ec2-launch-guard = {
      look = [{
        Action   = ["ec2:DescribeInstanceTypes", "ec2:DescribeInstances", "ec2:DescribeVolumes"]
        Resource = ["*"]
      }]
      act = [
        {
          Action    = ["ec2:CreateTags"]
          Resource  = ["${local._ec2}:instance/*", "${local._ec2}:volume/*"]
          Condition = { "ForAllValues:StringLike" = { "aws:TagKeys" = ["${var.tag_prefix}*"] } }
        },
        {
          Action   = ["ec2:StopInstances"]
          Resource = ["${local._ec2}:instance/*"]
        },
      ]
    }
    # Of its ways to contain a role, the one that needs the least.
    iam-role-guard = {
      look = [
        {
          Action   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
          Resource = [local._roles]
        },
        {
          Action   = ["iam:GetPolicy", "iam:GetPolicyVersion"]
          Resource = ["arn:${local._partition}:iam::*:policy/*"]
        },
      ]
      act = [{
        Action    = ["iam:PutRolePermissionsBoundary"]
        Resource  = [local._roles]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = "arn:${local._partition}:iam::aws:policy/AWSDenyAll" } }
      }]
    }
    security-group-guard = {
      look = [{
        Action   = ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"]
        Resource = ["*"]
      }]
      act = [{
        Action   = ["ec2:RevokeSecurityGroupIngress"]
        Resource = ["${local._ec2}:security-group-rule/*", "${local._ec2}:security-group/*"]
      }]
    }
    trail-guard = {
      look = [{
        Action   = ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"]
        Resource = ["arn:${local._partition}:cloudtrail:*:*:trail/*"]
      }]
      act = [{
        Action   = ["cloudtrail:PutEventSelectors", "cloudtrail:StartLogging", "cloudtrail:UpdateTrail"]
        Resource = ["arn:${local._partition}:cloudtrail:*:${local._account}:trail/*"]
      }]
    }
  }

  _given = flatten([
    for name in sort(var.reactions) : [
      for kind in ["look", "act"] : local._reactions[name][kind] if kind == "look" || var.may_act
    ]
  ])

  _own = flatten([try(jsondecode(var.policy_json).Statement, [])])

  _policy_json = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([for statement in local._given : merge({ Effect = "Allow" }, statement)], local._own)
  })

  # https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
  # The account is the principal and the roles a condition, as a role that is not
  # there yet can't be a principal; the organization keeps a copy elsewhere out.
  _trust_json = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "HubReactions"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:${local._partition}:iam::${var.hub_account_id}:root" }
      Condition = {
        ArnLike = { "aws:PrincipalArn" = [for name in sort(var.hub_role_names) : "arn:${local._partition}:iam::${var.hub_account_id}:role/${name}"] }
        StringEquals = merge(
          { "sts:ExternalId" = var.external_id },
          var.organization_id == null ? {} : { "aws:PrincipalOrgID" = var.organization_id },
        )
      }
    }]
  })
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.path
  description          = "What reactions of ${var.hub_account_id} may do here"
  assume_role_policy   = local._trust_json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_290:The actions on * only look, and know no resource.
  #checkov:skip=CKV_AWS_355:The actions on * only look, and know no resource.
  name   = "reactions"
  role   = aws_iam_role.this.name
  policy = local._policy_json

  lifecycle {
    precondition {
      condition     = length(var.reactions) > 0 || var.policy_json != null
      error_message = "The role would permit nothing: name at least one of reactions, or give policy_json for a reaction of your own."
    }
  }
}
