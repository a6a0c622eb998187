locals {
  # The zip is built ahead and checked in, so that a module sourced from git
  # needs no build step.
  _bundled_zip = "${path.module}/../../lambda_src/dist/reactor.zip"

  _from_s3 = try(var.package.s3_bucket, null) != null
  _zip     = local._from_s3 ? null : try(coalesce(var.package.filename), local._bundled_zip)

  # Pinned: `latest` would change plans by itself.
  # https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
  _powertools_version = "3.22.1"

  # A provider that `terraform test` mocks answers with a word.
  _public_layer_arn     = try(startswith(data.aws_ssm_parameter.powertools[0].insecure_value, "arn:"), true) ? one(data.aws_ssm_parameter.powertools[*].insecure_value) : "arn:${local._partition}:lambda:${local._region}:${local._account}:layer:mocked:1"
  _powertools_layer_arn = var.powertools_layer_arn == null ? local._public_layer_arn : var.powertools_layer_arn
}

data "aws_ssm_parameter" "powertools" {
  count = var.public_powertools_layer ? 1 : 0

  name = "/aws/service/powertools/python/arm64/python3.13/${local._powertools_version}"

  lifecycle {
    precondition {
      condition     = local._partition == "aws"
      error_message = "The public parameter of the Powertools layer exists in commercial Regions only. Set `public_powertools_layer = false` and give `powertools_layer_arn`: Powertools' installation page lists the ARNs for GovCloud and China."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts every log group; var.kms_key_arn gives it a key of your own.
  name              = local._log_group_name
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:X-Ray costs by the trace; every run is in the log, with what it found.
  #checkov:skip=CKV_AWS_115:Reserved concurrency fails in accounts with a low limit; the queue bounds the workers.
  #checkov:skip=CKV_AWS_116:Failed runs go to the on-failure destination, a queue too, and failed work to the work queue's dead-letter queue.
  #checkov:skip=CKV_AWS_117:It calls the AWS API only, and nothing can connect to it; in a VPC it would need endpoints.
  #checkov:skip=CKV_AWS_173:Lambda encrypts every environment, and this one holds no secret; var.kms_key_arn gives it a key of your own.
  #checkov:skip=CKV_AWS_272:Code signing needs a signing profile of your own; var.code_signing_config_arn sets it.
  function_name = var.name
  description   = "Proves that the log files of the trail ${var.trail_name} are what CloudTrail delivered"
  role          = aws_iam_role.function.arn

  architectures = ["arm64"]
  handler       = "reactor.digest.scheduled.handler"
  memory_size   = var.memory_size
  runtime       = "python3.13"
  timeout       = var.timeout

  filename          = local._zip
  s3_bucket         = try(var.package.s3_bucket, null)
  s3_key            = try(var.package.s3_key, null)
  s3_object_version = try(var.package.s3_object_version, null)
  source_code_hash  = try(coalesce(var.package.source_code_hash), local._from_s3 ? null : try(filebase64sha256(local._zip), null))

  code_signing_config_arn = var.code_signing_config_arn
  kms_key_arn             = var.kms_key_arn
  layers                  = [local._powertools_layer_arn]
  tags                    = var.tags

  environment {
    variables = merge(
      {
        POWERTOOLS_LOG_LEVEL         = var.log_level
        POWERTOOLS_METRICS_NAMESPACE = "CloudTrailReactor"
        POWERTOOLS_SERVICE_NAME      = var.name
        REACTION_NAME                = var.name
        REACTION_SETTINGS            = jsonencode(merge(local._settings, { work_queue_url = aws_sqs_queue.work.url }))
      },
      var.alert_topic == null ? {} : { ALERT_TOPIC_ARN = var.alert_topic.arn },
    )
  }

  logging_config {
    log_format = "Text" # Powertools writes JSON lines itself.
    log_group  = aws_cloudwatch_log_group.this.name
  }

  lifecycle {
    precondition {
      condition     = local._from_s3 || try(fileexists(local._zip), true)
      error_message = "There is no zip at ${coalesce(local._zip, "-")}. Take the module from a release or a git ref that holds lambda_src/dist/reactor.zip (`make package` builds it), or give `package` a file that exists, or an S3 object."
    }

    precondition {
      # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
      condition     = local._environment_bytes <= 4096
      error_message = "The environment of the function is over Lambda's limit of 4 KB with ${length(var.accounts)} accounts and ${length(var.regions)} regions: leave accounts out, so that all that the bucket holds are proven, or split them between two of these modules."
    }

    precondition {
      condition     = var.stale_minutes >= var.lag_minutes + 120
      error_message = "stale_minutes must be at least two hours more than lag_minutes: a run comes every hour, and the alarm on silence looks for one in the time between the two."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# What Scheduler starts fails without a caller that would notice.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = 3600 # then the next run is there
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }
  }
}

# One message is one account and Region; so many are worked on at once.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
resource "aws_lambda_event_source_mapping" "work" {
  event_source_arn        = aws_sqs_queue.work.arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = var.max_workers
  }
}
