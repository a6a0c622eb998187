"""The router: events in, matched against the bus's rules, delivered to their targets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is-how-it-works-concepts.html
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any

from reactor.patterns import RuleSet

from localaws.events.router.changes import touched
from localaws.events.router.delivery import Deliverer, Invoke
from localaws.events.router.model import (
    Arn,
    AwsClients,
    DeliveryError,
    RouterClock,
    RouterEvent,
    Rule,
    RuleSetFactory,
    StepKind,
    Target,
)
from localaws.events.router.retry import Agenda, Backoff, RetryPolicy, as_delivery_error
from localaws.events.router.rules import RuleBook
from localaws.events.router.services import Delivery, RoleCredentials

_LOG = logging.getLogger(__name__)
_WORKERS = 4
# How often a dead-letter queue that is busy is tried before the event is given up.
_DEAD_LETTER_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Arrival:
    event: dict[str, Any]
    account: str
    region: str
    bus: str
    hops: int
    received: datetime
    attempt: int = 1
    rule: str | None = None
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    delivery: Delivery
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class _DeadLetter:
    """A delivery that failed for good, on its way to the target's queue."""

    job: _Job
    failure: DeliveryError
    attributes: dict[str, str] = field(default_factory=dict)
    attempt: int = 1


_Work = Callable[[], None]
# Called with (event, account, Region, bus) for each event that a bus gets.
Arrived = Callable[[dict[str, Any], str, str, str], None]
# Given (event, account, Region): in how many seconds it comes to the bus, once for each copy of it.
Copies = Callable[[dict[str, Any], str, str], Sequence[float]]


