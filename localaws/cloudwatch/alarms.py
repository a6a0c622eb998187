"""CloudWatch: what PutMetricAlarm refuses; DescribeAlarms, whole and no more than was put.

The emulator takes every alarm, answers JSON clients with every field and XML clients with a few,
and gives an alarm on an expression the period and statistic of one on a metric in place of its
`Metrics`.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
"""

from __future__ import annotations

import re

from localaws.cloudwatch.watch import Expressions
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need
from localaws.wire.http import Response
from localaws.wire.parts import Json

_OF_ONE_METRIC = ("Dimensions", "MetricName", "Namespace", "Period", "Statistic")


_OF_METRICS = (*_OF_ONE_METRIC, "ExtendedStatistic", "Unit")
_MISSING = ("breaching", "ignore", "missing", "notBreaching")
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_NAMED = re.compile(r"(?<![\w\"'])[a-z][A-Za-z0-9_]*(?!\s*\()")
_DAY, _WEEK = 86_400, 604_800


@gap.refuses("cloudwatch", "PutMetricAlarm")
def _put_alarm(call: Call) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    p = call.parameters
    evaluated = int(p.get("EvaluationPeriods") or 0)
    _valid(evaluated >= 1, "EvaluationPeriods must be greater than 0")
    _valid(
        int(p.get("DatapointsToAlarm") or 1) <= evaluated,
        "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
    )
    missing = p.get("TreatMissingData") or "missing"
    _valid(missing in _MISSING, f"Option {missing} for parameter TreatMissingData is not valid.")
    for actions in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        _valid(len(p.get(actions) or ()) <= 5, f"{actions} has more than 5 actions.")
    if p.get("Metrics"):
        for name in _OF_METRICS:
            _valid(not p.get(name), f"{name} should not be set if list of Metrics is set.")
        _queries(p["Metrics"], evaluated)
        return
    _valid(p.get("MetricName"), "MetricName must not be null")
    _valid(p.get("Namespace"), "Namespace must not be null")
    _valid(p.get("Period"), "Period must not be null")
    _valid(
        bool(p.get("Statistic")) != bool(p.get("ExtendedStatistic")),
        "Exactly one of Statistic and ExtendedStatistic must be set.",
    )
    _period(int(p["Period"]), evaluated)


def _queries(queries: list[Json], evaluated: int) -> None:
    ids = [str(query.get("Id") or "") for query in queries]
    for identity in ids:
        _valid(_ID.fullmatch(identity), f"The value {identity} for parameter Id is not valid.")
    _valid(len(set(ids)) == len(ids), "The values for parameter Id in Metrics are not unique.")
    _valid(
        sum(bool(query.get("ReturnData", True)) for query in queries) == 1,
        "Exactly one element of the metrics list should return data.",
    )
    metrics = [query["MetricStat"] for query in queries if query.get("MetricStat")]
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
    _valid(len(metrics) <= 10, "Metrics has more than 10 metrics.")
    for query in queries:
        _valid(
            bool(query.get("MetricStat")) != bool(query.get("Expression")),
            f"Exactly one of MetricStat and Expression must be set in {query['Id']}.",
        )
        for named in _NAMED.findall(str(query.get("Expression") or "")):
            _valid(
                named in ids,
                f"Error in expression '{query['Id']}': The metric id {named} does not exist",
            )
    for metric in metrics:
        _period(int(metric.get("Period") or 0), evaluated)


def _period(seconds: int, evaluated: int) -> None:
    _valid(
        seconds in (10, 20, 30) or (seconds >= 60 and seconds % 60 == 0),
        "Period must be 10, 20, 30 or a multiple of 60",
    )
    most = _WEEK if seconds >= 3600 else _DAY
    _valid(
        seconds * evaluated <= most,
        f"EvaluationPeriods * Period must be <= {most} for periods of this length",
    )


def _valid(condition: object, message: str) -> None:
    need(condition, "ValidationError", message)


@gap.refuses("cloudwatch", "SetAlarmState")
def _set_state(call: Call) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html"""
    state = call.parameters.get("StateValue")
    _valid(
        state in ("INSUFFICIENT_DATA", "ALARM", "OK"),
        f"1 validation error detected: Value '{state}' at 'stateValue' failed to satisfy "
        "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    )


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
