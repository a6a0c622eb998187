"""Faults on demand: events are lost, repeated, late and out of order, as AWS may deliver them.

CloudTrail delivers to EventBridge at best effort, PutEvents is not lost; every event may come more
than once, and in any order.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from localaws.activity import Activity
from localaws.clock import MovableClock

LONGEST_DELAY = 86_400.0
# Events that are put out of order and need not be late otherwise are spread over this long.
_SPREAD = 1.0
_AT_ONCE = (0.0,)


@dataclass(frozen=True)
class FaultSettings:
    """Which faults there are; raises ValueError with a sentence where a setting is none.

    `lose` and `repeat` are shares of the events (0 to 1), `delay` is in seconds. Events come so
    much later, or with `reorder` each at a random moment until then. `seed` decides which: of the
    same events of a source, in an account and Region, the same ones are lost. `sources` are those
    of events (`aws.ec2`) that have faults; empty: all.
    """

    lose: float = 0.0
    repeat: float = 0.0
    delay: float = 0.0
    reorder: bool = False
    seed: int = 0
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lose", "repeat"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0% to 100%")
        if not 0 <= self.delay <= LONGEST_DELAY:
            raise ValueError("delay must be from 0 seconds to 1 day")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> FaultSettings:
        """Of JSON; what is not given has its default."""
        if unknown := given.keys() - {field.name for field in fields(cls)}:
            raise ValueError(f"there is no fault {min(unknown)}")
        return cls(**{**given, "sources": tuple(given.get("sources", ()))})

    @property
    def on(self) -> bool:
        """Whether anything goes wrong with these settings."""
        return bool(self.lose or self.repeat or self.delay or self.reorder)


class Faults:
    """Decides what becomes of each event on its way to a bus: nothing special, unless it is told.

    Every fault is reported. It may be asked from any thread.
    """

    def __init__(self, clock: MovableClock, report: Callable[[Activity], None]) -> None:
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """No faults."""
        self.set(FaultSettings())

    def set(self, settings: FaultSettings) -> None:
        """These faults from now on; all counting begins anew. What is under way is not changed."""
        with self._lock:
            self._settings = settings
            self._numbers: Counter[tuple[str, str, str]] = Counter()
            self._done: Counter[str] = Counter()

    def state(self) -> dict[str, Any]:
        """The settings, whether they are `on`, and how many `events` had which fault so far."""
        with self._lock:
            done = {name: self._done[name] for name in ("events", "lost", "repeated", "delayed")}
            return {**asdict(self._settings), "on": self._settings.on, **done}

    def copies(self, event: Mapping[str, Any], account: str, region: str) -> Sequence[float]:
        """In how many seconds the event comes to the bus, once for each copy; empty: never."""
        # Settings are replaced whole: most of the time this is all that an event costs.
        if not self._settings.on:
            return _AT_ONCE
        source = str(event.get("source", ""))
        with self._lock:
            settings = self._settings
            if settings.sources and source not in settings.sources:
                return _AT_ONCE
            key = (account, region, source)
            self._numbers[key] += 1
            number = self._numbers[key]
            comes = _drawn(settings, f"{account}/{region}/{source}/{number}", event)
            steps = dict(_steps(comes))
            self._done.update(["events", *steps])
        for step, detail in steps.items():
            self._tell(step, detail, event, account, region)
        return comes

    def _tell(
        self, step: str, detail: str, event: Mapping[str, Any], account: str, region: str
    ) -> None:
        self._report(
            Activity(
                time=self._clock.now(),
                kind="fault",
                account=account,
                region=region,
                step=step,
                event_id=str(event.get("id", "")),
                what=_name(event),
                detail=detail,
            )
        )


def _drawn(settings: FaultSettings, key: str, event: Mapping[str, Any]) -> tuple[float, ...]:
    chance = random.Random(f"{settings.seed}/{key}")  # noqa: S311 (repeatable, no secret)
    # Always in this order, so that another share of repeats loses the same events.
    lost, repeated = chance.random() < settings.lose, chance.random() < settings.repeat
    if lost and _may_be_lost(event):
        return ()
    if not settings.reorder:
        return (settings.delay,) * (1 + repeated)
    until = settings.delay or _SPREAD
    return tuple(chance.uniform(0, until) for _ in range(1 + repeated))


def _steps(comes: Sequence[float]) -> list[tuple[str, str]]:
    if not comes:
        return [("lost", "it never comes to the bus")]
    found = []
    if len(comes) > 1:
        found.append(("repeated", "it comes twice"))
    if any(comes):
        found.append(("delayed", "it comes " + " and ".join(f"{s:.3g} s" for s in comes) + " late"))
    return found


def _may_be_lost(event: Mapping[str, Any]) -> bool:
    """What CloudTrail delivers; nobody else may use a source of AWS's own."""
    source, kind = str(event.get("source", "")), str(event.get("detail-type", ""))
    return source.startswith("aws.") and kind.endswith(" via CloudTrail")


def _name(event: Mapping[str, Any]) -> str:
    """`ec2:RunInstances`, or the detail-type of what is no API call."""
    detail = event.get("detail")
    if isinstance(detail, Mapping) and {"eventSource", "eventName"} <= detail.keys():
        return f"{str(detail['eventSource']).partition('.')[0]}:{detail['eventName']}"
    return str(event.get("detail-type", ""))
