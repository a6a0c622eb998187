"""Delivery streams: the time zone and file extension of a destination in S3, which are left out.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationDescription.html
"""

from __future__ import annotations

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.http import Response
from localaws.wire.parts import Json

_LEFT_OUT = ("CustomTimeZone", "FileExtension")


class Destinations(dict[tuple[str, str, str], Json]):
    """What the emulator leaves out, by account, Region and the stream's name."""


@gap.answers("firehose", "DescribeDeliveryStream")
def _describe(call: Call) -> Response | Json:
    asked = call.forward()
    if asked.status >= 300:
        return asked
    answer = call.decoded(asked)
    kept = call.kept(Destinations).get(_place(call), {})
    for destination in answer["DeliveryStreamDescription"]["Destinations"]:
        in_s3 = destination.get("ExtendedS3DestinationDescription")
        if in_s3 is not None:
            in_s3.update({"CustomTimeZone": "UTC", **kept})
    return answer


@gap.learns("firehose", "CreateDeliveryStream", "UpdateDestination")
def _made(call: Call) -> None:
    p = call.parameters
    given = (
        p.get("ExtendedS3DestinationConfiguration") or p.get("ExtendedS3DestinationUpdate") or {}
    )
    kept = call.kept(Destinations).setdefault(_place(call), {})
    kept.update({name: given[name] for name in _LEFT_OUT if name in given})


@gap.learns("firehose", "DeleteDeliveryStream")
def _gone(call: Call) -> None:
    call.kept(Destinations).pop(_place(call), None)


def _place(call: Call) -> tuple[str, str, str]:
    return call.account, call.region, str(call.parameters.get("DeliveryStreamName"))
