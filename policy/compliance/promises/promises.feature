Feature: What these modules promise is in the plan

  # One property a scenario: a chain of steps drills into the value before it.
  # @noskip: a scenario that finds nothing to look at has failed.

  @noskip
  Scenario: The trail validates its log files
    Given I have aws_cloudtrail defined
    Then it must have enable_log_file_validation
    And its value must be true

  @noskip
  Scenario: The trail covers every Region
    Given I have aws_cloudtrail defined
    Then it must have is_multi_region_trail
    And its value must be true

  @noskip
  Scenario: The trail records global services
    Given I have aws_cloudtrail defined
    Then it must have include_global_service_events
    And its value must be true

  @noskip
  Scenario: The trail's logs are encrypted with a key
    Given I have aws_cloudtrail defined
    Then it must have kms_key_id
    And its value must not be null

  @noskip
  Scenario: Every bucket says how it is encrypted
    Given I have aws_s3_bucket defined
    Then it must have aws_s3_bucket_server_side_encryption_configuration

  @noskip
  Scenario: Buckets are encrypted with a key
    Given I have aws_s3_bucket_server_side_encryption_configuration defined
    Then it must have rule
    And it must have apply_server_side_encryption_by_default
    And it must have sse_algorithm
    And its value must be aws:kms

  @noskip
  Scenario: Buckets keep every version
    Given I have aws_s3_bucket_versioning defined
    Then it must have versioning_configuration
    And it must have status
    And its value must match the "^Enabled$" regex

  @noskip
  Scenario: Buckets refuse public policies
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have block_public_policy
    And its value must be true

  @noskip
  Scenario: Buckets refuse public access
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have restrict_public_buckets
    And its value must be true

  @noskip
  Scenario: Queues are encrypted
    Given I have aws_sqs_queue defined
    Then it must have sqs_managed_sse_enabled
    And its value must be true

  @noskip
  Scenario: Topics are encrypted with a key
    Given I have aws_sns_topic defined
    Then it must have kms_master_key_id
    And its value must not be null

  @noskip
  Scenario: Every function says what becomes of its failures
    Given I have aws_lambda_function defined
    Then it must have aws_lambda_function_event_invoke_config

  @noskip
  Scenario: Functions send their failures on
    Given I have aws_lambda_function_event_invoke_config defined
    Then it must have destination_config
    And it must have on_failure
    And it must have destination
    And its value must match the "." regex

  @noskip
  Scenario: Every target has a queue for what can't be delivered
    Given I have aws_cloudwatch_event_target defined
    Then it must have dead_letter_config
    And it must have arn
    And its value must match the "." regex

  @noskip
  Scenario: Functions may be called only by a rule
    Given I have aws_lambda_permission defined
    Then it must have source_arn
    And its value must not be null

  @noskip
  Scenario: Logs of functions are kept for a year
    Given I have aws_cloudwatch_log_group defined
    Then it must have retention_in_days
    And its value must match the "^(0|36[5-9]|3[7-9]\d|[4-9]\d\d|\d{4,})$" regex

  @noskip
  Scenario: Every alarm tells somebody
    Given I have aws_cloudwatch_metric_alarm defined
    Then it must have alarm_actions
    And its value must match the "^arn:" regex

  @noskip
  Scenario: Tables can be restored
    Given I have aws_dynamodb_table defined
    Then it must have point_in_time_recovery
    And it must have enabled
    And its value must be true
