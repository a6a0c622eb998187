# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
locals {
  _role_given = nonsensitive(var.role != null)
  _role_targets = {
    for id, target in local._targets : id => target
    if target.kind == null ? false : contains(["always", target.cross_account ? "abroad" : "always"], local._kinds[target.kind].role)
  }
  # By rule: a role serves one rule alone.
  _role_rules = local._role_given ? {} : { for id, target in local._role_targets : target.rule_id => id... }

  _role_arns = {
    for id in distinct(values(local._role_targets)[*].rule_id) : id => [
      for arn in [local._role_given ? var.role.arn : aws_iam_role.this[id].arn] : "${can(regex(local._mock, arn)) ? local._mock_start : ""}${arn}"
    ][0]
  }

  # What a role may reach for a target. The whole of an API destination's ARN is not known before it is made.
  _reached = {
    for id, target in local._role_targets : id => target.kind != "api_destination" ? local._target_arns[id] : (
      target.api_destination.name == null ? target.api_destination.arn : "${local._arn_start}:api-destination/${target.api_destination.name}/*"
    )
  }
  # Kinds that need more than an action on an ARN.
  _ecs_tasks    = { for id, target in local._role_targets : id => target.ecs_task if target.kind == "ecs_task" }
  _run_commands = { for id, target in local._role_targets : id => target.run_command if target.kind == "run_command" }
  _automations  = { for id, target in local._role_targets : id => target.automation if target.kind == "automation" }

  _role_statements = {
    for rule_id, ids in local._role_rules : rule_id => concat(
      [
        for kind, needs in local._kinds : {
          Effect   = "Allow"
          Action   = needs.actions
          Resource = sort(distinct([for id in ids : local._reached[id] if local._targets[id].kind == kind]))
        } if kind != "ecs_task" && contains([for id in ids : local._targets[id].kind], kind)
      ],
      # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html
      # Any revision: the rule has the old one until it is told of the new one.
      flatten([
        for id in ids : [
          for task in [local._ecs_tasks[id]] : concat(
            [{
              Effect    = "Allow"
              Action    = ["ecs:RunTask"]
              Resource  = ["${replace(task.task_definition.arn, "/:[0-9]+$/", "")}:*"]
              Condition = { ArnEquals = { "ecs:cluster" = task.cluster.arn } }
            }],
            [for roles in [[for arn in [task.task_definition.execution_role_arn, task.task_definition.task_role_arn] : arn if arn != null]] : {
              Effect    = "Allow"
              Action    = ["iam:PassRole"]
              Resource  = roles
              Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
            } if length(roles) > 0],
          )
        ] if contains(keys(local._ecs_tasks), id)
      ]),
      # https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
      flatten([
        for id in ids : [
          for key, values in local._run_commands[id].targets : key == "InstanceIds" ? {
            Effect    = "Allow"
            Action    = ["ssm:SendCommand"]
            Resource  = [for value in values : startswith(value, "mi-") ? "arn:${local._partition}:ssm:${local._region}:${local._account_id}:managed-instance/${value}" : "arn:${local._partition}:ec2:${local._region}:${local._account_id}:instance/${value}"]
            Condition = null
            } : {
            Effect    = "Allow"
            Action    = ["ssm:SendCommand"]
            Resource  = ["arn:${local._partition}:ec2:${local._region}:${local._account_id}:instance/*", "arn:${local._partition}:ssm:${local._region}:${local._account_id}:managed-instance/*"]
            Condition = { StringEquals = { "ssm:resourceTag/${trimprefix(key, "tag:")}" = values } }
          }
        ] if contains(keys(local._run_commands), id)
      ]),
      # https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-iam.html
      [
        for id in ids : {
          Effect    = "Allow"
          Action    = ["iam:PassRole"]
          Resource  = [local._automations[id].assume_role.arn]
          Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
        } if contains(keys(local._automations), id) ? local._automations[id].assume_role != null : false
      ],
    )
  }
  _role_policies = {
    for rule_id, statements in local._role_statements : rule_id => jsonencode({
      Version   = "2012-10-17"
      Statement = [for statement in statements : { for name, value in statement : name => value if value != null }]
    })
  }
}

resource "aws_iam_role" "this" {
  for_each = local._role_rules

  # IAM's names are the account's: the same rules in another Region need other roles. A prefix, since a
  # name made of looked-up values would replace the role whenever the look-up is put off.
  name_prefix          = "${substr(replace(local._rules[each.key].name, "/[^A-Za-z0-9._-]/", "_"), 0, 37)}-"
  description          = "The rule ${local._rules[each.key].name} reaches its targets with it"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local._rule_arns[each.key] }
          StringEquals = { "aws:SourceAccount" = local._account_id }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = local._role_rules

  name   = "targets"
  role   = aws_iam_role.this[each.key].name
  policy = local._role_policies[each.key]

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(local._role_policies[each.key]) <= 10240
      error_message = "The policy of the role of the rule ${each.key} would have ${length(local._role_policies[each.key])} characters, and IAM takes 10,240: name instances by a tag in run_command.targets, or split the targets between two rules."
    }
  }
}
