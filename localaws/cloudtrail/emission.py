"""Events that no API call makes, on their way to the history, the logs and the bus."""

from __future__ import annotations

from typing import Any

from localaws.activity import Activity
from localaws.client.environment import DEFAULT_REGION
from localaws.cloudtrail import emitted
from localaws.cloudtrail.keeper import CloudTrail
from localaws.cloudtrail.recording import Put
from localaws.cloudtrail.trailwriter import TrailWriter
from localaws.wire.parts import Json, Parts


def emit(parts: Parts, put: Put, asked: Json) -> list[Json]:
    """Put events on the bus as `trailctl local emit` asks; what came of each.

    `asked` is `items` (each `where` it comes from and the `item`), `account`, and perhaps
    `region`, `sign_in`, `fresh`. Raises ValueError, and nothing is done, where one is bad.
    """
    complete = [
        emitted.complete(
            entry["item"],
            entry["where"],
            parts.clock.now(),
            asked["account"],
            asked.get("region"),
            DEFAULT_REGION,
            sign_in=asked.get("sign_in", emitted.SIGN_IN_SPELLINGS[0]),
            fresh=bool(asked.get("fresh")),
        )
        for entry in asked["items"]
    ]
    return [_put(parts, put, one) for one in complete]


def _put(parts: Parts, put: Put, one: emitted.Emitted) -> dict[str, Any]:
    keeper = parts.of(CloudTrail)
    trails = keeper.logging_trails(one.account)
    why = emitted.kept_back(one, trails)
    if one.record is not None and one.record["eventCategory"] == "Management":
        keeper.remember(one.account, one.record, one.time)
        covering = [t for t in trails if t.covers(one.account, one.region)]
        logged = [t.arn for t in covering if t.admits(one.record)]
        parts.of(TrailWriter).add(parts.clock.now(), one.region, one.record, logged)
    parts.report(
        Activity(
            time=parts.clock.now(),
            kind="emitted",
            account=one.account,
            region=one.region,
            step="kept back" if why else "routed",
            event_id=one.event["id"],
            what=one.what,
            detail=why,
            extra={"record": one.record},
        )
    )
    if not why:
        put(one.event, one.account, one.region)
    return {
        "event_id": one.event["id"],
        "what": one.what,
        "account": one.account,
        "region": one.region,
        "routed": not why,
        "why": why,
    }
