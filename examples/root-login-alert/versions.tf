terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7"
    }
  }
}

# Account and home Region come from the environment.
provider "aws" {}

# Where sign-ins of root and the events of IAM arrive, wherever home is.
provider "aws" {
  alias  = "global"
  region = var.global_region
}
