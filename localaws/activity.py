"""What happens in the local AWS, as it happens: calls, matches, deliveries, functions."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Steps are kept as the JSON that watchers get: whole records as Python objects take six times the
# room, and a server that runs all day must not grow.
_KEPT_STEPS = 20_000
_KEPT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Activity:
    """One step. `kind` is `call`, `authorize`, `emitted`, `fault`, `router`, `schedule`, `replay`,
    `topic`, `alarm` or `function`, `step` what was done there.

    `event_id` is the id of the event on the bus and ties its steps together; `what` names the call,
    rule, schedule or function, `detail` says the rest.
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

    def json(self, number: int) -> bytes:
        """The step as watchers get it, with its number."""
        members = {
            "time": self.time.isoformat(),
            "kind": self.kind,
            "account": self.account,
            "region": self.region,
            "step": self.step,
            "event_id": self.event_id,
            "what": self.what,
            "detail": self.detail,
            "extra": self.extra,
            "number": number,
        }
        return json.dumps(members, separators=(",", ":"), default=str).encode()


class ActivityLog:
    """The last steps, numbered, for whoever watches: 20,000 of them, and 16 MB, at most."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._last = 0
        self._lock = threading.Lock()
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def last(self) -> int:
        """The number of the last step."""
        return self._last

    def add(self, step: Activity) -> None:
        with self._lock:
            self._last += 1
            written = step.json(self._last)
            self._steps.append((self._last, written))
            self._bytes += len(written)
            while len(self._steps) > _KEPT_STEPS or self._bytes > _KEPT_BYTES:
                self._bytes -= len(self._steps.popleft()[1])
            watchers = tuple(self._watchers)
        for loop, event in watchers:
            loop.call_soon_threadsafe(event.set)

    def written(self, number: int) -> bytes:
        """The steps after that number, oldest first, as a JSON list."""
        with self._lock:
            newer: list[bytes] = []
            for item in reversed(self._steps):
                if item[0] <= number:
                    break
                newer.append(item[1])
        return b"[" + b",".join(reversed(newer)) + b"]"

    def since(self, number: int) -> list[dict[str, Any]]:
        """The steps after that number, oldest first, each with its `number`."""
        steps: list[dict[str, Any]] = json.loads(self.written(number))
        return steps

    async def wait(self, number: int, seconds: float) -> bytes:
        """Like `written`, but waits up to so many seconds for the first step."""
        event = asyncio.Event()
        watcher = (asyncio.get_running_loop(), event)
        with self._lock:
            self._watchers.add(watcher)
            waits = self._last <= number
        try:
            if waits and seconds > 0:
                try:
                    await asyncio.wait_for(event.wait(), seconds)
                except TimeoutError:
                    return b"[]"
            return self.written(number)
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def clear(self) -> None:
        with self._lock:
            self._steps.clear()
            self._bytes = 0
