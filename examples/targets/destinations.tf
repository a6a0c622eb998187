resource "aws_cloudwatch_log_group" "events" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts every log group. A KMS key of your own needs a policy that admits logs.amazonaws.com.
  name              = "/aws/events/${var.name}"
  retention_in_days = 365
}

resource "aws_kinesis_stream" "events" {
  #checkov:skip=CKV_AWS_185:It is encrypted, with the account's alias/aws/kinesis. With a key of your own, give the rule's role kms:GenerateDataKey on it.
  name            = var.name
  encryption_type = "KMS"
  kms_key_id      = "alias/aws/kinesis"

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

resource "aws_kinesis_firehose_delivery_stream" "lake" {
  #checkov:skip=CKV_AWS_241:Firehose keeps a record for 15 minutes at most, and the bucket encrypts what arrives. With a key of your own, give the rule's role kms:GenerateDataKey on it.
  name        = "${var.name}-lake"
  destination = "extended_s3"

  extended_s3_configuration {
    bucket_arn         = "arn:${local.partition}:s3:::${var.bucket_name}"
    compression_format = "GZIP"
    prefix             = "events/"
    role_arn           = aws_iam_role.lake.arn
  }

  server_side_encryption {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.lake]
}

resource "aws_iam_role" "lake" {
  name_prefix = "${var.name}-lake-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "firehose.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
    ]
  })
}

# https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
resource "aws_iam_role_policy" "lake" {
  name = "write"
  role = aws_iam_role.lake.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = "arn:${local.partition}:s3:::${var.bucket_name}/events/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = "arn:${local.partition}:s3:::${var.bucket_name}"
      },
    ]
  })
}

resource "aws_cloudwatch_event_connection" "tickets" {
  name               = var.name
  description        = "How tickets are opened"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "x-api-key"
      value = var.api_key
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "tickets" {
  name                             = var.name
  description                      = "Opens a ticket"
  connection_arn                   = aws_cloudwatch_event_connection.tickets.arn
  http_method                      = "POST"
  invocation_endpoint              = var.endpoint_url
  invocation_rate_limit_per_second = 5
}

resource "aws_sfn_state_machine" "review" {
  #checkov:skip=CKV_AWS_284:X-Ray costs by the trace, and this machine calls nothing that a trace would show.
  #checkov:skip=CKV_AWS_285:Step Functions keeps the history of each execution for 90 days; logging costs by the gigabyte.
  name     = "${var.name}-review"
  role_arn = aws_iam_role.review.arn
  definition = jsonencode({
    StartAt = "Wait"
    States = {
      Wait = { Type = "Wait", Seconds = 60, Next = "Done" }
      Done = { Type = "Succeed" }
    }
  })
}

resource "aws_iam_role" "review" {
  name_prefix = "${var.name}-review-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "states.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
    ]
  })
}

resource "aws_iam_role" "automation" {
  name_prefix = "${var.name}-automation-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "ssm.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "automation" {
  name = "tag"
  role = aws_iam_role.automation.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = "arn:${local.partition}:ec2:${local.region}:${local.account_id}:instance/*"
      },
      {
        Effect   = "Allow"
        Action   = "ec2:DescribeTags"
        Resource = "*"
      },
    ]
  })
}

# https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-createtag.html
resource "aws_ssm_document" "tag" {
  name            = "${var.name}-tag"
  document_type   = "Automation"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "0.3"
    description   = "Tags an instance with who launched it"
    assumeRole    = "{{ AutomationAssumeRole }}"
    parameters = {
      AutomationAssumeRole = { type = "String" }
      InstanceId           = { type = "String" }
      LaunchedBy           = { type = "String" }
    }
    mainSteps = [
      {
        name   = "tag"
        action = "aws:createTags"
        inputs = {
          ResourceIds  = ["{{ InstanceId }}"]
          ResourceType = "EC2"
          Tags         = [{ Key = "launched-by", Value = "{{ LaunchedBy }}" }]
        }
      },
    ]
  })
}

resource "aws_ecs_cluster" "scans" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "scan" {
  family                   = "${var.name}-scan"
  cpu                      = 256
  memory                   = 512
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.scan.arn
  container_definitions    = jsonencode([{ name = "scan", image = var.image, essential = true, readonlyRootFilesystem = true }])
}

resource "aws_iam_role" "scan" {
  name_prefix = "${var.name}-scan-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "ecs-tasks.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
    ]
  })
}
