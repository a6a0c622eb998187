"""Logs and metrics, by AWS's Powertools layer."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "CloudTrailReactor"


class Telemetry:
    """Structured logs and CloudWatch metrics of one function.

    Metrics have one dimension, the service. An account, a Region or an actor is no dimension: each
    combination would be one more metric to pay for. Powertools itself reads
    POWERTOOLS_SERVICE_NAME, POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_LOG_LEVEL.
    """

    def __init__(self, name: str, environ: Any) -> None:
        service = environ.get("POWERTOOLS_SERVICE_NAME") or name
        self.log = Logger(service=service)
        self._metrics = Metrics(
            namespace=environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE, service=service
        )
        self._counts: dict[str, float] = {}

    def bind(self, **keys: object) -> None:
        """Puts the keys on every log line until the next invocation binds its own."""
        self.log.structure_logs(append=False)
        self.log.append_keys(**keys)

    def count(self, metric: str, number: int = 1) -> None:
        """Adds to a counter of this invocation."""
        self._counts[metric] = self._counts.get(metric, 0) + number

    def flush(self, **milliseconds: float) -> None:
        """Writes the invocation's metrics, aggregated, in one line; then starts anew."""
        for metric, number in self._counts.items():
            self._metrics.add_metric(metric, MetricUnit.Count, number)
        for metric, duration in milliseconds.items():
            self._metrics.add_metric(metric, MetricUnit.Milliseconds, duration)
        if self._counts or milliseconds:
            self._metrics.flush_metrics()
        self._counts = {}
