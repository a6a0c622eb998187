"""The local AWS's time: the machine's, plus what it was moved on by.

Retry waits, ages, schedules, event history, records and functions follow it. Clients sign with the
machine's time, and what the emulator stamps or lets expire by itself stays on it too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LONGEST_MOVE = timedelta(days=366)


class MovableClock:
    """A clock that can be moved forward, so that an hour's digest does not take an hour."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._changed = threading.Condition()
        self._told: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The current time, UTC."""
        return datetime.now(UTC) + self._offset

    @property
    def ahead(self) -> float:
        """By how many seconds it is ahead of the machine's."""
        return self._offset.total_seconds()

    def tell(self, moved: Callable[[], None]) -> None:
        """Call this, on the mover's thread, whenever the clock was moved."""
        self._told.append(moved)

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds and wake whoever waits.

        Raises ValueError for a step back (signed calls and chained digests know one direction
        only) and for one of more than 366 days.
        """
        if not seconds >= 0:
            raise ValueError("the clock only moves forward: give a duration such as +1h")
        if seconds > LONGEST_MOVE.total_seconds():
            raise ValueError(f"the clock moves at most {LONGEST_MOVE.days} days at a time")
        with self._changed:
            self._offset += timedelta(seconds=seconds)
            self._changed.notify_all()
        for moved in self._told:
            moved()

    def reset(self) -> None:
        """Back to the machine's time; only together with all that was made in the meantime."""
        with self._changed:
            self._offset = timedelta()
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
