Feature: What is recorded is kept long enough

  # A trail's group is a copy for searching: the bucket keeps the log.
  Scenario: Logs of functions and rules are kept for a year
    Given I have aws_cloudwatch_log_group defined
    When its name is "/aws/(lambda|events)/.*" regex
    Then it must have retention_in_days
    And its value must match the "^(0|36[5-9]|3[7-9]\d|[4-9]\d\d|\d{4,})$" regex

  Scenario: Events that failed are kept for 14 days
    Given I have aws_sqs_queue defined
    When its name is ".*(dead-?letter|dlq|failures|undelivered).*" regex
    Then it must have message_retention_seconds
    And its value must be 1209600

  Scenario: Tables can be restored
    Given I have aws_dynamodb_table defined
    Then it must have point_in_time_recovery
    And it must have enabled
    And its value must be true

  Scenario: Keys can be rescued for 30 days
    Given I have aws_kms_key defined
    Then it must have deletion_window_in_days
    And its value must be 30
