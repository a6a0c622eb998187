# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
resource "aws_scheduler_schedule" "hourly" {
  #checkov:skip=CKV_AWS_297:EventBridge Scheduler encrypts every schedule; var.kms_key_arn gives it a key of your own.
  name                         = var.name
  description                  = "Starts the reconciliation of the trail ${var.trail_name} with the rules"
  kms_key_arn                  = var.kms_key_arn
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.schedule.arn

    # The time that a run is for: one that comes twice is for the same.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    # jsonencode writes < and > as \u003c and \u003e.
    input = replace(replace(
      jsonencode({ scheduled_time = "<aws.scheduler.scheduled-time>" }), "\\u003c", "<"), "\\u003e", ">"
    )

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }
  }
}
