"""The local AWS's time: the machine's, plus what it was moved on by."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class MovableClock:
    """A clock that can be moved forward, so that an hour's digest does not take an hour."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._changed = threading.Condition()

    def now(self) -> datetime:
        """The current time, UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds and wake whoever waits.

        Raises ValueError for a step back: signed calls and chained digests know one direction only.
        """
        if seconds < 0:
            raise ValueError("the clock only moves forward: give a duration such as +1h")
        with self._changed:
            self._offset += timedelta(seconds=seconds)
            self._changed.notify_all()

    def wait(self, seconds: float, cancel: threading.Event) -> bool:
        """Wait so many seconds of this clock; False where `cancel` was set before they passed."""
        deadline = self.now() + timedelta(seconds=seconds)
        with self._changed:
            while (left := (deadline - self.now()).total_seconds()) > 0:
                if cancel.is_set():
                    return False
                self._changed.wait(min(left, 0.25))
        return not cancel.is_set()

    def monotonic(self) -> float:
        return time.monotonic() + self._offset.total_seconds()
