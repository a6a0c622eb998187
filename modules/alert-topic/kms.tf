resource "aws_kms_key" "this" {
  count = var.own_kms_key ? 1 : 0

  description             = "Encrypts the messages of the topic ${var.name}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = local._kms_key_policy
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.own_kms_key ? 1 : 0

  name          = "alias/alert-topic/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

check "kms_key" {
  assert {
    condition     = var.own_kms_key ? var.kms_key_arn == null : true
    error_message = "kms_key_arn is given, and the module makes a key as well, which nothing uses: set own_kms_key = false. A key costs 1 USD a month."
  }
}
