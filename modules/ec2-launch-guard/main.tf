locals {
  _alerting = compact([
    var.alert_from_count == null ? "" : "alert_from_count",
    var.alert_from_size == null ? "" : "alert_from_size",
    var.alert_from_vcpus == null ? "" : "alert_from_vcpus",
    length(var.alert_instance_types) == 0 ? "" : "alert_instance_types",
    var.alert_on_accelerators ? "alert_on_accelerators" : "",
  ])

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  # Looking knows no resource to narrow it to. Only in enforce is anything
  # written, and then nothing but tags of our own prefix: no tag that somebody's
  # policy relies on can be changed.
  _statements = [
    for statement in [
      {
        Sid    = "LookAtInstances"
        Effect = "Allow"
        Action = concat(
          ["ec2:DescribeInstances"],
          var.alert_from_vcpus != null || var.alert_on_accelerators ? ["ec2:DescribeInstanceTypes"] : [],
          ["ec2:DescribeVolumes"],
        )
        Resource = ["*"]
      },
      var.mode != "enforce" ? null : {
        Sid    = "TagWhatWasLaunched"
        Effect = "Allow"
        Action = ["ec2:CreateTags"]
        Resource = [
          "arn:{{partition}}:ec2:{{region}}:{{account_id}}:instance/*",
          "arn:{{partition}}:ec2:{{region}}:{{account_id}}:volume/*",
        ]
        Condition = {
          "ForAllValues:StringLike" = { "aws:TagKeys" = ["${var.tag_prefix}*"] }
        }
      },
      var.mode != "enforce" || !var.stop_flagged ? null : {
        Sid      = "StopWhatIsFlagged"
        Effect   = "Allow"
        Action   = ["ec2:StopInstances"]
        Resource = ["arn:{{partition}}:ec2:{{region}}:{{account_id}}:instance/*"]
      },
    ] : statement if statement != null
  ]
}
