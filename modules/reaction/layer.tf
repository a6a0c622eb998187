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
