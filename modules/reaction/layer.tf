locals {
  # Pinned: `latest` would change plans by itself. The parameter of a release
  # is there for this runtime up to 3.22.1 for certain; the one of 3.23.0 was
  # published under a wrong name, so check before moving on:
  # https://github.com/aws-powertools/powertools-lambda-python/issues/7689
  _powertools_version = "3.22.1"

  # A provider that `terraform test` mocks answers with a word.
  _public_layer_arn     = one(data.aws_ssm_parameter.powertools[*].insecure_value)
  _powertools_layer_arn = !var.public_powertools_layer ? var.powertools_layer_arn : try(startswith(local._public_layer_arn, "arn:"), true) ? local._public_layer_arn : "arn:${local._partition}:lambda:${local._region}:${local._account}:layer:mocked:1"
}

# https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
data "aws_ssm_parameter" "powertools" {
  count = var.public_powertools_layer ? 1 : 0

  name = "/aws/service/powertools/python/arm64/python3.13/${local._powertools_version}"

  lifecycle {
    precondition {
      condition     = local._partition == "aws"
      error_message = "The public parameter of the Powertools layer exists in commercial Regions only. Set `public_powertools_layer = false` and give `powertools_layer_arn`: Powertools' installation page lists the ARNs for GovCloud and China."
    }
  }
}

locals {
  # Our own handlers come with the engine in their zip; those of a user's
  # package find it in a layer.
  _own_code    = var.package != null && !startswith(var.guard.handler, "reactor.")
  _makes_layer = local._own_code && var.own_reactor_layer
  _reactor_zip = "${path.module}/../../lambda_src/dist/reactor-layer.zip"

  _reactor_layer_arns = (
    local._makes_layer ? [aws_lambda_layer_version.reactor[0].arn]
    : var.own_reactor_layer || var.reactor_layer_arn == null ? [] : [var.reactor_layer_arn]
  )
}

resource "aws_lambda_layer_version" "reactor" {
  count = local._makes_layer ? 1 : 0

  layer_name               = "${var.name}-reactor"
  description              = "The engine of terraform-aws-cloudtrail-reactor, for handlers of one's own"
  filename                 = local._reactor_zip
  source_code_hash         = filebase64sha256(local._reactor_zip)
  compatible_architectures = ["arm64"]
  compatible_runtimes      = ["python3.13"]
}
