"""A look at every name in an account's and Region's folders, a share at a time.

A run of the proof looks at the hours that it proves. The sweep finds what lies elsewhere: names
that CloudTrail does not give, times that are yet to come, and files that were written long after
the time in their name, which is what a file is that somebody added or replaced. S3 sets the time
that a file was written; nobody else can.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reactor.digest.lookup import Names
from reactor.digest.verdicts import Finding, Kind, Verdict

if TYPE_CHECKING:
    from reactor.digest.chain import Link
    from reactor.digest.engine import Engine
    from reactor.digest.names import DigestName, Shard
    from reactor.digest.transport import Entry

_HOUR = timedelta(hours=1)
_LATE = _HOUR  # CloudTrail writes a file within minutes of the time in its name
_DUE = 4 * _HOUR  # by then a digest names it
_MOST_LOOKED_AT = 20_000
_MOST_LOOK_UPS = 48
_MOST_TRIED = 100


@dataclass
class Swept:
    """What a share found; `after` is the last name that was looked at, empty at the end."""

    findings: list[Finding] = field(default_factory=list)
    after: str = ""
    looked_at: int = 0


def sweep(
    engine: Engine,
    shard: Shard,
    now: datetime,
    after: str = "",
    since: datetime | None = None,
    seconds: float = math.inf,
) -> Swept:
    """Looks at 20,000 names that sort after one, or fewer if the time is over or much was odd.

    What was written before `since` was looked at by another sweep: only its name counts. Raises
    AccessError if the listing can't be read.
    """
    shard = replace(shard, bucket=engine.delivered_to(shard.bucket))
    run = _Sweep(engine, shard, now, since, seconds)
    run.go(after)
    for future in run.running:
        future.result()
    return run.swept


def oldest(engine: Engine, shard: Shard) -> Link | None:
    """The oldest valid digest of a trail; None where none of the first hundred is."""
    tried = 0
    for page in engine.pages(shard.bucket, shard.digest_folder, ""):
        for entry in page:
            name = shard.digest_name(entry.key)
            if name is None or name.trail != shard.trail or name.backfill:
                continue
            link = engine.fetch_digest(shard, shard.bucket, name).result().link
            if link.verdict is Verdict.VALID:
                return link
            tried += 1
            if tried == _MOST_TRIED:
                return None
    return None


class _Sweep:
    def __init__(
        self, engine: Engine, shard: Shard, now: datetime, since: datetime | None, seconds: float
    ) -> None:
        self._engine = engine
        self._shard = shard
        self._now = now
        self._since = since
        self._deadline = time.monotonic() + seconds
        self._names = Names(engine, shard)
        self.running: list[Future[None]] = []
        self.swept = Swept()

    def go(self, after: str) -> None:
        swept = self.swept
        # In the order of the names, so that one name tells how far it went.
        for folder, look in (
            (self._shard.digest_folder, self._look_at_digest),
            (self._shard.log_folder, self._look_at_log),
        ):
            if after > folder and not after.startswith(folder):
                continue
            begin = after if after.startswith(folder) else ""
            for page in self._engine.pages(self._shard.bucket, folder, begin):
                for entry in page:
                    if self._enough():
                        return
                    if entry.size or not entry.key.endswith("/"):
                        look(entry)
                    swept.looked_at += 1
                    swept.after = entry.key
        swept.after = ""

    def _enough(self) -> bool:
        return (
            self.swept.looked_at >= _MOST_LOOKED_AT
            or self._names.looked_up >= _MOST_LOOK_UPS
            or time.monotonic() > self._deadline
        ) and self.swept.looked_at > 0

    def _look_at_digest(self, entry: Entry) -> None:
        name = self._shard.digest_name(entry.key)
        if name is None:
            self._add(Kind.DIGEST, entry, Verdict.STRAY, "CloudTrail gives no digest such a name")
        elif name.trail != self._shard.trail:
            pass  # another trail's: it proves its own files only
        elif name.end > max(self._now, entry.modified) + _HOUR:
            self._add(Kind.DIGEST, entry, Verdict.STRAY, "its time is yet to come")
        elif self._late(entry, name.end, 2 * _HOUR):
            self._judge(name)

    def _judge(self, name: DigestName) -> None:
        link = self._engine.fetch_digest(self._shard, self._shard.bucket, name).result().link
        if link.verdict is not Verdict.VALID:
            kind = Kind.BACKFILL if name.backfill else Kind.DIGEST
            self._tell(Finding(kind, link.bucket, name.key, link.verdict, link.reason))

    def _look_at_log(self, entry: Entry) -> None:
        when = self._shard.log_time(entry.key)
        if when is None:
            reason = "CloudTrail gives no log file such a name"
            self._add(Kind.LOG, entry, Verdict.UNLISTED, reason)
            return
        if not self._late(entry, when, _LATE) or self._now - entry.modified < _DUE:
            return
        named = self._names.of(when).get(entry.key) if when <= self._now else None
        if named is None:
            named = self._names.of(entry.modified).get(entry.key)
        if named is None:
            self._add(Kind.LOG, entry, Verdict.UNLISTED, "no digest names it")
        else:
            self.running.append(self._engine.hash_log(named, self._tell, self._deadline))

    def _late(self, entry: Entry, when: datetime, most: timedelta) -> bool:
        """Whether a file was written at another time than its name says."""
        if self._since and entry.modified < self._since:
            return False
        return abs(entry.modified - when) > most

    def _add(self, kind: Kind, entry: Entry, verdict: Verdict, reason: str) -> None:
        self._tell(Finding(kind, self._shard.bucket, entry.key, verdict, reason))

    def _tell(self, finding: Finding) -> None:
        if finding.verdict is not Verdict.VALID:
            self.swept.findings.append(finding)
            self._engine.tell(finding)
