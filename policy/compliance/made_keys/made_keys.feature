Feature: Keys that the modules make are kept as keys should be

  @noskip
  Scenario: Keys are rotated
    Given I have aws_kms_key defined
    Then it must have enable_key_rotation
    And its value must be true
