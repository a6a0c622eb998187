data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _account   = data.aws_caller_identity.current.account_id
  _partition = data.aws_partition.current.partition

  # Its own calls are left out of the pattern, which spares an invocation each;
  # the function leaves them alone by itself, too. A caller without a role has
  # no such field: `anything-but` alone would leave it out as well.
  _own_role_arn = (
    var.role == null
    ? "arn:${local._partition}:iam::${local._account}:role${coalesce(var.role_path, "/")}${var.name}-${data.aws_region.current.id}"
    : var.role.arn
  )

  _not_its_own = { sessionContext = { sessionIssuer = { arn = [{ "anything-but" = [local._own_role_arn] }, { exists = false }] } } }

  _roles = "arn:${local._partition}:iam::${local._account}:role/*"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
  _containing = {
    none = null
    boundary = {
      Sid       = "BoundRoles"
      Effect    = "Allow"
      Action    = ["iam:PutRolePermissionsBoundary"]
      Resource  = [local._roles]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = "arn:${local._partition}:iam::aws:policy/AWSDenyAll" } }
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

  _policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
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
          Action   = ["iam:GetPolicy", "iam:GetPolicyVersion"]
          Resource = ["arn:${local._partition}:iam::*:policy/*"]
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
          Resource = ["arn:${local._partition}:iam::${local._account}:instance-profile/*"]
        },
        # Whoever may write policies could write his own.
        var.mode != "enforce" || var.containment == "none" ? null : {
          Sid    = "NeverItselfNorAws"
          Effect = "Deny"
          Action = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
          Resource = [
            local._own_role_arn,
            "arn:${local._partition}:iam::${local._account}:role/aws-reserved/*",
            "arn:${local._partition}:iam::${local._account}:role/aws-service-role/*",
          ]
        },
      ] : statement if statement != null
    ]
  })

  # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
  # What an SCP can say of the same rules: it sees calls, not the roles that come
  # of them, so trust and the text of policies stay the guard's.
  _scp_exempt = {
    ArnNotLike = { "aws:PrincipalArn" = concat(sort(keys(var.exempt_principals)), sort(var.iac_principals), [local._own_role_arn]) }
  }

  _scp_statements = [
    for statement in [
      length(var.forbidden_names) == 0 ? null : {
        Sid       = "ForbiddenNames"
        Effect    = "Deny"
        Action    = ["iam:CreateRole"]
        Resource  = flatten([for name in var.forbidden_names : ["arn:*:iam::*:role/${name}", "arn:*:iam::*:role/*/${name}"]])
        Condition = local._scp_exempt
      },
      length(var.allowed_paths) == 0 ? null : {
        Sid         = "AllowedPaths"
        Effect      = "Deny"
        Action      = ["iam:CreateRole"]
        NotResource = concat([for path in var.allowed_paths : "arn:*:iam::*:role${trimsuffix(path, "*")}*"], ["arn:*:iam::*:role/aws-*"])
        Condition   = local._scp_exempt
      },
      length(var.forbidden_policies) == 0 ? null : {
        Sid       = "ForbiddenPolicies"
        Effect    = "Deny"
        Action    = ["iam:AttachRolePolicy"]
        Resource  = ["*"]
        Condition = merge(local._scp_exempt, { ArnLike = { "iam:PolicyARN" = var.forbidden_policies } })
      },
      var.required_boundary == null ? null : {
        Sid       = "RequiredBoundary"
        Effect    = "Deny"
        Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
        Resource  = ["*"]
        Condition = { ArnNotLike = merge(local._scp_exempt.ArnNotLike, { "iam:PermissionsBoundary" = [var.required_boundary] }) }
      },
      var.required_boundary == null ? null : {
        Sid       = "KeptBoundary"
        Effect    = "Deny"
        Action    = ["iam:DeleteRolePermissionsBoundary"]
        Resource  = ["*"]
        Condition = local._scp_exempt
      },
    ] : statement if statement != null
  ]

  _scp_tag_statements = [
    for key in var.required_tags : {
      Sid       = "RequiredTag${substr(sha256(key), 0, 8)}"
      Effect    = "Deny"
      Action    = ["iam:CreateRole"]
      Resource  = ["*"]
      Condition = merge(local._scp_exempt, { Null = { "aws:RequestTag/${key}" = "true" } })
    }
  ]
}

module "reaction" {
  source = "../reaction"

  name        = var.name
  description = "Contains IAM roles that break the rules (${var.mode})"
  handler     = "reactor.reactions.iam_role_guard.handler"
  mode        = var.mode
  policy_json = local._policy_json

  settings = jsonencode({
    allowed_paths      = var.allowed_paths
    allowed_providers  = var.allowed_providers
    containment        = var.containment
    forbid_admin       = var.forbid_admin
    forbidden_names    = var.forbidden_names
    forbidden_policies = var.forbidden_policies
    required_boundary  = var.required_boundary
    required_tags      = var.required_tags
    trusted_accounts   = var.trusted_accounts
  })

  actions_per_hour        = var.actions_per_hour
  alarm_topic             = var.alarm_topic
  alert_topic             = var.alert_topic
  audit_bus               = var.audit_bus
  code_signing_config_arn = var.code_signing_config_arn
  exempt_accounts         = var.exempt_accounts
  exempt_principals       = var.exempt_principals
  exempt_role_paths       = var.exempt_role_paths
  exempt_tags             = var.exempt_tags
  failure_queue           = var.failure_queue
  iac_principals          = var.iac_principals
  kill_switch             = var.kill_switch
  kms_key_arn             = var.kms_key_arn
  ledger_days             = var.ledger_days
  ledger_table            = var.ledger_table
  log_group               = var.log_group
  log_level               = var.log_level
  log_retention_days      = var.log_retention_days
  max_event_age_seconds   = var.max_event_age_seconds
  max_retries             = var.max_retries
  member_role             = var.member_role
  memory_size             = var.memory_size
  package                 = var.package
  permissions_boundary    = var.permissions_boundary
  powertools_layer_arn    = var.powertools_layer_arn
  reserved_concurrency    = var.reserved_concurrency
  role                    = var.role
  role_path               = var.role_path
  settle_seconds          = var.settle_seconds
  tags                    = var.tags
  timeout                 = var.timeout
  tracing                 = var.tracing
  vpc_config              = var.vpc_config
}
