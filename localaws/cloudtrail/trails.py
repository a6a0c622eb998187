"""CloudTrail: the layer keeps the trails; the emulator decides only whether the caller may."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from localaws.cloudtrail.admission import admit
from localaws.wire.call import Answer, Incoming, Key, denied
from localaws.wire.codec import decode_answer
from localaws.wire.http import Response


async def _cloudtrail(call: Incoming) -> Response | Mapping[str, Any]:
    asked = await call.forward()
    if denied(asked):
        _, error = decode_answer(call.operation, asked)
        if error is not None and error.code != "MaximumNumberOfTrailsExceededException":
            return asked
    name = call.operation.name
    if name == "LookupEvents":
        await asyncio.to_thread(call.front.settle_records, 10.0)
    keeper, parameters = call.front.cloudtrail, call.parameters
    if name in ("CreateTrail", "UpdateTrail"):
        trail = keeper.proposed(name, call.account, call.region, parameters)
        await asyncio.to_thread(admit, call, trail)
        if parameters.get("KmsKeyId"):
            # An alias is given, a key is kept.
            parameters = {**parameters, "KmsKeyId": trail.settings["KmsKeyId"]}
    return keeper.handle(name, call.account, call.region, parameters)


ANSWERS: Mapping[Key, Answer] = {("cloudtrail", "*"): _cloudtrail}
