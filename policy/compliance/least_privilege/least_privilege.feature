Feature: No policy allows everything

  # Read on a plan where keys are given, so that every policy is known before apply.

  @noskip
  Scenario: Roles don't allow every action
    Given I have aws_iam_role_policy defined
    Then it must have policy
    And it must have Statement
    And it must have Action
    And its value must not match the "^(\*|\*:\*)$" regex

  @noskip
  Scenario: Roles don't allow all of a service
    Given I have aws_iam_role_policy defined
    Then it must have policy
    And it must have Statement
    And it must have Action
    And its value must not match the "^[a-z0-9-]+:\*$" regex

  @noskip
  Scenario: Roles are not assumed by everyone
    Given I have aws_iam_role defined
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Principal
    And its value must not match the "^\*$" regex

  @noskip
  Scenario: Bucket policies don't name every action but to deny it
    Given I have aws_s3_bucket_policy defined
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must not match the "^(\*|\*:\*|s3:\*)$" regex

  @noskip
  Scenario: Queue policies don't name every action but to deny it
    Given I have aws_sqs_queue_policy defined
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must not match the "^(\*|\*:\*|sqs:\*)$" regex
