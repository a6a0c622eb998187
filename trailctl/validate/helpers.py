"""Processes beside this one that fetch and hash log files; started where there is enough to do.

    python -c ... : a line of JSON a batch comes in, a line with its hashes goes out

A helper knows the usual case only: an object that comes at once and is one gzip file. For all else
its answer is null, and whoever asked fetches the object again and says what is wrong with it. So is
for all that it had to do if it dies. It loads nothing but what it needs: it is there within the
time that the listing takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactor.digest.transport import Direct

Done = Callable[[str | None], None]
_BATCH = 32
_MOST = 8
_PROGRAM = "import sys; sys.path[:0] = {path!r}; import trailctl.validate.hashing as h; h.main({n})"


def cores() -> int:
    """How many processes can work at once; a few at most."""
    try:
        found = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        found = os.cpu_count() or 1
    return min(found, _MOST)


@contextmanager
def helping(number: int, threads: int) -> Iterator[list[Helper]]:
    """So many helpers, with so many requests at once each, for as long as the block lasts."""
    helpers: list[Helper] = []
    try:
        for _ in range(number):
            with suppress(OSError):  # without one, others do its share
                helpers.append(Helper(threads))
        yield helpers
    finally:
        for helper in helpers:
            helper.close()


class Helper:
    """One process. `add` and `flush` may be called from many threads."""

    def __init__(self, threads: int) -> None:
        import reactor

        import trailctl

        roots = [str(Path(str(each.__file__)).parents[1]) for each in (trailctl, reactor)]
        program = _PROGRAM.format(
            path=[*dict.fromkeys([*roots, *filter(None, sys.path)])], n=threads
        )
        # Without site: what it looks through takes longer than all that a helper loads.
        self._process = subprocess.Popen(
            [sys.executable, "-E", "-S", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._lock = threading.Lock()
        self._batch: list[tuple[str, Done]] = []
        self._direct: Direct | None = None
        self._sent: dict[int, list[Done]] = {}
        self._number = 0
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="helper", daemon=True)
        self._reader.start()

    def add(self, direct: Direct, path: str, done: Done) -> None:
        """Have an object hashed; `done` is called with its hash, or None, by another thread."""
        with self._lock:
            if self._batch and (direct != self._direct or len(self._batch) >= _BATCH):
                self._send()
            self._direct = direct
            self._batch.append((path, done))

    def flush(self) -> None:
        """Send what was not sent yet."""
        with self._lock:
            self._send()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _send(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        self._number += 1
        self._sent[self._number] = [done for _, done in batch]
        asked = {"number": self._number, "direct": self._direct, "paths": [p for p, _ in batch]}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # it died, or was closed
            self._ended = True
        if self._ended:  # the reader may have gone by: nobody else would answer
            for done in self._sent.pop(self._number, ()):
                done(None)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(OSError, ValueError):
            for line in self._process.stdout:
                answer: dict[str, Any] = json.loads(line)
                with self._lock:
                    sent = self._sent.pop(answer["number"])
                for done, found in zip(sent, answer["hashes"], strict=True):
                    done(found)
        with self._lock:
            self._ended = True
            left, self._sent = self._sent, {}
        for dones in left.values():
            for done in dones:
                done(None)
