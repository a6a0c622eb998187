# What is done later: the reaction makes schedules that start it once more and then delete themselves
# (an event that the budget held back, the alert at the end of a window). In dry_run there are none.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
locals {
  _schedules = var.guard.mode == "dry_run" ? {} : { this = true }

  # IAM takes 64 characters. With a name of the plan's own, policy and environment are known there.
  _schedule_role_name = (
    length(var.name) <= 42
    ? "${var.name}-${local._region}-later"
    : "${substr(var.name, 0, 33)}-${substr(sha1(var.name), 0, 8)}-${local._region}-later"
  )
  _schedule_role_arn = "arn:${local._partition}:iam::${local._account}:role${var.role_path}${local._schedule_role_name}"
  _schedule_arns     = "arn:${local._partition}:scheduler:${local._region}:${local._account}:schedule/${var.name}/*"
}

# Deleting the group deletes what is in it.
resource "aws_scheduler_schedule_group" "this" {
  for_each = local._schedules

  name = var.name
  tags = var.tags
}

resource "aws_iam_role" "schedule" {
  for_each = local._schedules

  name                 = local._schedule_role_name
  path                 = var.role_path
  description          = "Starts the reaction ${var.name} again"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags

  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local._partition}:scheduler:${local._region}:${local._account}:schedule-group/${var.name}" }
        StringEquals = { "aws:SourceAccount" = local._account }
      }
    }]
  })
}

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
resource "aws_iam_role_policy" "schedule" {
  for_each = local._schedules

  name = "start"
  role = aws_iam_role.schedule[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Start"
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction"]
          Resource = [local._function_arn]
        },
        {
          Sid      = "KeepFailedStarts"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [local._failure_queue_arn]
        },
      ],
      local._failure_queue_key_arn == null ? [] : [{
        Sid       = "EncryptFailedStarts"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [local._failure_queue_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${local._region}.${local._dns_suffix}" } }
      }],
    )
  })
}
