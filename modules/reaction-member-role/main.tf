module "location" {
  source = "../location"

  account_id = var.account_id
  region     = var.region

  arns = {
    permissions_boundary = var.permissions_boundary
  }
}

locals {
  _account   = module.location.account_id
  _partition = module.location.partition

  _role_arn = "arn:${local._partition}:iam::${local._account}:role${var.path}${var.name}"

  # A guard makes nothing and knows no place: what it leaves open is filled in
  # here. The role serves every Region of its account. Guards of one kind have
  # the same Sids, which a policy must not have twice: they are left out.
  _statements = flatten([
    for guard in values(var.guards) : [
      for statement in flatten([try(jsondecode(replace(replace(replace(replace(guard.policy_json,
        "{{account_id}}", local._account),
        "{{partition}}", local._partition),
        "{{region}}", "*"),
      "{{role_arn}}", local._role_arn)).Statement, [])]) :
      { for name, value in statement : name => value if name != "Sid" }
    ]
  ])

  _policy_json = jsonencode({ Version = "2012-10-17", Statement = local._statements })

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
  #checkov:skip=CKV_AWS_61:The hub's account is the principal, and conditions narrow it to its roles and an external id.
  name                 = var.name
  path                 = var.path
  description          = "What reactions of ${var.hub_account_id} may do here"
  assume_role_policy   = local._trust_json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(local._trust_json) <= 2048
      error_message = "The trust policy of the role would have ${length(local._trust_json)} characters, and IAM takes 2,048: give fewer hub_role_names, with wildcards as in \"security/*-guard-*\", or a shorter external_id."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_290:The actions on * only look, and know no resource.
  #checkov:skip=CKV_AWS_355:The actions on * only look, and know no resource.
  name   = "reactions"
  role   = aws_iam_role.this.name
  policy = local._policy_json

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(local._policy_json) <= 10240
      error_message = "The role's policy would have ${length(local._policy_json)} characters, and IAM takes 10,240: split guards between two of these modules, each with a name of its own."
    }
  }
}
