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

# The other Region; us-east-1 has the events of global services.
provider "aws" {
  alias  = "away"
  region = var.away_region
}
