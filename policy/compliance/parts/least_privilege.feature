Feature: Nobody may do more than he must

  # A policy that Terraform knows only after apply says nothing yet. The next plan knows it.

  Scenario: Roles don't allow every action
    Given I have aws_iam_role_policy defined
    When its policy is not "known after apply" regex
    Then it must have policy
    And it must have Statement
    And it must have Action
    And its value must not match the "^(\*|\*:\*)$" regex

  Scenario: Roles don't allow all of a service
    Given I have aws_iam_role_policy defined
    When its policy is not "known after apply" regex
    Then it must have policy
    And it must have Statement
    And it must have Action
    And its value must not match the "^[a-z0-9-]+:\*$" regex

  Scenario: Roles are not assumed by everyone
    Given I have aws_iam_role defined
    When its assume_role_policy is not "known after apply" regex
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Principal
    And its value must not match the "^\*$" regex

  Scenario: Bucket policies don't name every action but to deny it
    Given I have aws_s3_bucket_policy defined
    When its policy is not "known after apply" regex
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must not match the "^(\*|\*:\*|s3:\*)$" regex

  Scenario: Queue policies don't name every action but to deny it
    Given I have aws_sqs_queue_policy defined
    When its policy is not "known after apply" regex
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must not match the "^(\*|\*:\*|sqs:\*)$" regex

  Scenario: Functions may be called only by a source that is named
    Given I have aws_lambda_permission defined
    Then it must have source_arn
    And its value must not be null

  Scenario: Buckets refuse public ACLs
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have block_public_acls
    And its value must be true

  Scenario: Buckets refuse public policies
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have block_public_policy
    And its value must be true

  Scenario: Buckets refuse public access
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have restrict_public_buckets
    And its value must be true
