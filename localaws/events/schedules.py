"""Scheduled rules and EventBridge Scheduler's schedules, fired by the local AWS's own clock.

Both are read through the emulator's public API whenever a call has changed them. When the clock
jumps, every period that passed fires, in order; of more than `MOST_FIRINGS` of one schedule in one
jump the last are fired, and the activity says how many are left out.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import uuid
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.events.expressions import (
    At,
    Expression,
    ExpressionError,
    rule_expression,
    scheduler_expression,
)
from localaws.events.router import Router
from localaws.events.router.model import SCHEDULER, Rule, Target
from localaws.wire.clients import InProcessClients
from localaws.wire.parts import Json

_log = logging.getLogger(__name__)

MOST_FIRINGS = 1_000
_LONGEST_SLEEP = 3600.0
_INSTANT = timedelta(microseconds=1)
Origin = Literal["events", "scheduler"]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A schedule as it stands: when it fires, and how."""

    arn: str
    text: str
    expression: Expression
    fire: Callable[[datetime], None]
    begin: datetime | None = None
    end: datetime | None = None
    window: timedelta = timedelta()
    at_start: bool = False
    delete: Callable[[], None] | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What must be the same for a changed schedule to keep its rhythm."""
        return (self.arn, self.text, self.begin)


class _Running:
    """A plan with its place in time."""

    def __init__(self, plan: _Plan, anchor: datetime, after: datetime) -> None:
        self.plan = plan
        self.anchor = anchor
        self._times = self._occurrences(after)
        self.next = next(self._times, None)

    def _occurrences(self, after: datetime) -> Iterator[datetime]:
        for when in self.plan.expression.after(after, self.anchor):
            if self.plan.end is not None and when > self.plan.end:
                return
            yield when

    @property
    def due(self) -> datetime | None:
        """When the next occurrence is to be fired: at its time, or somewhere in its window."""
        return None if self.next is None else self.next + self._lag(self.next)

    def take(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The occurrences due by now, each with the time to fire it."""
        while self.next is not None and (due := self.next + self._lag(self.next)) <= now:
            when, self.next = self.next, next(self._times, None)
            yield due, when

    def _lag(self, when: datetime) -> timedelta:
        if not self.plan.window:
            return timedelta()
        # Anywhere in the window, and the same place each time that the same hour is played.
        spread = zlib.crc32(f"{self.plan.arn} {when.isoformat()}".encode()) / 2**32
        return timedelta(seconds=int(self.plan.window.total_seconds() * spread))


@dataclass(frozen=True, slots=True)
class _Change:
    """Schedules of an account and Region may have changed at that time."""

    time: datetime
    kind: Origin
    account: str
    region: str


