"""Calls become records: they are looked at by the trails, kept, and put on the bus.

On a thread of its own, in the order in which calls ended, after each client has its answer.
"""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Callable
from typing import Any

from localaws.activity import Activity
from localaws.cloudtrail.keeper import CloudTrail
from localaws.cloudtrail.recorder import build_record, envelope, event_category
from localaws.cloudtrail.trailwriter import TrailWriter
from localaws.iam.identities import Identities
from localaws.wire import codec
from localaws.wire.call import Call
from localaws.wire.parts import Json, Parts

_log = logging.getLogger(__name__)

Put = Callable[[Json, str, str], None]
"""Puts an event on the default bus of an account and Region."""


class Recording:
    """Records calls; `put` is told of those that a trail takes."""

    def __init__(self, parts: Parts, put: Put) -> None:
        self._parts = parts
        self._put = put
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._settled = threading.Condition()
        self._under_way = 0
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._calls.put(None)
        self._thread.join(5)

    def settle(self, seconds: float) -> bool:
        """Wait until every call so far is recorded; False where that took too long."""
        with self._settled:
            return self._settled.wait_for(lambda: self._under_way == 0, seconds)

    def take(self, call: Call) -> None:
        """Record a call that was answered; returns at once."""
        call.time = self._parts.clock.now()
        told = codec.answered_request_id(call.protocol, call.response)
        call.request_id = told or str(uuid.uuid4())
        after = self._parts.of(CloudTrail).logging_trails(call.account)
        call.trails += tuple(trail for trail in after if trail not in call.trails)
        with self._settled:
            self._under_way += 1
        self._calls.put(call)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                self._record(call)
            except Exception:
                # One call that cannot be recorded must not end the recording of all others.
                _log.exception("could not record %s:%s", call.service, call.operation)
            finally:
                with self._settled:
                    self._under_way -= 1
                    self._settled.notify_all()

    def _record(self, call: Call) -> None:
        category = event_category(call)
        if category == "Data" and not any(trail.records_data for trail in call.trails):
            return
        call.identity = self._parts.of(Identities).complete(call.identity)
        record = build_record(call)
        region = record["awsRegion"]
        admitted = [
            trail.arn
            for trail in call.trails
            if trail.covers(call.account, region) and trail.admits(record)
        ]
        writer = self._parts.of(TrailWriter)
        # A trail's log begins with the call that starts it, and ends with the one that stops it.
        if call.operation == "StartLogging":
            writer.look(call.time)
        writer.add(call.time, region, record, admitted)
        if call.service == "cloudtrail":
            writer.look(call.time)
        if category == "Management":
            self._parts.of(CloudTrail).remember(call.account, record, call.time)
        elif not admitted:
            return
        event = envelope(record)
        self._tell(event, call.identity.arn)
        if admitted:
            self._put(event, call.account, region)

    def _tell(self, event: dict[str, Any], actor: str | None) -> None:
        record = event["detail"]
        self._parts.report(
            Activity(
                time=self._parts.clock.now(),
                kind="call",
                account=event["account"],
                region=record["awsRegion"],
                step="failed" if "errorCode" in record else "called",
                event_id=event["id"],
                what=f"{record['eventSource'].partition('.')[0]}:{record['eventName']}",
                detail=record.get("errorCode", ""),
                extra={"actor": actor, "read_only": record["readOnly"], "record": record},
            )
        )
