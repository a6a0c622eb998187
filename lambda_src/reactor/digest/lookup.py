"""Which log files digests name, looked up by an hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reactor.digest.document import LogEntry
    from reactor.digest.engine import Engine
    from reactor.digest.names import Shard


_NAMED_WITHIN = timedelta(hours=3)
_DAY = timedelta(days=1)
_MOST_DIGESTS = 500  # far more than trails make; whoever may write can put any number there
_KEPT = 16


class Names:
    """The log files of an account and Region that digests of any trail name.

    Trails that share bucket and prefix share the folder, and the digest of the hour of its delivery
    names a file that came late. The last 16 hours that were asked for are kept.
    """

    def __init__(self, engine: Engine, shard: Shard) -> None:
        self._engine = engine
        self._shard = shard
        self._hours: dict[datetime, Mapping[str, LogEntry]] = {}
        self.looked_up = 0

    def of(self, when: datetime) -> Mapping[str, LogEntry]:
        """Those that the digests name, by key, which end in the hour of a time or soon after.

        Raises AccessError.
        """
        hour = when.replace(minute=0, second=0, microsecond=0)
        if hour not in self._hours:
            self.looked_up += 1
            self._hours = {**dict(list(self._hours.items())[1 - _KEPT :]), hour: self._at(hour)}
        return self._hours[hour]

    def _at(self, hour: datetime) -> Mapping[str, LogEntry]:
        engine, shard = self._engine, self._shard
        last = hour + _NAMED_WITHIN
        found = []
        after = f"{shard.digest_folder}{hour:%Y/%m/%d}/"
        until = f"{shard.digest_folder}{last + _DAY:%Y/%m/%d}/"
        for page in engine.pages(shard.bucket, shard.digest_folder, after):
            names = [shard.digest_name(entry.key) for entry in page]
            found += [name for name in names if name and hour <= name.end <= last]
            del found[_MOST_DIGESTS:]
            if page and page[-1].key > until:
                break
        fetched = [engine.fetch_digest(shard, shard.bucket, name) for name in found]
        return {entry.key: entry for future in fetched for entry in future.result().logs}
