"""Prints the demo: progress, timelines and claims, in colour if the terminal shows it."""

from __future__ import annotations

import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from trailctl import terminal

if TYPE_CHECKING:
    from trailctl.demo.scenario import Claim, Line

_KIND_COLOURS = {
    "call": "bold",
    "lost": "red",
    "rule": "cyan",
    "schedule": "cyan",
    "target": "cyan",
    "topic": "cyan",
    "function": "cyan",
    "change": "green",
    "alert": "yellow",
    "failed": "red",
}
_WHEN_WIDTH, _KIND_WIDTH = 12, 9


@dataclass
class Working:
    """Work that is going on; the screen prints `result` after its time."""

    result: str = ""


class Screen:
    """Prints to a stream, with colour on a terminal that wants it (https://no-color.org)."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._colour = terminal.colours(stream)
        self._width = min(terminal.width(), 100)

    def say(self, text: str = "") -> None:
        print(text, file=self._stream, flush=True)

    def title(self, text: str) -> None:
        self.say(f"\n{self._paint(text, 'bold')}")

    @contextmanager
    def working(self, what: str) -> Iterator[Working]:
        """Prints a line: the work, how long it takes, its result."""
        work = Working()
        began = time.monotonic()
        finished = threading.Event()

        def tick() -> None:
            while not finished.wait(1.0):
                self._rewrite(f"  … {what[: self._width - 12]}  {time.monotonic() - began:.0f} s")

        if self._live:
            self._rewrite(f"  … {what[: self._width - 12]}")
            threading.Thread(target=tick, daemon=True).start()
        mark, colour = "✗", "red"
        try:
            yield work
            mark, colour = "✓", "green"
        finally:
            finished.set()
            seconds = f"{time.monotonic() - began:.1f} s"
            if self._live:
                self._rewrite("")
            told = f"{what}  {seconds}"
            fits = len(told) + len(work.result) + 6 <= self._width
            if fits and work.result:
                seconds += f"  {work.result}"
            self.say(f"  {self._paint(mark, colour)} {what}  {self._paint(seconds, 'dim')}")
            for line in [] if fits else textwrap.wrap(work.result, self._width - 4):
                self.say(f"    {self._paint(line, 'dim')}")

    def timeline(self, steps: Sequence[Line]) -> None:
        """Prints a line for each step: its time since the first, kind, subject and detail."""
        start = steps[0].time if steps else None
        for step in steps:
            assert start is not None
            if step is steps[0]:
                when = f"{step.time:%H:%M:%S}.{step.time.microsecond // 1000:03d}"
            else:
                when = f"+{(step.time - start).total_seconds() * 1000:.0f} ms"
            head = f"  {when:>{_WHEN_WIDTH}}  "
            kind = self._paint(f"{step.kind:<{_KIND_WIDTH}}", _KIND_COLOURS.get(step.kind, "dim"))
            if step.kind == "alert":
                self._message(head, kind, step.detail)
                continue
            indent = len(head) + _KIND_WIDTH
            text = f"{step.what}  {step.detail}".strip()
            first, *more = textwrap.wrap(
                text, max(self._width - indent, 30), subsequent_indent="  "
            )
            self.say(f"{head}{kind}{first}")
            for line in more:
                self.say(" " * indent + line)

    def claim(self, claim: Claim) -> bool:
        """Prints a claim with its mark, and returns whether it holds."""
        mark = self._paint("✓", "green") if claim.holds else self._paint("✗", "red")
        found = f" (found: {claim.found or 'nothing'})" if not claim.holds else ""
        front, *more = textwrap.wrap(f"{claim.text}{found}", self._width - 4) or [""]
        self.say(f"  {mark} {front}")
        for line in more:
            self.say(f"    {line}")
        return claim.holds

    def _message(self, head: str, kind: str, text: str) -> None:
        indent = len(head) + _KIND_WIDTH
        width = max(self._width - indent - 2, 30)
        lines = [w for line in text.splitlines() for w in textwrap.wrap(line, width) or [""]]
        for number, line in enumerate(lines):
            front = head + kind if number == 0 else " " * indent
            self.say(f"{front}{self._paint('│', 'yellow')} {line}".rstrip())

    def _rewrite(self, text: str) -> None:
        self._stream.write(f"\r\x1b[2K{text}")
        self._stream.flush()

    def _paint(self, text: str, colour: str) -> str:
        return terminal.paint(text, colour) if self._colour else text
