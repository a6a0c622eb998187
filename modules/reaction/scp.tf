# What prevents is exempt from what it prevents: the reaction's own role, here and
# in member accounts, and whoever the reaction leaves alone.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
locals {
  _scp_exempt_for_good = concat(
    sort(var.iac_principals),
    [local._role_arn],
    var.member_role == null ? [] : ["arn:${local._partition}:iam::*:role/${local._member_role}"],
  )
  _scp_exempt_until = merge(
    var.exempt_principals,
    { for account, until in var.exempt_accounts : "arn:*:iam::${account}:*" => until },
    { for path, until in var.exempt_role_paths : "arn:*:iam::*:role${path}*" => until },
  )

  # Each statement is there once without a date, and once for each day on which an
  # exemption ends, with those who are exempt still.
  _scp_days = concat(["0001-01-01"], sort(distinct(values(local._scp_exempt_until))))
  _scp_statements = flatten([
    for statement in try(jsondecode(var.guard.scp_json).Statement, []) : [
      for number, ended in local._scp_days : merge(
        statement,
        { Sid = number == 0 ? statement.Sid : "${statement.Sid}Since${replace(ended, "-", "")}" },
        {
          Condition = merge(
            try(statement.Condition, {}),
            {
              ArnNotLike = merge(
                try(statement.Condition.ArnNotLike, {}),
                {
                  "aws:PrincipalArn" = concat(
                    sort([for arn, until in local._scp_exempt_until : arn if timecmp("${until}T00:00:00Z", "${ended}T00:00:00Z") > 0]),
                    local._scp_exempt_for_good,
                  )
                },
              )
            },
            number == 0 ? {} : { DateGreaterThan = { "aws:CurrentTime" = "${ended}T23:59:59Z" } },
          )
        },
      )
    ]
  ])

  # A policy takes the statements that begin within its share of the text. The
  # last of them may reach beyond by its length, which the share leaves room for.
  _scp_sizes  = [for statement in local._scp_statements : length(jsonencode(statement)) + 1]
  _scp_share  = max(1, 5120 - length("{'Statement':[],'Version':'2012-10-17'}") - max(0, local._scp_sizes...))
  _scp_starts = [for i in range(length(local._scp_sizes)) : sum(concat([0], slice(local._scp_sizes, 0, i)))]
  _scp_shares = [for start in local._scp_starts : floor(start / local._scp_share)]
  _scps = {
    for number, share in distinct(local._scp_shares) : tostring(number + 1) => [
      for i, statement in local._scp_statements : statement if local._scp_shares[i] == share
    ]
  }
}
