output "account_id" {
  description = "Account of the provider."
  value       = local._account_id
}

output "dns_suffix" {
  description = "What the names of the partition's services end with, as in amazonaws.com."
  value       = local._partition.dns_suffix
}

output "partition" {
  description = "Partition of the Region, as in aws or aws-cn."
  value       = local._partition.partition
}

output "region" {
  description = "Region of the provider."
  value       = local._region
}
