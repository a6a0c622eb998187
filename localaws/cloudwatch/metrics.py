"""Metrics: what putting data needs, and their time, which is the local AWS's."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from localaws.cloudwatch.watch import Alarms
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.gap import Need
from localaws.wire.parts import Json


@gap.needs("cloudwatch", "PutMetricData")
def _metric_data(call: Call) -> Iterator[Need]:
    namespace = str(call.parameters.get("Namespace", ""))
    yield Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})


@gap.refuses("cloudwatch", "PutMetricData")
def _reserved(call: Call) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"""
    need(
        not str(call.parameters.get("Namespace", "")).startswith("AWS/"),
        "InvalidParameterValue",
        "The value AWS/ for parameter Namespace is invalid.",
    )


@gap.answers("cloudwatch", "PutMetricData")
def _put(call: Call) -> Json:
    """The emulator stamps data without a Timestamp with the machine's time."""
    p, now = call.parameters, call.parts.clock.now()
    data = [{"Timestamp": now, **datum} for datum in p.get("MetricData") or ()]
    try:
        call.client("cloudwatch").put_metric_data(Namespace=p.get("Namespace"), MetricData=data)
    except ClientError as error:
        said = error.response["Error"]
        raise RefusalError(said["Code"], said["Message"]) from None
    call.of(Alarms).look(call.account, call.region, str(p.get("Namespace")))
    return {}
