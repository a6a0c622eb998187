data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
}

module "alert_topic" {
  source = "../../modules/alert-topic"
  name   = "${var.name}-alerts"
}

# Every target is passed whole. The module makes the roles and policies that lead there.
module "event_rules" {
  source      = "../../modules/event-rules"
  name        = var.name
  alarm_topic = module.alert_topic

  rules = {
    bucket-changed = {
      description = "A bucket was made, deleted, or its policy changed"
      pattern = jsonencode({
        source      = ["aws.s3"]
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource = ["s3.amazonaws.com"]
          eventName   = ["CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "PutBucketPolicy"]
          errorCode   = [{ exists = false }]
        }
      })
      targets = {
        # To be searched: CloudWatch Logs Insights.
        log = { log_group = aws_cloudwatch_log_group.events }
        # To be kept as files in S3.
        lake = { delivery_stream = aws_kinesis_firehose_delivery_stream.lake }
        # To be read by several, in the order of each account's events.
        stream = { stream = aws_kinesis_stream.events, partition_key_path = "$.account" }
        # To somebody else's API: a ticket, a chat, a SIEM. The rate is the API destination's.
        ticket = {
          api_destination = aws_cloudwatch_event_api_destination.tickets
          http            = { header_parameters = { X-Rule = "bucket-changed" } }
          input_transformer = {
            input_paths    = { what = "$.detail.eventName", who = "$.detail.userIdentity.arn" }
            input_template = jsonencode({ title = "<who> called <what>" })
          }
          # An API that is down for a day is somebody's incident already.
          retry = { max_age_seconds = 3600 }
        }
        # Several steps, with waiting and deciding between them.
        review = { state_machine = aws_sfn_state_machine.review }
      }
    }

    instance-launched = {
      description = "Instances were launched"
      pattern = jsonencode({
        source      = ["aws.ec2"]
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource = ["ec2.amazonaws.com"]
          eventName   = ["RunInstances"]
          errorCode   = [{ exists = false }]
        }
      })
      targets = {
        # A runbook, AWS's or one's own. It works with a role of its own, which the rule hands to it.
        tag = {
          automation = { document = aws_ssm_document.tag, assume_role = aws_iam_role.automation }
          input_transformer = {
            input_paths    = { instance = "$.detail.responseElements.instancesSet.items[0].instanceId", who = "$.detail.userIdentity.arn" }
            input_template = jsonencode({ AutomationAssumeRole = [aws_iam_role.automation.arn], InstanceId = ["<instance>"], LaunchedBy = ["<who>"] })
          }
        }
        # On instances that are there already. The event is not handed on: input says what is done.
        inventory = {
          run_command = {
            document = { arn = "arn:${local.partition}:ssm:${local.region}::document/AWS-RunShellScript" }
            targets  = { "tag:Role" = ["inventory"] }
          }
          input = jsonencode({ commands = ["/usr/local/bin/refresh-inventory"] })
        }
        # What takes longer than a Lambda function may. The event is not handed on here either.
        scan = {
          ecs_task = {
            cluster               = aws_ecs_cluster.scans
            network_configuration = { subnets = var.subnet_ids }
            task_definition       = aws_ecs_task_definition.scan
          }
          input_transformer = {
            input_paths    = { instance = "$.detail.responseElements.instancesSet.items[0].instanceId" }
            input_template = jsonencode({ containerOverrides = [{ name = "scan", environment = [{ name = "INSTANCE", value = "<instance>" }] }] })
          }
        }
      }
    }

    # In a security account, straight to what it has there.
    trail-tampered = {
      description = "Somebody stopped, changed or deleted a trail"
      pattern = jsonencode({
        source      = ["aws.cloudtrail"]
        detail-type = ["AWS API Call via CloudTrail"]
        detail = {
          eventSource = ["cloudtrail.amazonaws.com"]
          eventName   = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"]
          errorCode   = [{ exists = false }]
        }
      })
      targets = {
        code   = { function = { arn = var.security.function_arn }, cross_account = true }
        people = { topic = { arn = var.security.topic_arn }, cross_account = true }
        work   = { queue = { arn = var.security.queue_arn }, cross_account = true }
      }
    }

    # Seen in the console and counted by its metrics, handed to nobody.
    watched = {
      description = "Nobody is told"
      pattern     = jsonencode({ source = ["aws.kms"], detail = { eventName = ["ScheduleKeyDeletion"] } })
      targets     = {}
    }
  }
}
