"""CloudWatch: DescribeAlarms to clients that speak XML, whole.

The emulator answers JSON clients with every field and XML clients with a few.
"""

from __future__ import annotations

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.http import Response
from localaws.wire.parts import Json


@gap.answers("cloudwatch", "DescribeAlarms")
def _describe(call: Call) -> Response | Json:
    asked = call.forward()
    if call.protocol != "query" or asked.status >= 300:
        return asked
    answer: Json = call.client("cloudwatch").describe_alarms(**call.parameters)
    answer.pop("ResponseMetadata", None)
    return answer
