output "account_id" {
  description = "Account of the provider."
  value       = local._account_id

  precondition {
    condition     = var.account_id == null || !can(regex(local._account_ids, data.aws_caller_identity.current.account_id)) ? true : data.aws_caller_identity.current.account_id == var.account_id
    error_message = "account_id is ${coalesce(var.account_id, "-")}, and the provider is in the account ${data.aws_caller_identity.current.account_id}: leave account_id out, or pass a provider of that account."
  }
}

output "dns_suffix" {
  description = "Suffix of the host names of the partition's services, as in amazonaws.com."
  value       = local._partition.dns_suffix
}

output "partition" {
  description = "Partition of the Region, as in aws or aws-cn."
  value       = local._partition.partition
}

output "region" {
  description = "Region of the provider."
  value       = local._region

  precondition {
    condition     = var.region == null || !can(regex(local._regions, data.aws_region.current.id)) ? true : data.aws_region.current.id == var.region
    error_message = "region is ${coalesce(var.region, "-")}, and the provider is in ${data.aws_region.current.id}: leave region out, or pass a provider of that Region."
  }
}
