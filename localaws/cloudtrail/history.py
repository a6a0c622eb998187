"""The event history behind LookupEvents, kept small: a busy server must not grow with its calls."""

from __future__ import annotations

import json
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from localaws.wire.parts import Json

# AWS keeps 90 days; of a laptop's calls the last ten thousand an account and Region are kept.
MOST_EVENTS = 10_000


class History:
    """Records by account and Region, kept packed: as objects they take ten times the room."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], deque[tuple[datetime, bytes]]] = {}
        self._lock = threading.Lock()

    def add(self, account: str, region: str, when: datetime, record: Json) -> None:
        packed = zlib.compress(json.dumps(record, separators=(",", ":"), default=str).encode(), 1)
        with self._lock:
            place = self._places.setdefault((account, region), deque(maxlen=MOST_EVENTS))
            place.append((when, packed))

    def newest(
        self, account: str, region: str, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, Json]]:
        """The records between two times, the newest first."""
        with self._lock:
            kept = list(self._places.get((account, region), ()))
        for when, packed in reversed(kept):
            if start <= when <= end:
                yield when, json.loads(zlib.decompress(packed))

    def clear(self) -> None:
        with self._lock:
            self._places.clear()
