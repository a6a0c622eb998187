locals {
  _roles = "arn:{{partition}}:iam::{{account_id}}:role/*"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
  _containing = {
    none = null
    boundary = {
      Sid       = "BoundRoles"
      Effect    = "Allow"
      Action    = ["iam:PutRolePermissionsBoundary"]
      Resource  = [local._roles]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = "arn:{{partition}}:iam::aws:policy/AWSDenyAll" } }
    }
    delete = {
      Sid      = "DeleteRoles"
      Effect   = "Allow"
      Action   = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"]
      Resource = [local._roles]
    }
    deny_policy = {
      Sid      = "DenyRoles"
      Effect   = "Allow"
      Action   = ["iam:PutRolePolicy"]
      Resource = [local._roles]
    }
  }

  _statements = [
    for statement in [
      {
        Sid      = "LookAtRoles"
        Effect   = "Allow"
        Action   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
        Resource = [local._roles]
      },
      !var.forbid_admin ? null : {
        Sid      = "LookAtPolicies"
        Effect   = "Allow"
        Action   = ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"]
        Resource = ["arn:{{partition}}:iam::*:policy/*"]
      },
      var.containment != "delete" ? null : {
        Sid      = "LookAtInstanceProfiles"
        Effect   = "Allow"
        Action   = ["iam:ListInstanceProfilesForRole"]
        Resource = [local._roles]
      },
      var.mode != "enforce" ? null : local._containing[var.containment],
      var.mode != "enforce" || var.containment != "delete" ? null : {
        Sid      = "LeaveInstanceProfiles"
        Effect   = "Allow"
        Action   = ["iam:RemoveRoleFromInstanceProfile"]
        Resource = ["arn:{{partition}}:iam::{{account_id}}:instance-profile/*"]
      },
      # Whoever may write policies could write his own.
      var.mode != "enforce" || var.containment == "none" ? null : {
        Sid    = "NeverItselfNorAws"
        Effect = "Deny"
        Action = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource = [
          "{{role_arn}}",
          "arn:{{partition}}:iam::{{account_id}}:role/aws-reserved/*",
          "arn:{{partition}}:iam::{{account_id}}:role/aws-service-role/*",
          # Made by Organizations and Control Tower: without them nobody gets into the account.
          "arn:{{partition}}:iam::{{account_id}}:role/AWSControlTower*",
          "arn:{{partition}}:iam::{{account_id}}:role/OrganizationAccountAccessRole",
          "arn:{{partition}}:iam::{{account_id}}:role/aws-controltower-*",
          "arn:{{partition}}:iam::{{account_id}}:role/service-role/AWSControlTower*",
        ]
      },
    ] : statement if statement != null
  ]

  # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
  # What an SCP can say of the same rules: it sees calls, not the roles that come
  # of them, so trust and the text of policies stay the guard's. Who is exempt is
  # said at the reaction, which puts it into each statement.
  _scp_statements = concat(
    [
      for statement in [
        length(var.forbidden_names) == 0 ? null : {
          Sid      = "ForbiddenNames"
          Effect   = "Deny"
          Action   = ["iam:CreateRole"]
          Resource = flatten([for name in var.forbidden_names : ["arn:*:iam::*:role/${name}", "arn:*:iam::*:role/*/${name}"]])
        },
        length(var.allowed_paths) == 0 ? null : {
          Sid         = "AllowedPaths"
          Effect      = "Deny"
          Action      = ["iam:CreateRole"]
          NotResource = concat([for path in var.allowed_paths : "arn:*:iam::*:role${trimsuffix(path, "*")}*"], ["arn:*:iam::*:role/aws-*"])
        },
        length(var.forbidden_policies) == 0 ? null : {
          Sid       = "ForbiddenPolicies"
          Effect    = "Deny"
          Action    = ["iam:AttachRolePolicy"]
          Resource  = ["*"]
          Condition = { ArnLike = { "iam:PolicyARN" = var.forbidden_policies } }
        },
        var.required_boundary == null ? null : {
          Sid       = "RequiredBoundary"
          Effect    = "Deny"
          Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
          Resource  = ["*"]
          Condition = { ArnNotLike = { "iam:PermissionsBoundary" = [var.required_boundary] } }
        },
        var.required_boundary == null ? null : {
          Sid      = "KeptBoundary"
          Effect   = "Deny"
          Action   = ["iam:DeleteRolePermissionsBoundary"]
          Resource = ["*"]
        },
      ] : statement if statement != null
    ],
    [
      for key in var.required_tags : {
        Sid       = "RequiredTag${substr(sha256(key), 0, 8)}"
        Effect    = "Deny"
        Action    = ["iam:CreateRole"]
        Resource  = ["*"]
        Condition = { Null = { "aws:RequestTag/${key}" = "true" } }
      }
    ],
  )
}
