# How far each account and Region is reconciled, and which events were redelivered.
resource "aws_dynamodb_table" "state" {
  #checkov:skip=CKV_AWS_119:DynamoDB encrypts every table; var.kms_key_arn gives it a key of your own.
  name         = "${var.name}-state"
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
    attribute_name = "expires"
    enabled        = true
  }
}
