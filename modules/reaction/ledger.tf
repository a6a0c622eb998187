locals {
  _ledger_name = var.ledger_table == null ? "${var.name}-ledger" : var.ledger_table.name
  _ledger_arn  = "arn:${local._partition}:dynamodb:${local._region}:${local._account}:table/${local._ledger_name}"

  _ledger_key_arn = var.ledger_table == null ? var.kms_key_arn : var.ledger_table.kms_key_arn
}

# What was done already, so that nothing is done twice: EventBridge delivers at
# least once, Lambda tries again, and a failure queue is replayed weeks later.
# https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/#required-resources
resource "aws_dynamodb_table" "ledger" {
  #checkov:skip=CKV_AWS_119:DynamoDB encrypts every table; var.kms_key_arn gives it a key of your own.
  count = var.ledger_table == null ? 1 : 0

  name         = local._ledger_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  tags         = var.tags

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  ttl {
    attribute_name = "expiration"
    enabled        = true
  }
}
