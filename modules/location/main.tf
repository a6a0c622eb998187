# Without conditions of their own: Terraform would put the lookup off until everything that the module's
# call refers to exists, and no policy built from it would be known when planning. The outputs have them.
data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

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
