"""What state an alarm's data put it in: periods, missing data and the metric math of our alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from localaws.wire.parts import Json

Values = Sequence[float | None]
"""One value a period, the oldest first; None where there was no data."""
Read = Callable[[Json, int, str], Values]
"""Metric (Namespace, MetricName, Dimensions), period in seconds and statistic, of the range."""

# CloudWatch looks at more periods than an alarm asks for: how many more is not documented. Two, as
# in the examples of its page, in which an alarm on three periods looks at five.
EXTRA_PERIODS = 2
_FILL = re.compile(r"FILL\(\s*([a-z]\w*)\s*,\s*(REPEAT|-?\d+(?:\.\d+)?)\s*\)")
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


class NotEvaluatedError(Exception):
    """The alarm is of a kind that the local AWS does not look at, for the reason given."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`state` is None where the alarm stays as it is; `data`: whether any metric had data."""

    state: str | None
    reason: str
    data: bool


def evaluate(alarm: Json, queries: Sequence[Json], read: Read) -> Evaluation:
    """The state that the alarm's data put it in. Raises NotEvaluatedError.

    `alarm` as PutMetricAlarm has it, with `queries` in place of its metric where it is one on an
    expression. `read` gives the values of `periods(alarm)` periods.
    """
    compare = _COMPARE.get(str(alarm.get("ComparisonOperator")))
    if compare is None:
        raise NotEvaluatedError(f"{alarm.get('ComparisonOperator')} is not evaluated")
    if queries:
        values, data = _of_queries(queries, read)
    else:
        stat = str(alarm.get("Statistic") or alarm.get("ExtendedStatistic"))
        values = read(alarm, int(alarm["Period"]), stat)
        data = any(value is not None for value in values)
    wanted, threshold = int(alarm["EvaluationPeriods"]), float(alarm["Threshold"])
    enough = int(alarm.get("DatapointsToAlarm") or wanted)
    found = [value for value in reversed(values) if value is not None][:wanted]
    breaching = sum(compare(value, threshold) for value in found)
    state = _state(
        breaching,
        len(found) - breaching,
        wanted,
        enough,
        alarm.get("TreatMissingData") or "missing",
    )
    said = ", ".join(f"{value:g}" for value in found) or "no data"
    reason = (
        f"Threshold Crossed: {breaching} out of the last {wanted} datapoints [{said}] "
        f"{'was' if breaching == 1 else 'were'} {alarm['ComparisonOperator']} {threshold:g}"
    )
    return Evaluation(state, reason, data)


def periods(alarm: Json) -> int:
    """How many periods CloudWatch looks at: the evaluation range."""
    return int(alarm["EvaluationPeriods"]) + EXTRA_PERIODS


def _state(breaching: int, fine: int, wanted: int, enough: int, missing: str) -> str | None:
    lacking = wanted - breaching - fine
    if not lacking:
        return "ALARM" if breaching >= enough else "OK"
    if missing == "breaching":
        return "ALARM" if breaching + lacking >= enough else "OK"
    if missing == "notBreaching":
        return "ALARM" if breaching >= enough else "OK"
    if lacking == wanted:
        return None if missing == "ignore" else "INSUFFICIENT_DATA"
    if missing == "ignore":
        # What the missing ones would be decides: so it stays as it is.
        certain = breaching >= enough or breaching + lacking < enough
        return ("ALARM" if breaching >= enough else "OK") if certain else None
    return "ALARM" if breaching >= min(enough, breaching + fine) else "OK"


def _of_queries(queries: Sequence[Json], read: Read) -> tuple[Values, bool]:
    """The values of the query that the alarm watches, and whether any metric had data."""
    metrics = {
        str(query["Id"]): read(
            query["MetricStat"]["Metric"],
            int(query["MetricStat"]["Period"]),
            str(query["MetricStat"]["Stat"]),
        )
        for query in queries
        if query.get("MetricStat")
    }
    data = any(value is not None for values in metrics.values() for value in values)
    [watched] = [query for query in queries if query.get("ReturnData", True)]
    expression = watched.get("Expression")
    if expression is None:
        return metrics[str(watched["Id"])], data
    fill = _FILL.fullmatch(str(expression).strip())
    named = fill[1] if fill else str(expression).strip()
    if not _ID.fullmatch(named) or named not in metrics:
        raise NotEvaluatedError(f"the expression {expression} is not evaluated")
    values = metrics[named]
    return (list(_filled(values, fill[2])) if fill else values), data


def _filled(values: Values, filling: str) -> Iterable[float | None]:
    last: float | None = None
    for value in values:
        last = value if value is not None else last
        if filling == "REPEAT":
            yield last
        else:
            yield float(filling) if value is None else value
