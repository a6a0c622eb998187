output "actions_per_hour" {
  description = "Actions that the guard may take in an hour, unless its reaction says otherwise."
  value       = 300
}

output "alerts" {
  description = "Events that the guard alerts on, in words."
  value       = "buckets below the baseline"
}

output "description" {
  description = "One line that says what the guard does."
  value       = "Brings S3 buckets to a baseline (${var.mode})"
}

output "event_pattern" {
  description = "EventBridge pattern (JSON) of the events that the guard is for: new buckets, and changes of what the baseline sets, by anybody but the guard."
  value = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["s3.amazonaws.com"]
      eventName = [
        "CreateBucket",
        "DeleteBucketEncryption",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "DeleteBucketTagging",
        "PutBucketEncryption",
        "PutBucketLogging",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketTagging",
        "PutBucketVersioning",
      ]
      errorCode    = [{ exists = false }]
      userIdentity = { arn = [{ "anything-but" = ["{{session_arn}}"] }, { exists = false }] }
    }
  })
}

output "handler" {
  description = "Entry point of the guard's code."
  value       = "reactor.reactions.bucket_baseline.handler"
}

output "mode" {
  description = "Mode of the guard: dry_run, notify or enforce."
  value       = var.mode
}

output "policy_json" {
  description = "Policy document (JSON) of what the guard needs in its mode, with placeholders for the place ({{account_id}}, {{partition}}, {{region}}, {{role_arn}}) that reaction and reaction-member-role fill in."
  value       = jsonencode({ Version = "2012-10-17", Statement = local._statements })
}

output "settings" {
  description = "Settings as the guard's code reads them, as JSON."
  value = jsonencode({
    block_public_access = var.block_public_access
    encryption          = var.encryption
    key_accounts        = var.key_accounts
    kms_key_arn         = var.kms_key_arn
    log_bucket          = var.log_bucket
    log_prefix          = var.log_prefix
    ownership           = var.ownership
    skip_buckets        = var.skip_buckets
    tags                = [for key, value in var.required_tags : "${key}=${value}"]
    tls_only            = var.tls_only
    versioning          = var.versioning
  })
}
