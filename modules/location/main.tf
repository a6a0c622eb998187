data "aws_caller_identity" "current" {
  lifecycle {
    postcondition {
      condition     = var.account_id == null || !can(regex(local._account_ids, self.account_id)) ? true : self.account_id == var.account_id
      error_message = "account_id is ${coalesce(var.account_id, "-")}, and the provider is in the account ${self.account_id}: leave account_id out, or pass a provider of that account."
    }
  }
}

data "aws_region" "current" {
  lifecycle {
    postcondition {
      condition     = var.region == null || !can(regex(local._regions, self.id)) ? true : self.id == var.region
      error_message = "region is ${coalesce(var.region, "-")}, and the provider is in ${self.id}: leave region out, or pass a provider of that Region."
    }
  }
}

locals {
  # A provider that `terraform test` mocks answers with a word, and no ARN can be made of it.
  _account_ids      = "^[0-9]{12}$"
  _regions          = "^[a-z]{2,}(-[a-z]+)+-[0-9]+$"
  _found_account_id = can(regex(local._account_ids, data.aws_caller_identity.current.account_id)) ? data.aws_caller_identity.current.account_id : "000000000000"
  _found_region     = can(regex(local._regions, data.aws_region.current.id)) ? data.aws_region.current.id : "us-east-1"

  _account_id = var.account_id == null ? local._found_account_id : var.account_id
  _region     = var.region == null ? local._found_region : var.region

  # A Region's name tells its partition, without a lookup.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
  # https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
  _partitions = {
    cn      = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
    eu-isoe = { partition = "aws-iso-e", dns_suffix = "cloud.adc-e.uk" }
    eusc-de = { partition = "aws-eusc", dns_suffix = "amazonaws.eu" }
    us-gov  = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
    us-iso  = { partition = "aws-iso", dns_suffix = "c2s.ic.gov" }
    us-isob = { partition = "aws-iso-b", dns_suffix = "sc2s.sgov.gov" }
    us-isof = { partition = "aws-iso-f", dns_suffix = "csp.hci.ic.gov" }
  }
  _partition = merge(
    { partition = "aws", dns_suffix = "amazonaws.com" },
    [for prefix, partition in local._partitions : partition if startswith(local._region, "${prefix}-")]...
  )
}
