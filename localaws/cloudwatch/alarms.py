"""CloudWatch: DescribeAlarms to clients that speak XML, whole.

The emulator answers JSON clients with every field and XML clients with a few.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from localaws.wire.call import Answer, Incoming, Json, Key, succeeded
from localaws.wire.http import Response


async def _describe(call: Incoming) -> Response | Json:
    asked = await call.forward()
    if call.operation.protocol != "query" or not succeeded(asked):
        return asked
    cloudwatch = call.client("cloudwatch")
    answer: Json = await asyncio.to_thread(cloudwatch.describe_alarms, **call.parameters)
    answer.pop("ResponseMetadata", None)
    return answer


ANSWERS: Mapping[Key, Answer] = {("cloudwatch", "DescribeAlarms"): _describe}
