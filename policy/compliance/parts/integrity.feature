Feature: The log is whole, and a change of it shows

  Scenario: Trails are switched on
    Given I have aws_cloudtrail defined
    Then it must have enable_logging
    And its value must be true

  Scenario: Trails sign digests of their log files
    Given I have aws_cloudtrail defined
    Then it must have enable_log_file_validation
    And its value must be true

  Scenario: Trails cover every Region
    Given I have aws_cloudtrail defined
    Then it must have is_multi_region_trail
    And its value must be true

  Scenario: Trails record global services
    Given I have aws_cloudtrail defined
    Then it must have include_global_service_events
    And its value must be true

  Scenario: Buckets keep every version
    Given I have aws_s3_bucket_versioning defined
    Then it must have versioning_configuration
    And it must have status
    And its value must match the "^Enabled$" regex
