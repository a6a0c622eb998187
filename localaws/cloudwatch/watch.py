"""Alarms follow their metrics: looked at when data are put, and when the clock is moved.

An alarm is looked at from its metric's first data on: before, it is in INSUFFICIENT_DATA.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.cloudwatch.evaluation import (
    NotEvaluatedError,
    Values,
    evaluate,
    periods,
)
from localaws.wire.clients import InProcessClients
from localaws.wire.parts import Json

_log = logging.getLogger(__name__)

_Place = tuple[str, str]
"""Account and Region."""

_ALL = "*"
_STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")


class Expressions(dict[tuple[str, str, str], list[Json]]):
    """The queries of alarms on an expression, by account, Region and the alarm's name."""


class Alarms:
    """Looks at the alarms of an account and Region, on a thread of its own."""

    def __init__(
        self,
        aws: InProcessClients,
        clock: MovableClock,
        report: Callable[[Activity], None],
        expressions: Callable[[], Expressions],
    ) -> None:
        self._aws = aws
        self._clock = clock
        self._report = report
        self._expressions = expressions
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="alarms")
        self._idle = threading.Condition()
        self._asked: dict[_Place, set[str]] = {}
        self._under_way = 0
        self._places: set[_Place] = set()
        self._closed = False

    def look(self, account: str, region: str, namespace: str = _ALL) -> None:
        """The metrics of a namespace have changed in an account and Region; returns at once."""
        place = account, region
        with self._idle:
            self._places.add(place)
            waiting = self._asked.get(place)
            if waiting is not None:
                waiting.add(namespace)
            if self._closed or waiting is not None:
                return
            self._asked[place] = {namespace}
            self._under_way += 1
        self._pool.submit(self._run, place)

    def moved(self) -> None:
        """The clock was moved: data are older now."""
        with self._idle:
            places = list(self._places)
        for place in places:
            self.look(*place)

    def drain(self, timeout: float) -> bool:
        """Wait until every alarm has been looked at; False where that took too long."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout)

    def close(self) -> None:
        with self._idle:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, place: _Place) -> None:
        with self._idle:
            changed = self._asked.pop(place)
        try:
            client = self._aws.client("cloudwatch", *place)
            for page in client.get_paginator("describe_alarms").paginate(
                AlarmTypes=["MetricAlarm"]
            ):
                for alarm in page.get("MetricAlarms", ()):
                    queries = self._expressions().get((*place, alarm["AlarmName"])) or []
                    if _ALL in changed or changed & _namespaces(alarm, queries):
                        self._look(client, place, alarm, queries)
        except Exception:
            if not self._closed:
                _log.exception("the alarms of %s are not looked at", place)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _look(self, client: Any, place: _Place, alarm: Json, queries: list[Json]) -> None:
        now = self._clock.now()

        def read(metric: Json, period: int, stat: str) -> Values:
            return [
                _value(client, metric, stat, now - timedelta(seconds=period * (back + 1)), period)
                for back in reversed(range(periods(alarm)))
            ]

        state = alarm["StateValue"]
        try:
            verdict = evaluate(alarm, queries, read)
        except NotEvaluatedError as error:
            self._tell(place, alarm, "not evaluated", str(error))
            return
        seen = verdict.data or state != "INSUFFICIENT_DATA"
        if not seen or verdict.state in (None, state):
            return
        client.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue=verdict.state, StateReason=verdict.reason
        )
        self._tell(place, alarm, str(verdict.state), verdict.reason)

    def _tell(self, place: _Place, alarm: Json, step: str, detail: str) -> None:
        if self._closed:  # of an AWS that is no more
            return
        self._report(
            Activity(
                time=self._clock.now(),
                kind="alarm",
                account=place[0],
                region=place[1],
                step=step,
                event_id="",
                what=alarm["AlarmName"],
                detail=detail,
            )
        )


def _namespaces(alarm: Json, queries: list[Json]) -> set[str]:
    metrics = [q["MetricStat"]["Metric"] for q in queries if q.get("MetricStat")] or [alarm]
    return {str(metric.get("Namespace")) for metric in metrics}


def _value(client: Any, metric: Json, stat: str, start: datetime, seconds: int) -> float | None:
    """A statistic of the period that begins then; None without data."""
    # The last moment is in: data that were put just now count.
    answer = client.get_metric_statistics(
        Namespace=metric["Namespace"],
        MetricName=metric["MetricName"],
        Dimensions=metric.get("Dimensions") or [],
        StartTime=start + timedelta(seconds=1),
        EndTime=start + timedelta(seconds=seconds + 1),
        Period=60,
        Statistics=list(_STATISTICS),
    )
    points = answer["Datapoints"]
    if not points:
        return None
    count, total = (sum(p[name] for p in points) for name in ("SampleCount", "Sum"))
    match stat:
        case "Sum":
            return float(total)
        case "SampleCount":
            return float(count)
        case "Minimum":
            return float(min(p["Minimum"] for p in points))
        case "Maximum":
            return float(max(p["Maximum"] for p in points))
        case "Average":
            return float(total / count)
    raise NotEvaluatedError(f"the statistic {stat} is not evaluated")
