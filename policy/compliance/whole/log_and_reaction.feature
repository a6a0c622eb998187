Feature: Calls are logged, and calls are reacted to

  # @noskip: a scenario that finds nothing to look at has failed.

  @noskip
  Scenario: Calls are logged
    Given I have aws_cloudtrail defined
    Then it must have enable_logging
    And its value must be true

  @noskip
  Scenario: Rules match calls that CloudTrail has logged
    Given I have aws_cloudwatch_event_rule defined
    Then it must have event_pattern
    And any of its values must match the ".*via CloudTrail" regex

  @noskip
  Scenario: What a rule matches goes somewhere
    Given I have aws_cloudwatch_event_target defined
    Then it must have arn

  @noskip
  Scenario: People are told
    Given I have aws_sns_topic defined
    Then it must have kms_master_key_id

  @noskip
  Scenario: Events that can't be delivered are kept
    Given I have aws_sqs_queue defined
    When its name is ".*(dead-?letter|dlq|failures|undelivered).*" regex
    Then it must have message_retention_seconds

  @noskip
  Scenario: Alarms watch all of that
    Given I have aws_cloudwatch_metric_alarm defined
    Then it must have alarm_name
