Feature: What goes wrong is told

  Scenario: Alarms tell somebody
    Given I have aws_cloudwatch_metric_alarm defined
    Then it must have alarm_actions
    And its value must match the "." regex

  Scenario: Alarms are switched on
    Given I have aws_cloudwatch_metric_alarm defined
    Then it must have actions_enabled
    And its value must be true

  Scenario: Targets have a queue for what can't be delivered
    Given I have aws_cloudwatch_event_target defined
    Then it must have dead_letter_config
    And it must have arn
    And its value must match the "." regex

  Scenario: Functions that no queue feeds say what becomes of their failures
    Given I have aws_lambda_function defined
    When it does not have aws_lambda_event_source_mapping
    Then it must have aws_lambda_function_event_invoke_config

  Scenario: Functions send their failures on
    Given I have aws_lambda_function_event_invoke_config defined
    Then it must have destination_config
    And it must have on_failure
    And it must have destination
    And its value must match the "." regex
