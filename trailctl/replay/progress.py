"""A progress bar, on a terminal only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

_CELLS = 30


class Progress:
    """The progress in bytes of `total` (0: unknown), on standard error."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total = total
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._done = 0
        self._events = 0
        self._begun = time.monotonic()
        self._last = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def tell(self, text: str) -> None:
        """Shows a line in place of the bar."""
        if self._shown:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()

    def add(self, size: int, events: int) -> None:
        """Adds bytes that were read, and the events in them."""
        self._done += size
        self._events += events
        now = time.monotonic()
        if not self._shown or now - self._last < 0.1:
            return
        self._last = now
        rate = self._events / max(now - self._begun, 0.001)
        bar = ""
        if self._total:
            share = min(1.0, self._done / self._total)
            full = int(share * _CELLS)
            bar = f"[{'#' * full}{'.' * (_CELLS - full)}] {share:4.0%}  "
        self._stream.write(f"\r\x1b[K{bar}{self._events:,} events, {rate:,.0f} a second")
        self._stream.flush()
