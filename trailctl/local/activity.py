"""What happens in the local AWS, as it happens: calls, matches, deliveries, functions."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Activity:
    """One step. `kind` is `call`, `router` or `function`, `step` what was done there.

    `event_id` is the id of the event on the bus and ties its steps together; `what` names the call,
    rule or function, `detail` says the rest.
    """

    time: datetime
    kind: str
    account: str
    region: str
    step: str
    event_id: str
    what: str
    detail: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class ActivityLog:
    """The last steps, numbered, for whoever watches."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, Activity]] = deque(maxlen=_KEPT)
        self._last = 0
        self._lock = threading.Lock()
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def add(self, step: Activity) -> None:
        with self._lock:
            self._last += 1
            self._steps.append((self._last, step))
            watchers = tuple(self._watchers)
        for loop, event in watchers:
            loop.call_soon_threadsafe(event.set)

    def since(self, number: int) -> list[dict[str, Any]]:
        """The steps after that number, oldest first, as JSON-ready dicts with their `number`."""
        with self._lock:
            newer: list[tuple[int, Activity]] = []
            for item in reversed(self._steps):
                if item[0] <= number:
                    break
                newer.append(item)
        return [
            asdict(step) | {"number": n, "time": step.time.isoformat()}
            for n, step in reversed(newer)
        ]

    async def wait(self, number: int, seconds: float) -> list[dict[str, Any]]:
        """Like `since`, but waits up to so many seconds for the first step."""
        event = asyncio.Event()
        watcher = (asyncio.get_running_loop(), event)
        with self._lock:
            self._watchers.add(watcher)
        try:
            steps = self.since(number)
            if not steps and seconds > 0:
                try:
                    await asyncio.wait_for(event.wait(), seconds)
                except TimeoutError:
                    return []
                steps = self.since(number)
            return steps
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def clear(self) -> None:
        with self._lock:
            self._steps.clear()
