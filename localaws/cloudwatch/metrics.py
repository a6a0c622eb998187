"""Metrics: what putting data needs."""

from __future__ import annotations

from collections.abc import Iterator

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need


@gap.needs("cloudwatch", "PutMetricData")
def _metric_data(call: Call) -> Iterator[Need]:
    namespace = str(call.parameters.get("Namespace", ""))
    yield Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})
