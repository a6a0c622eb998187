module "detections" {
  source    = "../detections"
  benchmark = var.benchmark
}

locals {
  _data = jsondecode(file("${path.module}/controls.json"))
  # The section on monitoring has been the fifth since version 6.0.
  _section = contains(["cis-6.0", "cis-7.0"], var.benchmark) ? "5" : "4"
  _all     = { for number, control in local._data : "${local._section}.${number}" => control }

  _severities = ["info", "low", "medium", "high", "critical"]
  _detections = {
    for key, control in local._all : key => {
      for id, entry in module.detections.coverage : id => entry if contains(entry.benchmarks[var.benchmark], key)
    }
  }
  _controls = {
    for key, control in local._all : key => merge(control, {
      detections = sort(keys(local._detections[key]))
      severity   = local._severities[max([for entry in values(local._detections[key]) : index(local._severities, entry.severity)]...)]
    }) if var.controls == null ? true : contains(var.controls, key)
  }

  # The texts that an auditor's tool compares, to the letter. A second one writes to the same metric:
  # the first is all that Security Hub takes, and others ask for more in it.
  # https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
  _filters = merge([
    for key, control in local._controls : {
      for number, filter in control.filters :
      number == 0 ? key : "${key}-${number + 1}" => merge(filter, { control = key, metric = control.metric })
    }
  ]...)
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local._filters

  name           = "${var.name}-${each.key}"
  log_group_name = var.log_group.name
  pattern        = each.value.pattern

  metric_transformation {
    name          = "${var.name}-${each.value.metric}"
    namespace     = var.namespace
    value         = tostring(each.value.value)
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._controls

  alarm_name          = "${var.name}-${each.key}-${each.value.metric}"
  alarm_description   = "[${each.value.severity}] ${each.value.title}: ${upper(replace(var.benchmark, "-", " "))}, control ${each.key}. The log group ${var.log_group.name} has the calls; the detections about them are ${join(", ", each.value.detections)}. Runbook: docs/runbook.md#metric-filters-control"
  alarm_actions       = [var.alarm_topic.arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = aws_cloudwatch_log_metric_filter.this[each.key].metric_transformation[0].name
  namespace           = var.namespace
  period              = 300
  statistic           = "Sum"
  tags                = var.tags
  threshold           = lookup(var.thresholds, each.key, 1)
  treat_missing_data  = "notBreaching"
}
