# Which functions, queues and alarms there are comes from the modules. What the functions measure and
# what SQS counts stands here, by its name.
locals {
  _functions = {
    for kind in ["reaction", "reconciliation", "validation"] : kind => distinct(flatten([
      for each in values(var.operations) : [for purpose, one in each.functions : one if purpose == kind]
    ]))
  }

  # Work queues and the canary's hold messages when all is well.
  _queues = distinct(flatten([
    for each in values(var.operations) : [
      for purpose, one in each.queues : one if contains(["dead-letters", "failures", "undelivered"], purpose)
    ]
  ]))

  _alarms = distinct(flatten([for each in values(var.operations) : [for alarm in values(each.alarms) : alarm.arn]]))

  # The worst lies lowest in the stack.
  _severities = { Critical = "#7d2105", High = "#d13212", Medium = "#ff9900", Low = "#1f77b4", Info = "#879596" }

  # A chart has a line for each of its series and each function or queue, with the series' label behind
  # the name; or one line for a series, where `total` says what is made of all functions' numbers. Sum
  # counts what happened, Maximum shows the worst.
  _rows = [
    {
      heading   = "Reactions"
      of        = local._functions.reaction
      dimension = "service"
      namespace = "CloudTrailReactor"
      period    = 300
      charts = [
        { title = "Actions planned", series = [{ metric = "ActionsPlanned", stat = "Sum" }] },
        { title = "Actions taken", series = [{ metric = "ActionsTaken", stat = "Sum" }] },
        { title = "Actions held back by a budget", series = [{ metric = "ActionsHeld", stat = "Sum" }] },
        {
          title = "Actions failed or refused"
          series = [
            { label = " failed", metric = "ActionsFailed", stat = "Sum" },
            { label = " refused", metric = "ActionsRefused", stat = "Sum" },
          ]
        },
      ]
    },
    {
      heading   = ""
      of        = local._functions.reaction
      dimension = "service"
      namespace = "CloudTrailReactor"
      period    = 300
      charts = [
        {
          title = "Time from a call to the action on it"
          series = [
            { label = " p50", metric = "ReactionLatency", stat = "p50" },
            { label = " p99", metric = "ReactionLatency", stat = "p99" },
          ]
        },
        {
          title   = "Detections by severity, all reactions"
          stacked = true
          series = [
            for severity in ["Critical", "High", "Medium", "Low", "Info"] :
            { label = lower(severity), metric = "Detections${severity}", stat = "Sum", total = "SUM(%s)", color = local._severities[severity] }
          ]
        },
      ]
    },
    {
      heading   = "Failure queues"
      of        = local._queues
      dimension = "QueueName"
      namespace = "AWS/SQS"
      period    = 300
      charts = [
        { title = "Messages that wait", series = [{ metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum" }] },
        { title = "Age of the oldest message", series = [{ metric = "ApproximateAgeOfOldestMessage", stat = "Maximum" }] },
      ]
    },
    {
      heading   = "Digest validation"
      of        = local._functions.validation
      dimension = "service"
      namespace = "CloudTrailReactor"
      period    = 3600
      charts = [
        { title = "Hours of log proven, all places", series = [{ label = "hours", metric = "ProvenMinutes", stat = "Sum", total = "SUM(%s)/60" }] },
        { title = "Minutes without a proof, worst place", series = [{ metric = "ProofAgeMinutes", stat = "Maximum" }] },
        { title = "Findings about log and digest files", series = [{ metric = "Findings", stat = "Sum" }] },
      ]
    },
    {
      heading   = "Reconciliation"
      of        = local._functions.reconciliation
      dimension = "service"
      namespace = "CloudTrailReactor"
      period    = 3600
      charts = [
        { title = "Events that rules saw", series = [{ metric = "EventsSeen", stat = "Sum" }] },
        { title = "Events that came late", series = [{ metric = "EventsLate", stat = "Sum" }] },
        { title = "Events that rules missed", series = [{ metric = "EventsMissed", stat = "Sum" }] },
        { title = "Minutes behind the log, worst place", series = [{ metric = "BehindMinutes", stat = "Maximum" }] },
      ]
    },
  ]

  _lines = [
    for row in local._rows : [
      for chart in row.charts : flatten([
        for s, series in chart.series : [
          for o, one in row.of : merge({ label = "", total = "" }, series, { id = "m${s}x${o}", name = one.name, region = split(":", one.arn)[3] })
        ]
      ])
    ]
  ]

  _charts = [
    for r, row in local._rows : [
      for c, chart in row.charts : {
        type   = "metric"
        height = 6
        width  = 24 / length(row.charts)
        properties = {
          metrics = concat(
            [
              for line in local._lines[r][c] : [
                row.namespace, line.metric, row.dimension, line.name, {
                  for key, value in { id = line.id, label = "${line.name}${line.label}", region = line.region, stat = line.stat, visible = false } :
                  key => value if contains(line.total == "" ? ["label", "region", "stat"] : ["id", "region", "stat", "visible"], key)
                }
              ]
            ],
            [
              for s, series in chart.series : [
                merge({ for key, value in series : key => value if key == "color" }, {
                  expression = format(series.total, "[${join(",", [for o, one in row.of : "m${s}x${o}"])}]")
                  id         = "e${s}"
                  label      = series.label
                })
              ] if can(series.total)
            ],
          )
          period  = row.period
          region  = local._lines[r][c][0].region
          stacked = can(chart.stacked)
          title   = chart.title
          view    = "timeSeries"
          # A chart from 99 to 100 looks like one from none to all.
          yAxis = { left = { min = 0 } }
        }
      } if length(row.of) > 0
    ]
  ]

  _about = {
    type   = "text"
    height = 2
    width  = 24
    properties = {
      markdown = "# ${var.name}\nMade by Terraform from the modules' outputs `operations`: change it there. What to do about an alarm is in its description and, to its end, in `docs/runbook.md` of terraform-aws-cloudtrail-reactor."
    }
  }

  # Some ten tiles in a line; a widget takes 100 alarms.
  _status = [
    for alarms in chunklist(local._alarms, 100) : {
      type   = "alarm"
      height = 2 + ceil(length(alarms) / 10)
      width  = 24
      properties = {
        alarms = alarms
        sortBy = "stateUpdatedTimestamp"
        title  = "Alarms"
      }
    }
  ]

  # From the top to the bottom, each row from the left to the right.
  _grid = concat(
    [[local._about]],
    [for widget in local._status : [widget]],
    concat([], [
      for r, row in local._rows : concat(
        [
          for heading in [row.heading] : [
            { type = "text", height = 1, width = 24, properties = { background = "transparent", markdown = "## ${heading}" } }
          ] if heading != ""
        ],
        [local._charts[r]],
      ) if length(row.of) > 0
    ]...),
  )

  _widgets = flatten([
    for r, row in local._grid : [
      for w, widget in row : merge(widget, {
        x = w * widget.width
        y = sum(concat([0], [for above in slice(local._grid, 0, r) : above[0].height]))
      })
    ]
  ])
}

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    start   = "-PT24H"
    widgets = local._widgets
  })
}
