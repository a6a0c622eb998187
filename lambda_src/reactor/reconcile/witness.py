"""What arrived: a short line for each event that a rule matched, as Firehose puts it into S3.

EventBridge writes the lines (the module's input transformer), one after the other:
{"account":"...","region":"...","id":"...","rule":"<ARN>","time":"..."}. The names of the objects
have the hour of their arrival: `<prefix>2026/11/28/16/...`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOUR = timedelta(hours=1)
# EventBridge tries for 24 hours, then Firehose keeps a line for 15 minutes.
LATEST = timedelta(hours=25)


@dataclass(slots=True)
class Sight:
    """How often a rule saw an event, and when it was first there."""

    times: int
    first: datetime


class Witness:
    """The lines of one account and Region, read an hour at a time as they are asked for.

    `read` gives the contents of the objects of an hour; `now` is the last moment to look at.
    """

    def __init__(
        self,
        account: str,
        region: str,
        read: Callable[[datetime], Iterable[bytes]],
        now: datetime,
    ) -> None:
        place = f'{{"account":"{account}","region":"{region}","id":"'.encode()
        self._line = re.compile(
            re.escape(place)
            + rb'([^"\\]+)","rule":"([^"\\]+)","time":"([0-9T:-]+)(?:\.[0-9]+)?Z"\}'
        )
        self._read = read
        self._now = now
        self._seen: dict[bytes, Sight] = {}
        self._hours: set[datetime] = set()

    def sight(self, id_: str, rule: str, time: datetime) -> Sight | None:
        """How a rule saw an event of that time; None if it did not."""
        key = f"{id_} {rule}".encode()
        # In the hour of the event, or the next one, where nearly all are; then in all others.
        hour = time.replace(minute=0, second=0, microsecond=0)
        last = min(self._now, hour + LATEST)
        for number in range(26):
            then = hour + number * _HOUR
            if then > last and number > 1:
                break
            self._load(then)
            if number and (found := self._seen.get(key)):
                return found
        return None

    def _load(self, hour: datetime) -> None:
        if hour in self._hours or hour > self._now:
            return
        self._hours.add(hour)
        for content in self._read(hour):
            for line in self._line.finditer(content):
                id_, rule, told = line.groups()
                time = datetime.fromisoformat(told.decode()).replace(tzinfo=UTC)
                key = id_ + b" " + rule
                if (sight := self._seen.get(key)) is None:
                    self._seen[key] = Sight(1, time)
                else:
                    sight.times += 1
                    sight.first = min(sight.first, time)
