# What the function is told of the rules: too long for its environment, and kept with its versions, which
# tell since when a rule is there.
locals {
  _rules = merge([
    for name, given in var.rules : { for key, rule in given.deployed.rules : "${name}/${key}" => rule }
  ]...)

  _document = jsonencode({
    account = local._account
    region  = local._region
    forwarded = [
      for way in values(var.forwarded) : {
        accounts           = sort(way.account_ids)
        patterns           = values(way.patterns)
        read_only_patterns = [for name, pattern in way.patterns : pattern if contains(way.read_only_patterns, name)]
        regions            = sort(way.regions)
      } if way != null
    ]
    rules = [
      for rule in values(local._rules) : {
        arn              = rule.arn
        pattern          = rule.pattern
        read_only_events = rule.read_only_events
        targets = [
          for id, target in rule.targets : {
            id    = id
            arn   = target.arn
            Input = target.input
            InputTransformer = target.input_transformer == null ? null : {
              InputPathsMap = target.input_transformer.input_paths
              InputTemplate = target.input_transformer.input_template
            }
          }
        ]
      }
    ]
  })

  # The targets that can be given an event without EventBridge, by the action that does it.
  _targets = var.redeliver ? flatten([
    for label, rule in local._rules : [for id, target in rule.targets : merge(target, { label = "${label}/${id}" })]
  ]) : []
  _reached = {
    for service, action in { lambda = "lambda:InvokeFunction", sns = "sns:Publish", sqs = "sqs:SendMessage" } :
    action => sort(distinct([for target in local._targets : target.arn if try(split(":", target.arn)[2], "") == service]))
  }
  _abroad = merge([
    for action, arns in local._reached : { for arn in arns : arn => action if try(split(":", arn)[4], local._account) != local._account }
  ]...)
  _target_keys = sort(distinct([for target in local._targets : target.kms_key_arn if target.kms_key_arn != null]))
}

resource "aws_s3_object" "rules" {
  bucket       = aws_s3_bucket.witness.id
  key          = "rules.json"
  content      = local._document
  content_type = "application/json"

  # An object takes ten tags, and a bucket or a provider may have more.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
  override_provider {
    default_tags {
      tags = {}
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for rule in values(local._rules) : try(join(":", slice(split(":", rule.arn), 3, 5)) == "${local._region}:${local._account}", true)])
      error_message = "rules has rules of another account or Region than this module's (${local._account}, ${local._region}), and a rule's witness is where the rule is: make a reconciliation module there, too."
    }
  }

  # The first version must be kept.
  depends_on = [aws_s3_bucket_versioning.witness, aws_s3_bucket_policy.witness]
}
