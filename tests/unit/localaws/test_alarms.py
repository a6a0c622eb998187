"""Alarms: what PutMetricAlarm refuses, and the state that data, or their lack, put an alarm in."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.cloudwatch.evaluation import NotEvaluatedError, evaluate, periods
from localaws.wire import gap
from localaws.wire.errors import RefusalError
from tests.unit.localaws.calls import call, parts

pytestmark = pytest.mark.unit

X, O, N = 1.0, 0.0, None  # noqa: E741 (breaching, fine and missing, as on AWS's page)
METRIC = {"Namespace": "CloudTrailReactor", "MetricName": "ProofAgeMinutes"}


def state(
    values: list[float | None], missing: str = "missing", wanted: int = 3,
    enough: int | None = None, fill: str | None = None,
) -> str | None:  # fmt: skip
    alarm: dict[str, Any] = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": wanted,
        "Threshold": 0.5,
        "TreatMissingData": missing,
        "Period": 300,
        "Statistic": "Maximum",
        **METRIC,
    }
    if enough:
        alarm["DatapointsToAlarm"] = enough
    assert len(values) == periods(alarm)
    stat = {"MetricStat": {"Metric": METRIC, "Period": 300, "Stat": "Maximum"}}
    queries: list[dict[str, Any]] = (
        [{"Id": "e", "Expression": fill}, {"Id": "m", "ReturnData": False, **stat}] if fill else []
    )
    return evaluate(alarm, queries, lambda metric, period, stat: values).state


@pytest.mark.parametrize(
    ("values", "states"),
    [
        # The first table of the page: missing, ignore (None: as it was), breaching, notBreaching.
        ([O, N, X, N, X], ["OK", "OK", "OK", "OK"]),
        ([O, N, N, N, N], ["OK", "OK", "OK", "OK"]),
        ([N, N, N, N, N], ["INSUFFICIENT_DATA", None, "ALARM", "OK"]),
        ([O, X, X, N, X], ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ([N, N, X, N, N], ["ALARM", None, "ALARM", "OK"]),
    ],
)
def test_missing_data(values: list[float | None], states: list[str | None]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"""
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    assert [state(values, missing) for missing in treatments] == states


def test_m_out_of_n() -> None:
    assert state([O, O, X, O, X], enough=2) == "ALARM"
    assert state([X, X, X, O, O], enough=2) == "OK"


def test_old_data_count_while_data_are_missing() -> None:
    """One period that breaches, and one of silence: the old one decides, whatever is missing."""
    assert state([N, O, N], "breaching", wanted=1) == "OK"
    assert state([O, N, N], "breaching", wanted=1) == "OK"
    assert state([N, N, N], "breaching", wanted=1) == "ALARM"


@pytest.mark.parametrize(
    ("values", "fill", "is_in"),
    [
        ([O, O, N], "FILL(m, 241)", "ALARM"),
        ([N, N, N], "FILL(m, 241)", "ALARM"),
        ([N, N, O], "FILL(m, 241)", "OK"),
        ([N, N, X], "FILL(m, 0)", "ALARM"),
        ([X, N, N], "FILL(m, 0)", "OK"),
        ([X, N, N], "FILL(m, REPEAT)", "ALARM"),
        ([O, N, N], "m", "OK"),
    ],
)
def test_with_fill_no_old_data_count(values: list[float | None], fill: str, is_in: str) -> None:
    assert state(values, "breaching", wanted=1, fill=fill) == is_in


def test_what_is_not_evaluated() -> None:
    for fill in ("ANOMALY_DETECTION_BAND(m)", "m / m", "FILL(m, LINEAR)"):
        with pytest.raises(NotEvaluatedError):
            state([X, X, X], wanted=1, fill=fill)


# --- PutMetricAlarm ------------------------------------------------------------------------------

ALARM: dict[str, Any] = {
    "AlarmName": "a",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Threshold": 1,
}
ONE: dict[str, Any] = {**ALARM, **METRIC, "Period": 300, "Statistic": "Sum"}
STAT = {"Metric": METRIC, "Period": 300, "Stat": "Sum"}
FILLED = [
    {"Id": "e", "Expression": "FILL(m, 0)", "ReturnData": True},
    {"Id": "m", "MetricStat": STAT, "ReturnData": False},
]
MATH: dict[str, Any] = {**ALARM, "Metrics": FILLED}


def refuse(p: dict[str, Any]) -> None:
    made = call(parts(lambda *_: None), "cloudwatch", "PutMetricAlarm", p)
    for check in gap.refusals_of(made):
        check(made)


@pytest.mark.parametrize(
    "p",
    [
        ONE,
        MATH,
        {**ONE, "Period": 86_400, "EvaluationPeriods": 7},
        {**ONE, "Period": 10, "EvaluationPeriods": 8640, "DatapointsToAlarm": 8640},
        {**MATH, "Metrics": [{"Id": "m", "MetricStat": STAT}]},
        {**MATH, "Metrics": [{"Id": "e", "Expression": 'IF(m > 1, m, "x")'}, FILLED[1]]},
    ],
)
def test_alarms_that_aws_takes(p: dict[str, Any]) -> None:
    refuse(p)


def of(**more: Any) -> list[dict[str, Any]]:
    return [FILLED[0], {**FILLED[1], **more}]


@pytest.mark.parametrize(
    ("p", "sentence"),
    [
        (
            {**ONE, "DatapointsToAlarm": 2},
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
        ),
        ({**ONE, "Period": 90}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({**ONE, "Period": 1800, "EvaluationPeriods": 49}, "<= 86400"),
        ({**ONE, "Period": 14_400, "EvaluationPeriods": 43}, "<= 604800"),
        ({**ONE, "TreatMissingData": "breach"}, "TreatMissingData"),
        ({**ONE, "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:t"] * 6}, "AlarmActions"),
        ({**ALARM, "Period": 300, "Statistic": "Sum"}, "MetricName must not be null"),
        ({**MATH, "Period": 300}, "Period should not be set if list of Metrics is set."),
        ({**MATH, "Statistic": "Sum"}, "Statistic should not be set if list of Metrics is set."),
        (
            {**MATH, "Metrics": of(ReturnData=True)},
            "Exactly one element of the metrics list should return data.",
        ),
        (
            {**MATH, "Metrics": [{**q, "ReturnData": False} for q in FILLED]},
            "Exactly one element of the metrics list should return data.",
        ),
        ({**MATH, "Metrics": of(Id="n")}, "The metric id m does not exist"),
        ({**MATH, "Metrics": of(Id="e")}, "not unique"),
        ({**MATH, "Metrics": of(Id="M")}, "The value M for parameter Id is not valid."),
        ({**MATH, "Metrics": of(MetricStat={**STAT, "Period": 90})}, "multiple of 60"),
        ({**MATH, "EvaluationPeriods": 289}, "<= 86400"),
        (
            {**MATH, "Metrics": [*FILLED, *({**FILLED[1], "Id": f"m{n}"} for n in range(10))]},
            "more than 10 metrics",
        ),
    ],
)
def test_alarms_that_aws_refuses(p: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RefusalError) as caught:
        refuse(p)
    assert caught.value.code == "ValidationError"
    assert sentence in caught.value.message
