"""A helper process: it fetches objects over `wire`, and hashes the content of their gzip.

Standard library and isal only, and nothing of trailctl: it must start fast.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from isal import isal_zlib
from reactor.digest.content import Inflater, refuse_large, sha256_of_gzip
from reactor.digest.wire import Answer, Credentials, Signer, Wire

if TYPE_CHECKING:
    from ssl import SSLContext

ISAL = Inflater(isal_zlib.decompressobj, isal_zlib.error)  # type: ignore[arg-type]  # its stub's
_CONNECT, _READ = 5.0, 20.0


class _Batch:
    """Objects that were asked for at once; the answer comes when all are done."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.number = asked["number"]
        self.secure, self.name, self.port, self.host, self.path, self.region, self.bundle, keys = (
            asked["direct"]
        )
        self.credentials = Credentials(*keys)
        self.paths: list[str] = asked["paths"]
        self.hashes: list[str | None] = [None] * len(self.paths)
        self.left = len(self.paths)


class _Hasher:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wires: dict[tuple[bool, str, int, str], Wire] = {}
        self._signer = Signer()
        self.tasks: SimpleQueue[tuple[_Batch, int]] = SimpleQueue()

    def work(self) -> None:
        """One thread's doing, for as long as the process lives."""
        while True:
            batch, number = self.tasks.get()
            # Whatever it is: who asked tries again, and tells.
            try:
                batch.hashes[number] = self._hash(batch, batch.path + batch.paths[number])
            except Exception:  # noqa: S110
                pass
            finally:
                self._done(batch)

    def _hash(self, batch: _Batch, path: str) -> str:
        headers = self._signer.headers(
            batch.credentials, batch.region, batch.host, path, time.time()
        )
        return self._wire(batch).get(path, headers, _hashed)

    def _wire(self, batch: _Batch) -> Wire:
        place = (batch.secure, batch.name, batch.port, batch.bundle)
        with self._lock:
            wire = self._wires.get(place)
            if wire is None:
                context = _context(batch.bundle) if batch.secure else None
                wire = Wire(batch.name, batch.port, context, _CONNECT, _READ)
                self._wires[place] = wire
        return wire

    def _done(self, batch: _Batch) -> None:
        with self._lock:
            batch.left -= 1
            if batch.left == 0:
                line = json.dumps({"number": batch.number, "hashes": batch.hashes})
                sys.stdout.write(line + "\n")
                sys.stdout.flush()


def _context(bundle: str) -> SSLContext:
    from ssl import create_default_context

    return create_default_context(cafile=bundle)


def _hashed(answer: Answer) -> str:
    refuse_large(answer.headers)
    return sha256_of_gzip(answer, ISAL)


def main(threads: int) -> None:
    """Answers until its input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it closes its input
    hasher = _Hasher()
    for _ in range(threads):
        threading.Thread(target=hasher.work, daemon=True).start()
    for line in sys.stdin:
        batch = _Batch(json.loads(line))
        for number in range(len(batch.paths)):
            hasher.tasks.put((batch, number))
