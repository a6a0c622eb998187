"""The services behind the front: made, started, waited for, emptied and stopped together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from localaws.activity import Activity, ActivityLog
from localaws.clock import MovableClock
from localaws.cloudtrail.delivery import deliver
from localaws.cloudtrail.keeper import CloudTrail
from localaws.cloudtrail.recording import Recording
from localaws.cloudtrail.trailwriter import TrailWriter
from localaws.cloudwatch.watch import Alarms, Expressions
from localaws.events.archives import Archives
from localaws.events.connections import Connections
from localaws.events.faults import Faults
from localaws.events.router import Router, RouterEvent
from localaws.events.schedules import Schedules
from localaws.functions.invoke import AsyncInvoker
from localaws.iam.identities import Identities
from localaws.iam.permissions import Permissions
from localaws.sns.deliveries import Deliveries
from localaws.wire.clients import InProcessClients
from localaws.wire.emulator import Emulator, Published
from localaws.wire.http import Request, Response
from localaws.wire.parts import Json, Parts


class Services:
    """All services of one local AWS, and the emulator that they stand on."""

    functions: AsyncInvoker
    router: Router
    topics: Deliveries
    alarms: Alarms

    def __init__(self, emulator: Emulator, clock: MovableClock) -> None:
        self.emulator = emulator
        self.activity = ActivityLog()
        self.parts = Parts()
        self.parts.clock = clock
        self.parts.report = self.activity.add
        self.trails = CloudTrail(clock.now)
        self.trail_writer = TrailWriter(
            clock,
            self.trails.keys,
            self.trails.trails,
            lambda *stored: deliver(self.parts.aws, *stored),
        )
        self.recording = Recording(self.parts, self.put)

    async def start(self, here: Callable[[Request], Response | None]) -> None:
        """Start the emulator and the services' threads; `here` answers calls of their own."""
        parts, loop = self.parts, asyncio.get_running_loop()
        parts.aws = InProcessClients(self.emulator.send, loop, here)
        self.permissions = Permissions(parts.aws)
        self.identities = Identities(self.emulator.session, parts.aws)
        shared = (parts.aws, parts.clock, lambda: self.router, parts.report)
        self.archives = Archives(*shared)
        self.schedules = Schedules(*shared)
        self.faults = Faults(parts.clock, parts.report)
        for service in (
            self.trails,
            self.trail_writer,
            self.recording,
            self.permissions,
            self.identities,
            self.archives,
            self.schedules,
        ):
            parts.add(service)
        self._begin()
        await self.emulator.start(self._emitted, self._published)
        self.trail_writer.start()
        self.recording.start()

    def _begin(self) -> None:
        """What is made anew after every reset: what was on its way is gone with the old ones."""
        parts = self.parts
        self.functions = AsyncInvoker(parts.aws, parts.clock, parts.report)
        self.router = Router(
            parts.aws,
            parts.clock,
            self._routed,
            invoke=self.functions.submit,
            arrived=self.archives.arrived,
            credentials=lambda *place: parts.kept(Connections).get(place, {}),
            copies=self.faults.copies,
        )
        shared = (parts.aws, parts.clock, parts.report)
        self.alarms = Alarms(*shared, lambda: parts.kept(Expressions))
        self.topics = Deliveries(*shared, self.functions.submit, self.alarms.look)
        parts.add(self.functions)
        parts.add(self.router)
        parts.add(self.alarms)

    def put(self, event: Json, account: str, region: str, bus: str = "default") -> None:
        """Put an event on a bus; returns at once."""
        self.router.put(event, account=account, region=region, bus=bus)

    def settle(self, seconds: float) -> bool:
        """Wait until all that is recorded, routed and, where a function got it, run.

        What those functions called in turn is waited for as well, as long as it takes no longer.
        """
        until = time.monotonic() + seconds
        while True:
            before = self.activity.last
            for wait in (
                self.recording.settle,
                self.trail_writer.drain,
                self.schedules.settle,
                self.router.drain,
                self.alarms.drain,
                self.topics.drain,
                self.functions.drain,
            ):
                if not wait(max(until - time.monotonic(), 0.0)):
                    return False
            if self.activity.last == before:
                return True

    def advance(self, seconds: float) -> None:
        """Move the clock; what was due in between is matched, by the rules of before the move."""
        self.recording.settle(10.0)
        self.parts.clock.advance(seconds)
        self.alarms.moved()
        self.trail_writer.drain(60.0)
        self.schedules.settle(60.0)
        self.router.drain_arrivals(60.0)

    async def reset(self) -> None:
        """Forget everything that was made, recorded or is on its way; the clock is set right."""
        await asyncio.to_thread(self.recording.settle, 1.0)
        self.functions.close()
        self.topics.close()
        self.alarms.close()
        await asyncio.to_thread(self.router.close)
        self.trail_writer.reset()
        await asyncio.to_thread(self.trail_writer.drain, 5.0)
        await self.emulator.reset()
        for service in (
            self.schedules,
            self.archives,
            self.faults,
            self.parts.clock,
            self.trails,
            self.identities,
            self.permissions,
        ):
            service.reset()
        self.parts.forget()
        self._begin()
        self.activity.clear()

    async def stop(self) -> None:
        for close in (
            self.recording.close,
            self.schedules.close,
            self.trail_writer.close,
            self.router.close,
        ):
            await asyncio.to_thread(close)
        for service in (self.functions, self.topics, self.alarms):
            service.close()
        await self.emulator.stop()

    def _emitted(self, event: dict[str, Any], account: str, region: str, bus: str) -> None:
        # The emulator stamps the machine's time.
        stamp = self.parts.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.put(event | {"time": stamp}, account, region, bus)

    def _published(self, published: Published) -> None:
        self.topics.submit(published)

    def _routed(self, step: RouterEvent) -> None:
        self.activity.add(
            Activity(
                time=step.time,
                kind="router",
                account=step.account,
                region=step.region,
                step=step.kind,
                event_id=step.event_id,
                what=step.rule_name,
                detail=step.reason,
                extra={
                    "rule": step.rule,
                    "target": step.target_id,
                    "target_arn": step.target_arn,
                    "target_kind": step.target_kind,
                    "dead_letter_arn": step.dead_letter_arn,
                },
            )
        )
