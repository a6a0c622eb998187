"""What a process keeps of the witness, for all the accounts and Regions that it works on in turn.

Every place's lines lie in the same objects. A worker has hundreds of places in a round, and would
read and search all lines for each of them.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

# What comes within that time counts from the next look on. Reconciliation is an hour behind.
_FRESH = timedelta(minutes=5)
# As the lines begin. What a line holds can't look like it: JSON escapes the quotes.
_LINE = re.compile(rb'\{"account":"([0-9]+)","region":"([a-z0-9-]+)",')


class _Hour(NamedTuple):
    read_at: datetime
    size: int
    places: Mapping[tuple[str, str], bytes]


class KeptLines:
    """Lines by place of the last hours that were asked for, at most `most` bytes of them.

    Safe to use from many threads.
    """

    def __init__(self, most: int = 200 << 20) -> None:
        self._most = most
        self._hours: dict[datetime, _Hour] = {}
        self._too_large: set[datetime] = set()
        self._lock = threading.Lock()

    def of(
        self,
        place: tuple[str, str],
        hour: datetime,
        now: datetime,
        read: Callable[[datetime], Iterable[bytes]],
    ) -> Iterable[bytes]:
        """A place's lines of an hour, by `read` where they are not kept; `now` is AWS's time."""
        with self._lock:
            found = self._hours.get(hour)
            if found is None or now - found.read_at > _FRESH:
                if hour in self._too_large:
                    return read(hour)
                self._hours.pop(hour, None)
                found = _Hour(now, *_by_place(read(hour)))
                self._keep(hour, found)
            return (found.places.get(place, b""),)

    def _keep(self, hour: datetime, found: _Hour) -> None:
        if found.size > self._most // 2:
            self._too_large.add(hour)
            return
        while self._hours and found.size + sum(e.size for e in self._hours.values()) > self._most:
            del self._hours[min(self._hours, key=lambda each: self._hours[each].read_at)]
        self._hours[hour] = found


def _by_place(contents: Iterable[bytes]) -> tuple[int, Mapping[tuple[str, str], bytes]]:
    """The number of bytes, and each place's lines one after the other."""
    places: defaultdict[tuple[bytes, bytes], bytearray] = defaultdict(bytearray)
    size = 0
    for content in contents:
        size += len(content)
        lines = list(_LINE.finditer(content))
        ends = [line.start() for line in lines[1:]] + [len(content)]
        for line, end in zip(lines, ends, strict=False):
            account, region = line.groups()
            places[account, region] += content[line.start() : end]
    found = {}
    while places:  # one after the other: both would not fit
        (account, region), text = places.popitem()
        found[account.decode(), region.decode()] = bytes(text)
    return size, found
