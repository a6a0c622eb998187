Feature: What is stored is encrypted

  Scenario: The trail's logs are encrypted with a key
    Given I have aws_cloudtrail defined
    Then it must have kms_key_id
    And its value must not be null

  Scenario: Every bucket says how it is encrypted
    Given I have aws_s3_bucket defined
    Then it must have aws_s3_bucket_server_side_encryption_configuration

  Scenario: Buckets are encrypted
    Given I have aws_s3_bucket_server_side_encryption_configuration defined
    Then it must have rule
    And it must have apply_server_side_encryption_by_default
    And it must have sse_algorithm
    And its value must match the "^(aws:kms|aws:kms:dsse|AES256)$" regex

  Scenario: Topics are encrypted with a key
    Given I have aws_sns_topic defined
    Then it must have kms_master_key_id
    And its value must not be null

  Scenario: Queues without a key of their own are encrypted with SQS's
    Given I have aws_sqs_queue defined
    When its kms_master_key_id is None
    Then it must have sqs_managed_sse_enabled
    And its value must be true

  Scenario: Keys are rotated
    Given I have aws_kms_key defined
    Then it must have enable_key_rotation
    And its value must be true
