"""CloudWatch: DescribeAlarms, whole and no more than was put.

The emulator answers JSON clients with every field and XML clients with a few, and gives an alarm on
an expression the period and statistic of one on a metric in place of its `Metrics`.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from __future__ import annotations

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.http import Response
from localaws.wire.parts import Json

_OF_ONE_METRIC = ("Dimensions", "MetricName", "Namespace", "Period", "Statistic")


class Expressions(dict[tuple[str, str, str], list[Json]]):
    """The queries of alarms on an expression, by account, Region and the alarm's name."""


@gap.answers("cloudwatch", "DescribeAlarms")
def _describe(call: Call) -> Response | Json:
    asked = call.forward()
    if asked.status >= 300:
        return asked
    answer: Json = call.client("cloudwatch").describe_alarms(**call.parameters)
    answer.pop("ResponseMetadata", None)
    for alarm in answer.get("MetricAlarms", []):
        queries = call.kept(Expressions).get((call.account, call.region, alarm["AlarmName"]))
        if queries:
            for name in _OF_ONE_METRIC:
                alarm.pop(name, None)
            alarm["Metrics"] = queries
    return answer


@gap.learns("cloudwatch", "PutMetricAlarm")
def _put(call: Call) -> None:
    p = call.parameters
    key = (call.account, call.region, str(p.get("AlarmName")))
    call.kept(Expressions).pop(key, None)
    if p.get("Metrics"):
        call.kept(Expressions)[key] = [{"ReturnData": True, **query} for query in p["Metrics"]]


@gap.learns("cloudwatch", "DeleteAlarms")
def _deleted(call: Call) -> None:
    for name in call.parameters.get("AlarmNames", []):
        call.kept(Expressions).pop((call.account, call.region, str(name)), None)
