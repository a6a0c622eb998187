locals {
  # The zip is built ahead and checked in, so that a module sourced from git
  # needs no build step. The path is left relative: in a saved plan it must
  # still be right in the folder of the job that applies it.
  _bundled_zip = "${path.module}/../../lambda_src/dist/reactor.zip"

  _from_s3 = try(var.package.s3_bucket, null) != null
  _zip     = local._from_s3 ? null : try(coalesce(var.package.filename), local._bundled_zip)

  _zip_hash = local._from_s3 ? null : try(filebase64sha256(local._zip), null)
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:X-Ray costs by the trace; var.tracing switches it on.
  #checkov:skip=CKV_AWS_115:Reserved concurrency fails in accounts with a low limit; var.reserved_concurrency sets it.
  #checkov:skip=CKV_AWS_116:Failed events go to the on-failure destination, a queue too, whose messages also say why.
  #checkov:skip=CKV_AWS_117:It calls the AWS API only, and nothing can connect to it; var.vpc_config puts it into a VPC.
  #checkov:skip=CKV_AWS_173:Lambda encrypts every environment, and this one holds no secret; var.kms_key_arn gives it a key of your own.
  #checkov:skip=CKV_AWS_272:Code signing needs a signing profile of your own; var.code_signing_config_arn sets it.
  function_name = var.name
  description   = var.guard.description
  role          = var.role == null ? aws_iam_role.this[0].arn : var.role.arn

  architectures = ["arm64"]
  handler       = var.guard.handler
  memory_size   = local._memory_size
  runtime       = "python3.13"
  timeout       = local._timeout

  # A filename that changes alone (a renamed module call, another data folder)
  # uploads the same bytes once more. Ignoring it would be worse: the provider
  # would read the next zip from the path that it remembers, which is gone.
  filename          = local._zip
  s3_bucket         = try(var.package.s3_bucket, null)
  s3_key            = try(var.package.s3_key, null)
  s3_object_version = try(var.package.s3_object_version, null)
  source_code_hash  = try(coalesce(var.package.source_code_hash), local._zip_hash)

  code_signing_config_arn        = var.code_signing_config_arn
  kms_key_arn                    = var.kms_key_arn
  layers                         = concat([local._powertools_layer_arn], local._reactor_layer_arns)
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  tags                           = var.tags

  environment {
    variables = merge(
      local._environment,
      { REACTION_ROLE = local._role_arn },
      var.alert_topic == null ? {} : { ALERT_TOPIC_ARN = var.alert_topic.arn },
      var.finding_target == null ? {} : { REACTION_FINDINGS = var.finding_target.arn },
    )
  }

  logging_config {
    log_format = "Text" # Powertools writes JSON lines itself.
    log_group  = local._log_group_name
  }

  dynamic "tracing_config" {
    for_each = var.tracing ? ["Active"] : []
    content {
      mode = tracing_config.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc_config == null ? [] : [var.vpc_config]
    content {
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6_allowed_for_dual_stack
      security_group_ids          = vpc_config.value.security_group_ids
      subnet_ids                  = vpc_config.value.subnet_ids
    }
  }

  lifecycle {
    precondition {
      condition     = local._from_s3 || try(fileexists(local._zip), true)
      error_message = "There is no zip at ${coalesce(local._zip, "-")}. Take the module from a release or a git ref that holds lambda_src/dist/reactor.zip (`make package` builds it), or give `package` a file that exists, or an S3 object."
    }

    precondition {
      condition     = local._finding_service != "securityhub" || endswith(local._finding_arn, ":${local._account}:hub/default")
      error_message = "finding_target is the Security Hub of another account, and Security Hub takes an account's findings from that account alone: give the hub of ${local._account}. Its administrator sees them too."
    }

    # Not in the variables: a destroy looks at their validations, too, and at no precondition. No date may
    # keep anybody from taking a reaction away.
    precondition {
      condition     = length(local._ended) == 0
      error_message = "Exemptions have ended: ${join(", ", local._ended)}. Leave them out, or give them a later last day."
    }

    precondition {
      condition     = var.actions_per_principal == null ? true : local._budget != -1 && var.actions_per_principal <= local._budget
      error_message = "actions_per_principal would limit nothing: it is a part of actions_per_hour, which is ${local._budget == -1 ? "without a limit (-1)" : local._budget}. Give a smaller number, or leave it out for half."
    }

    precondition {
      # Bytes, not characters: base64 writes 3 bytes as 4 characters.
      condition     = length(base64encode(local._environment_text)) / 4 * 3 <= 4096
      error_message = "The environment of the function is over Lambda's limit of 4 KB: the guard's settings, the exemptions and `environment` together take too much of it. Shorten their lists, with wildcards for instance."
    }
  }

  # Lambda checks on creation what the role may do (network interfaces), and
  # an event may come in at once: permissions and the log group come first.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_dynamodb_table.ledger,
    aws_iam_role_policy.schedule,
    aws_iam_role_policy.this,
    aws_scheduler_schedule_group.this,
  ]
}

# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.max_event_age_seconds
  maximum_retry_attempts       = var.max_retries

  destination_config {
    on_failure {
      destination = var.failure_queue == null ? aws_sqs_queue.failures[0].arn : var.failure_queue.arn
    }
  }

  lifecycle {
    precondition {
      condition     = element(split(":", local._failure_queue_arn), 3) == local._region
      error_message = "failure_queue is in ${element(split(":", local._failure_queue_arn), 3)}, which a function of ${local._region} can't reach: give a queue of this Region, or leave failure_queue out to have one made."
    }
  }
}
