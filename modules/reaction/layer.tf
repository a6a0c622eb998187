locals {
  # Pinned: `latest` would change plans by itself. The parameter of a release
  # is there for this runtime up to 3.22.1 for certain; the one of 3.23.0 was
  # published under a wrong name, so check before moving on:
  # https://github.com/aws-powertools/powertools-lambda-python/issues/7689
  _powertools_version = "3.22.1"

  _powertools_layer_arn = (
    var.powertools_layer_arn == null
    ? data.aws_ssm_parameter.powertools[0].insecure_value
    : var.powertools_layer_arn
  )
}

# https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
data "aws_ssm_parameter" "powertools" {
  count = var.powertools_layer_arn == null ? 1 : 0

  name = "/aws/service/powertools/python/arm64/python3.13/${local._powertools_version}"

  lifecycle {
    precondition {
      condition     = local._partition == "aws"
      error_message = "The public parameter of the Powertools layer exists in commercial Regions only. Give `powertools_layer_arn`: Powertools' installation page lists the ARNs for GovCloud and China."
    }
  }
}

locals {
  # Our own handlers come with the engine in their zip; those of a user's
  # package find it in a layer.
  _own_code    = var.package != null && !startswith(var.guard.handler, "reactor.")
  _makes_layer = local._own_code && var.reactor_layer_arn == null
  _reactor_zip = "${path.module}/../../lambda_src/dist/reactor-layer.zip"

  _reactor_layer_arns = (
    local._makes_layer ? [aws_lambda_layer_version.reactor[0].arn]
    : var.reactor_layer_arn == null ? [] : [var.reactor_layer_arn]
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
