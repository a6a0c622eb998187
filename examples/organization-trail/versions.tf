terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7"
    }
  }
}

# Credentials of the management account, and the Region, come from the environment.
provider "aws" {}

# The account that keeps the logs: this one, unless a role of another is given.
provider "aws" {
  alias = "logs"

  dynamic "assume_role" {
    for_each = var.log_account_role_arn[*]

    content {
      role_arn = assume_role.value
    }
  }
}