class Schedules:
    """All schedules of all accounts and Regions, on one thread."""

    def __init__(
        self,
        aws: InProcessClients,
        clock: MovableClock,
        router: Callable[[], Router],
        report: Callable[[Activity], None],
    ) -> None:
        self._aws = aws
        self._clock = clock
        self._router = router
        self._report = report
        self._wake = threading.Condition()
        self._changes: deque[_Change] = deque()
        self._asked = self._done = 0
        self._generation = 0
        self._closed = False
        self._running: dict[tuple[Origin, str, str], dict[str, _Running]] = {}
        self._rhythms: dict[tuple[object, ...], datetime] = {}
        self._places: set[tuple[str, str]] = set()
        self._thread: threading.Thread | None = None
        clock.tell(self._look)

    def observe(
        self, service: str, operation: str, account: str, region: str, parameters: Json
    ) -> None:
        """An API call was made: look again where it may have changed a schedule."""
        kinds: tuple[Origin, ...] = ()
        if service == "cloudformation":
            kinds = ("events", "scheduler")
        elif service == "events" and operation.endswith("Rule"):
            # Rules without a schedule are many, and none of ours where none has one.
            if not parameters.get("ScheduleExpression") and (account, region) not in self._places:
                return
            kinds = ("events",)
        elif service == "scheduler":
            kinds = ("scheduler",)
        if not kinds or operation.startswith(("Describe", "Get", "List")):
            return
        with self._wake:
            now = self._clock.now()
            self._places.add((account, region))
            self._changes.extend(_Change(now, kind, account, region) for kind in kinds)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait until all that is due by now is fired; False where that took too long."""
        with self._wake:
            if self._thread is None or self._closed:
                return True
            self._asked += 1
            mine = self._asked
            self._wake.notify_all()
            return self._wake.wait_for(lambda: self._done >= mine or self._closed, seconds)

    def reset(self) -> None:
        """Forget all schedules; nothing must be under way elsewhere."""
        with self._wake:
            self._generation += 1
            self._changes.clear()
            self._running.clear()
            self._rhythms.clear()
            self._places.clear()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(5)

    # --- the thread -----------------------------------------------------------------------------

    def _look(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._changes and self._asked == self._done:
                    wait = self._until_next()
                    if wait is not None and wait <= 0:
                        break
                    self._wake.wait(wait)
                if self._closed:
                    return
                asked = self._asked
                changes = list(self._changes)
                self._changes.clear()
            for change in changes:
                # What was due before the change is fired as it was planned then.
                self._fire_due(change.time)
                self._read(change)
            self._fire_due(self._clock.now())
            with self._wake:
                self._done = asked
                self._wake.notify_all()

    def _until_next(self) -> float | None:
        times = [r.due for known in self._running.values() for r in known.values()]
        first = min((t for t in times if t is not None), default=None)
        if first is None:
            return None
        return min((first - self._clock.now()).total_seconds(), _LONGEST_SLEEP)

    def _fire_due(self, now: datetime) -> None:
        due: list[tuple[datetime, datetime, _Running]] = []
        ended: list[tuple[dict[str, _Running], _Running]] = []
        for known in list(self._running.values()):
            for running in list(known.values()):
                count = 0
                last: deque[tuple[datetime, datetime]] = deque(maxlen=MOST_FIRINGS)
                for taken in running.take(now):
                    count += 1
                    last.append(taken)
                if count > MOST_FIRINGS:
                    self._say_skipped(running.plan, count - MOST_FIRINGS, now)
                due += [(fire_at, when, running) for fire_at, when in last]
                if running.next is None:
                    ended.append((known, running))
        for _, when, running in sorted(due, key=lambda item: item[:2]):
            self._guarded(running.plan, lambda w=when, p=running.plan: p.fire(w))  # type: ignore[misc]
        for known, running in ended:
            known.pop(running.plan.arn, None)
            if running.plan.delete is not None:
                self._guarded(running.plan, running.plan.delete)

    def _guarded(self, plan: _Plan, action: Callable[[], None]) -> None:
        try:
            action()
        except (ClientError, BotoCoreError) as error:
            self._tell(plan.arn, "failed", str(error))
        except Exception:
            _log.exception("the schedule %s could not be fired", plan.arn)

    def _say_skipped(self, plan: _Plan, skipped: int, now: datetime) -> None:
        del now
        self._tell(
            plan.arn,
            "skipped",
            f"{skipped} firings: of one jump of the clock only the last {MOST_FIRINGS} are fired",
        )

    def _tell(self, arn: str, step: str, detail: str, event_id: str = "") -> None:
        parts = arn.split(":", 5)
        self._report(
            Activity(
                time=self._clock.now(),
                kind="schedule",
                account=parts[4],
                region=parts[3],
                step=step,
                event_id=event_id,
                what=parts[5].rpartition("/")[2],
                detail=detail,
                extra={"arn": arn},
            )
        )

    # --- reading --------------------------------------------------------------------------------

    def _read(self, change: _Change) -> None:
        key = (change.kind, change.account, change.region)
        generation = self._generation
        read = self._rules if change.kind == "events" else self._schedules
        try:
            plans = list(read(change.account, change.region))
        except (ClientError, BotoCoreError) as error:
            _log.warning("schedules of %s in %s can't be read: %s", *key[1:], error)
            return
        old = self._running.get(key, {})
        new: dict[str, _Running] = {}
        for plan in plans:
            kept = old.get(plan.arn)
            if kept is not None and kept.plan.identity == plan.identity:
                after = (kept.next or change.time) - _INSTANT
            else:
                after = change.time
            anchor = self._rhythms.get(plan.identity)
            if anchor is None:
                anchor = plan.begin or change.time
                self._rhythms[plan.identity] = anchor
                if plan.at_start:  # the first invocation comes at once
                    after = max(anchor, change.time) - _INSTANT
            if plan.begin is not None:
                after = max(after, plan.begin - _INSTANT)
            new[plan.arn] = _Running(plan, anchor, after)
        with self._wake:
            if generation == self._generation:
                self._running[key] = new

    def _rules(self, account: str, region: str) -> Iterator[_Plan]:
        events = self._aws.client("events", account, region)
        listed: set[str] = set()
        for page in _pages(events.list_rules, EventBusName="default"):
            for rule in page["Rules"]:
                text = rule.get("ScheduleExpression")
                if not text:
                    continue
                listed.add(rule["Arn"])
                if rule.get("State") != "ENABLED":
                    continue
                try:
                    expression = rule_expression(text)
                except ExpressionError as error:
                    self._tell(rule["Arn"], "refused", f"{text}: {error}")
                    continue
                fire = self._rule_firing(rule["Name"], rule["Arn"], account, region)
                yield _Plan(rule["Arn"], text, expression, fire)
        self._forget("events", account, region, listed)

    def _schedules(self, account: str, region: str) -> Iterator[_Plan]:
        scheduler = self._aws.client("scheduler", account, region)
        listed: set[str] = set()
        # The emulator knows no pages here and cuts the list off: ask for all at once.
        for page in _pages(scheduler.list_schedules, MaxResults=100_000):
            for found in page["Schedules"]:
                schedule = scheduler.get_schedule(Name=found["Name"], GroupName=found["GroupName"])
                listed.add(schedule["Arn"])
                if schedule.get("State", "ENABLED") != "ENABLED":
                    continue
                try:
                    yield self._schedule(schedule, account, region)
                except ExpressionError as error:
                    text = schedule["ScheduleExpression"]
                    self._tell(schedule["Arn"], "refused", f"{text}: {error}")
        self._forget("scheduler", account, region, listed)

    def _forget(self, service: str, account: str, region: str, listed: set[str]) -> None:
        """A schedule that is made again under its old name begins anew."""
        place = f":{service}:{region}:{account}:"
        for identity in list(self._rhythms):
            arn = str(identity[0])
            if place in arn and arn not in listed:
                del self._rhythms[identity]

    def _schedule(self, schedule: Json, account: str, region: str) -> _Plan:
        text, zone = schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone")
        expression = scheduler_expression(text, zone)
        window = schedule.get("FlexibleTimeWindow") or {}
        minutes = int(window.get("MaximumWindowInMinutes") or 0)
        delete = None
        if schedule.get("ActionAfterCompletion") == "DELETE":
            delete = self._deletion(schedule, account, region)
        once = isinstance(expression, At)
        return _Plan(
            arn=schedule["Arn"],
            text=f"{text} {zone}",
            expression=expression,
            fire=self._schedule_firing(schedule, account, region),
            # A schedule that fires once knows neither start nor end.
            begin=None if once else _utc(schedule.get("StartDate")),
            end=None if once else _utc(schedule.get("EndDate")),
            window=timedelta(minutes=minutes if window.get("Mode") == "FLEXIBLE" else 0),
            at_start=text.startswith("rate("),
            delete=delete,
        )

    # --- firing ---------------------------------------------------------------------------------

    def _rule_firing(
        self, name: str, arn: str, account: str, region: str
    ) -> Callable[[datetime], None]:
        def fire(when: datetime) -> None:
            event = _scheduled_event("aws.events", arn, account, region, when, {})
            self._tell(arn, "fired", f"for {_stamp(when)}", event["id"])
            self._router().fire(event, rule=name, account=account, region=region)

        return fire

    def _schedule_firing(
        self, schedule: Json, account: str, region: str
    ) -> Callable[[datetime], None]:
        arn, settings = schedule["Arn"], schedule["Target"]
        group = schedule.get("GroupName") or "default"
        source = arn.split(":schedule/")[0] + f":schedule-group/{group}"

        def fire(when: datetime) -> None:
            execution = uuid.uuid4().hex[:16]
            rule = Rule(
                name=schedule["Name"],
                arn=arn,
                bus="",
                state="ENABLED",
                pattern="",
                account=account,
                region=region,
                service=SCHEDULER,
                source_arn=source,
                scheduled=_stamp(when),
                execution=execution,
            )
            event = _scheduled_event("aws.scheduler", arn, account, region, when, "{}")
            event["id"] = execution
            given = settings.get("Input")
            if given is not None:
                given = (
                    given.replace("<aws.scheduler.schedule-arn>", arn)
                    .replace("<aws.scheduler.scheduled-time>", _stamp(when))
                    .replace("<aws.scheduler.execution-id>", execution)
                )
            target = {k: v for k, v in settings.items() if k != "Input"}
            to_bus = settings.get("EventBridgeParameters")
            if to_bus:
                event = _put_event(to_bus, given, event, settings["Arn"])
            elif given is not None:
                target["Input"] = given
            self._tell(arn, "fired", f"for {_stamp(when)}", event["id"])
            self._router().invoke(event, Target(rule, schedule["Name"], settings["Arn"], target))

        return fire

    def _deletion(self, schedule: Json, account: str, region: str) -> Callable[[], None]:
        def delete() -> None:
            self._aws.client("scheduler", account, region).delete_schedule(
                Name=schedule["Name"], GroupName=schedule.get("GroupName") or "default"
            )
            self._tell(schedule["Arn"], "deleted", "it is completed")

        return delete


def _scheduled_event(
    source: str, arn: str, account: str, region: str, when: datetime, detail: Any
) -> Json:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html"""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": _stamp(when),
        "region": region,
        "resources": [arn],
        "detail": detail,
    }


def _put_event(settings: Mapping[str, Any], given: str | None, event: Json, bus: str) -> Json:
    """The event that a schedule's PutEvents makes."""
    try:
        detail = json.loads(given or "{}")
    except ValueError:
        detail = {}
    return event | {
        "id": str(uuid.uuid4()),
        "detail-type": settings["DetailType"],
        "source": settings["Source"],
        "resources": [],
        "detail": detail,
        "region": bus.split(":")[3],
    }


def _pages(call: Any, **parameters: Any) -> Iterator[Json]:
    for _ in itertools.count():
        page = call(**parameters)
        yield page
        token = page.get("NextToken")
        if not token:
            return
        parameters["NextToken"] = token


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