class Router:
    """Routes events as EventBridge does, with the rules and policies that the emulator holds.

    `on` is told of every step, on the router's own threads: it must be quick. Events of one target
    are delivered in the order they came, as long as none is retried; AWS promises no order.
    `invoke` takes an event for a function, `arrived` is told of each event that a bus gets, before
    it is matched, `credentials` knows what connections authorize with, `copies` says when an event
    comes to its first bus and how often.
    """

    def __init__(
        self,
        aws: AwsClients,
        clock: RouterClock,
        on: Callable[[RouterEvent], None],
        *,
        invoke: Invoke,
        rule_set: RuleSetFactory = RuleSet,
        arrived: Arrived | None = None,
        backoff: Backoff | None = None,
        credentials: RoleCredentials = lambda account, region, name: {},
        copies: Copies = lambda event, account, region: (0.0,),
    ) -> None:
        self._clock = clock
        self._on = on
        self._arrived = arrived
        self._copies = copies
        self._rules = RuleBook(aws, rule_set)
        self._deliverer = Deliverer(aws, clock, self._forward, invoke, credentials)
        self._backoff = backoff or Backoff()
        self._agenda = Agenda(clock)
        self._settled = threading.Condition()
        self._pending = 0
        self._closed = False
        self._arrivals: SimpleQueue[_Work | None] = SimpleQueue()
        self._lanes: list[SimpleQueue[_Work | None]] = [SimpleQueue() for _ in range(_WORKERS)]
        self._threads = [
            threading.Thread(target=self._run, args=(queue,), name=name, daemon=True)
            for name, queue in [
                ("router-match", self._arrivals),
                *((f"router-deliver-{n}", lane) for n, lane in enumerate(self._lanes)),
            ]
        ]
        for thread in self._threads:
            thread.start()

    # --- public face ----------------------------------------------------------------------------

    def put(
        self,
        event: dict[str, Any],
        *,
        account: str,
        region: str,
        bus: str = "default",
        hops: int = 0,
        only: frozenset[str] | None = None,
    ) -> None:
        """Hand an event to a bus; returns at once.

        `event` is EventBridge's envelope (`id`, `detail-type`, `source`, `account`, `time`,
        `region`, `resources`, `detail`) and must not be changed afterwards. `account`, `region` and
        `bus` say where it arrives, `hops` how many buses sent it on before, `only` the ARNs of the
        rules that may take it (a replay's filter). After `close` nothing is taken any more.
        """
        now = self._clock.now()
        # What an archive plays again, or a bus sends on, has been on a bus before.
        first = hops == 0 and "replay-name" not in event
        for seconds in self._copies(event, account, region) if first else (0.0,):
            received = now + timedelta(seconds=seconds)
            self._take(_Arrival(event, account, region, bus, hops, received, only=only), seconds)

    def fire(
        self, event: dict[str, Any], *, rule: str, account: str, region: str, bus: str = "default"
    ) -> None:
        """Hand the event of a rule's own schedule to that rule's targets; returns at once."""
        self._take(_Arrival(event, account, region, bus, 0, self._clock.now(), rule=rule))

    def invoke(self, event: dict[str, Any], target: Target) -> None:
        """Hand an event to a target that no rule of a bus has: a schedule's; returns at once."""
        # Not sent on by a bus: should the target be one, this is the event's first.
        delivery = Delivery(event, target, self._clock.now(), -1)
        if self._begin():
            self._enqueue(_Job(delivery))

    def _take(self, arrival: _Arrival, seconds: float = 0.0) -> None:
        if not self._begin():
            return
        if seconds:
            self._later(seconds, self._arrivals, lambda: self._match(arrival))
        else:
            self._arrivals.put(lambda: self._match(arrival))

    def invalidate(self, account: str, region: str) -> None:
        """Rules of this account and Region have changed: read them, and all grants, again."""
        self._rules.forget(account, region)
        self._deliverer.forget()

    def observe(self, service: str, operation: str, account: str, region: str) -> None:
        """An API call was made: forget what it may have changed, if anything.

        `service` and `operation` are botocore's names. Called for every call that the emulator
        gets, it makes `invalidate` unnecessary.
        """
        what = touched(service, operation)
        if what == "rules":
            self.invalidate(account, region)
        elif what == "grants":
            self._deliverer.forget()

    def drain(self, timeout: float) -> bool:
        """Wait until every event is delivered, in a dead-letter queue or dropped.

        `timeout` is in seconds of real time; False where something is still under way then (an
        event that waits for its next attempt is).
        """
        deadline = time.monotonic() + timeout
        with self._settled:
            while self._pending > 0:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._settled.wait(left)
        return True

    def drain_arrivals(self, timeout: float) -> bool:
        """Wait until every event that was put so far has been looked at; deliveries may go on."""
        looked_at = threading.Event()
        self._arrivals.put(looked_at.set)
        return looked_at.wait(timeout)

    def close(self) -> None:
        """Stop: what is still under way is dropped. May be called again."""
        with self._settled:
            if self._closed:
                return
            self._closed = True
        self._agenda.close()
        for queue in (self._arrivals, *self._lanes):
            queue.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)
        with self._settled:
            self._pending = 0
            self._settled.notify_all()

    # --- threads --------------------------------------------------------------------------------

    def _begin(self, count: int = 1) -> bool:
        with self._settled:
            if self._closed:
                return False
            self._pending += count
            return True

    def _settle(self) -> None:
        with self._settled:
            self._pending -= 1
            if self._pending <= 0:
                self._settled.notify_all()

    def _run(self, queue: SimpleQueue[_Work | None]) -> None:
        while (work := queue.get()) is not None:
            if self._closed:
                continue
            try:
                work()
            except Exception:
                # A bug, and only this event's: the others go on.
                _LOG.exception("an event was lost in the router")
                self._settle()

    def _later(self, delay: float, queue: SimpleQueue[_Work | None], work: _Work) -> None:
        due = self._clock.now() + timedelta(seconds=delay)
        self._agenda.at(due, lambda: queue.put(work))

    def _lane(self, target_arn: str) -> SimpleQueue[_Work | None]:
        return self._lanes[zlib.crc32(target_arn.encode()) % _WORKERS]

    # --- matching -------------------------------------------------------------------------------

    def _match(self, arrival: _Arrival) -> None:
        event = arrival.event
        place = (arrival.account, arrival.region, arrival.bus)
        if self._arrived is not None and arrival.attempt == 1 and arrival.rule is None:
            self._arrived(event, *place)
        try:
            if arrival.rule is None:
                matches = self._rules.matching(event, *place)
            else:
                matches = self._rules.named(arrival.rule, *place)
        except Exception as error:
            self._match_failed(arrival, as_delivery_error(error))
            return
        for rule, targets in matches:
            if arrival.only is not None and rule.arn not in arrival.only:
                continue
            self._report("matched", arrival, rule)
            for target in targets:
                delivery = Delivery(event, target, arrival.received, arrival.hops)
                if self._begin():
                    self._enqueue(_Job(delivery))
        self._settle()

    def _match_failed(self, arrival: _Arrival, failure: DeliveryError) -> None:
        retries = arrival.attempt - 1
        delay = RetryPolicy().next_delay(
            retries, arrival.received, self._clock.now(), self._backoff.delay(retries)
        )
        if not failure.retry or isinstance(delay, str):
            self._report("dropped", arrival, reason=failure.reason, error_code=failure.code)
            self._settle()
            return
        self._report(
            "retried",
            arrival,
            attempt=arrival.attempt,
            delay=delay,
            reason=failure.reason,
            error_code=failure.code,
        )
        again = replace(arrival, attempt=arrival.attempt + 1)
        self._later(delay, self._arrivals, lambda: self._match(again))

    def _forward(self, delivery: Delivery, bus: Arn, name: str) -> None:
        """The event as it is; in another Region it gets a new id, within one it keeps its own."""
        event = dict(delivery.event)
        if bus.region != delivery.target.rule.region:
            event["id"] = str(uuid.uuid4())
        self.put(
            event,
            account=bus.account,
            region=bus.region,
            bus=name,
            hops=delivery.hops + 1,
        )

    # --- delivering -----------------------------------------------------------------------------

    def _enqueue(self, job: _Job) -> None:
        self._lane(job.delivery.target.arn).put(lambda: self._attempt(job))

    def _attempt(self, job: _Job) -> None:
        delivery = job.delivery
        try:
            receipt = self._deliverer.deliver(delivery)
        except Exception as error:
            self._failed(job, as_delivery_error(error))
            return
        self._report_target("delivered", job, receipt=receipt)
        self._settle()

    def _failed(self, job: _Job, failure: DeliveryError) -> None:
        retries = job.attempt - 1
        attributes = {"RETRY_ATTEMPTS": str(retries)}
        if failure.retry:
            delay = RetryPolicy.of(job.delivery.target.settings).next_delay(
                retries, job.delivery.received, self._clock.now(), self._backoff.delay(retries)
            )
            if not isinstance(delay, str):
                self._report_target("retried", job, failure, delay=delay)
                attempt = job.attempt + 1
                again = _Job(replace(job.delivery, attempt=attempt), attempt)
                lane = self._lane(job.delivery.target.arn)
                self._later(delay, lane, lambda: self._attempt(again))
                return
            attributes["EXHAUSTED_RETRY_CONDITION"] = delay
        else:
            self._report_target("refused", job, failure)
        self._bury(_DeadLetter(job, failure, attributes))

    def _bury(self, dead: _DeadLetter) -> None:
        target = dead.job.delivery.target
        if target.dead_letter_arn is None:
            self._report_target(
                "dropped",
                dead.job,
                dead.failure,
                reason=f"{_ending(dead)}, and the target has no dead-letter queue",
            )
            self._settle()
            return
        try:
            receipt = self._deliverer.dead_letter(dead.job.delivery, dead.failure, dead.attributes)
        except Exception as error:
            self._bury_failed(dead, as_delivery_error(error))
            return
        self._report_target("dead-lettered", dead.job, dead.failure, receipt=receipt)
        self._settle()

    def _bury_failed(self, dead: _DeadLetter, failure: DeliveryError) -> None:
        if failure.retry and dead.attempt < _DEAD_LETTER_ATTEMPTS:
            again = replace(dead, attempt=dead.attempt + 1)
            lane = self._lane(dead.job.delivery.target.arn)
            self._later(self._backoff.delay(dead.attempt - 1), lane, lambda: self._bury(again))
            return
        self._report_target(
            "dropped",
            dead.job,
            dead.failure,
            reason=f"{_ending(dead)}, and its dead-letter queue can't take the event: "
            f"{failure.reason}",
        )
        self._settle()

    # --- reporting ------------------------------------------------------------------------------

    def _report(
        self, kind: StepKind, arrival: _Arrival, rule: Rule | None = None, **more: Any
    ) -> None:
        self._tell(
            RouterEvent(
                kind=kind,
                time=self._clock.now(),
                event_id=str(arrival.event.get("id", "")),
                account=arrival.account,
                region=arrival.region,
                bus=arrival.bus,
                rule=rule.arn if rule else "",
                rule_name=rule.name if rule else "",
                event=arrival.event,
                **more,
            )
        )

    def _report_target(
        self,
        kind: StepKind,
        job: _Job,
        failure: DeliveryError | None = None,
        *,
        reason: str | None = None,
        delay: float = 0.0,
        receipt: str = "",
    ) -> None:
        target, rule = job.delivery.target, job.delivery.target.rule
        if reason is None:
            reason = failure.reason if failure else ""
        self._tell(
            RouterEvent(
                kind=kind,
                time=self._clock.now(),
                event_id=str(job.delivery.event.get("id", "")),
                account=rule.account,
                region=rule.region,
                bus=rule.bus,
                rule=rule.arn,
                rule_name=rule.name,
                target_id=target.id,
                target_arn=target.arn,
                target_kind=target.kind,
                attempt=job.attempt,
                delay=delay,
                reason=reason,
                error_code=failure.code if failure else None,
                dead_letter_arn=(target.dead_letter_arn or "") if kind == "dead-lettered" else "",
                receipt=receipt,
                event=job.delivery.event,
            )
        )

    def _tell(self, step: RouterEvent) -> None:
        try:
            self._on(step)
        except Exception:
            _LOG.exception("a listener of the router failed")


def _ending(dead: _DeadLetter) -> str:
    condition = dead.attributes.get("EXHAUSTED_RETRY_CONDITION")
    if condition is None:
        return dead.failure.reason
    retries = dead.attributes["RETRY_ATTEMPTS"]
    return f"{dead.failure.reason} ({condition} reached after {retries} retries)"
