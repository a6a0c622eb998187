"""Proves the log files of an account and Region over a span of time.

Everything goes forward in time. Digests are listed, fetched a few ahead and judged in order. Many
threads hash their log files, and the listing of log files is matched to the digests' names on the
way. Memory grows with what is found wrong, not with the length of the span.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain as joined
from typing import TYPE_CHECKING

from reactor.digest.chain import HOUR, BackfillChain, Chain, Link
from reactor.digest.document import LogEntry
from reactor.digest.engine import DIGEST_THREADS, Checked, Engine
from reactor.digest.lookup import Names
from reactor.digest.names import DigestName, Shard
from reactor.digest.verdicts import Cover, Finding, Kind, Report, Verdict

if TYPE_CHECKING:
    from reactor.digest.transport import Entry

STALE_AFTER = timedelta(hours=3)
_LOGS_AHEAD = 5_000
_SPILL = HOUR  # log files of the span that the next digest names
_WITNESS = timedelta(hours=25)
_LATE = timedelta(minutes=30)  # log files mostly come some five minutes after their minute
_RESOLVE_EVERY = 24
# Of the time to spend, the part after which no further hour is begun.
_BEGIN_WITHIN = 0.7
# More wait for a digest to name them only where somebody floods the bucket.
_MOST_UNNAMED = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """The time to prove: from `start` to `end`, seen at `now`, UTC.

    `stale_after` is the greatest age of the newest digest's end. Log files of digests that end
    before `logs_from` count as named and are not fetched again, unless they are of the times
    `again`. After `seconds` no log file is read, and well before that the range is shortened.
    """

    start: datetime
    end: datetime
    now: datetime
    stale_after: timedelta = STALE_AFTER
    logs_from: datetime | None = None
    again: tuple[tuple[datetime, datetime], ...] = ()
    seconds: float = math.inf


def validate(engine: Engine, shard: Shard, span: Span) -> Report:
    """The report of one account and Region.

    Raises AccessError if the listing or the public keys can't be read, since there is no report
    without them. The report has single objects that can't be read.
    """
    return _Validation(engine, shard, span).run()


class _Validation:
    """One account and Region."""

    def __init__(self, engine: Engine, shard: Shard, span: Span) -> None:
        self._engine = engine
        self._shard = replace(shard, bucket=engine.delivered_to(shard.bucket))
        self._span = span
        self._report = Report(shard.account, shard.region, span.start, span.end)
        self._adding = threading.Lock()
        self._chain = Chain(self._shard, span.start, span.end, self._add)
        self._backfill = BackfillChain(self._shard, span.start, self._add)
        self._running: set[Future[None]] = set()
        self._listing: Iterator[Entry] = iter(())
        self._waiting: Entry | None = None
        self._named: set[str] = set()
        self._unnamed: dict[str, datetime] = {}
        self._later = Names(engine, self._shard)
        self._trouble: list[BaseException] = []
        self._reached = span.start
        self._begun = time.monotonic()

    def run(self) -> Report:
        shard, span, engine = self._shard, self._span, self._engine
        loading = engine.load_keys(shard.region, span.start, span.end + 2 * HOUR)
        minute = span.start + timedelta(seconds=-span.start.timestamp() % 60)
        first = shard.log_key(minute, "").removesuffix("_.json.gz")
        self._listing = (
            entry for page in engine.pages(shard.bucket, shard.log_folder, first) for entry in page
        )
        names = self._digest_names(shard.bucket, span.start, span.end + _WITNESS)
        loading.result()
        for number, checked in enumerate(self._in_order(names), 1):
            if self._spent():
                break
            self._take(checked)
            if number % _RESOLVE_EVERY == 0:
                self._resolve(self._chain.proven_until - 3 * HOUR)
        span = self._span
        self._backfill.close()
        self._chain.close(span.now, span.stale_after)
        self._advance(span.end)
        self._resolve(span.end + HOUR)
        for future in tuple(self._running):
            future.result()
        self._raise()
        report, regular = self._report, self._chain
        report.findings.sort(key=lambda finding: (finding.kind, finding.key))
        report.intervals = regular.intervals
        report.newest = regular.last.until if regular.last else None
        return report

    def _spent(self) -> bool:
        """Whether to end here: the time to begin hours in is over, and what went before counts."""
        span = self._span
        if time.monotonic() <= self._begun + _BEGIN_WITHIN * span.seconds:
            return False
        if not (span.logs_from or span.start) < self._reached < span.end:
            return False  # something must be proven, or the next time it ends here again
        self._span = replace(span, end=self._reached)
        self._report.end = self._reached
        self._chain.shorten(self._reached)
        return True

    # Digests

    def _digest_names(self, bucket: str, start: datetime, end: datetime) -> Iterator[DigestName]:
        """The digests whose logs the span may need, in the order of their time.

        If they don't reach the span's end, one more follows, which tells what is missing.
        """
        shard, wanted = self._shard, self._span.end
        reached = start
        after = shard.digest_key(start - timedelta(minutes=1))
        for page in self._engine.pages(bucket, shard.digest_folder, after):
            for entry in page:
                name = shard.digest_name(entry.key)
                if name is None or name.trail != shard.trail or name.end < start:
                    continue
                if name.end > end or (name.end > wanted + _SPILL and reached >= wanted):
                    return
                yield name
                if not name.backfill:
                    reached = max(reached, name.end)

    def _in_order(self, names: Iterable[DigestName]) -> Iterator[Checked]:
        """The judged digests in the order of their names; a few are fetched ahead."""
        names = iter(names)
        ahead: deque[tuple[DigestName, Future[Checked]]] = deque()
        bucket = self._shard.bucket
        exhausted = False
        try:
            while True:
                while not exhausted and len(ahead) < DIGEST_THREADS and self._light(ahead):
                    name = next(names, None)
                    if name is None:
                        exhausted = True
                        break
                    ahead.append((name, self._engine.fetch_digest(self._shard, bucket, name)))
                if not ahead:
                    return
                checked = ahead.popleft()[1].result()
                yield from self._from_elsewhere(checked)
                yield checked
        finally:
            for _, future in ahead:
                if not future.cancel():
                    future.exception()

    def _light(self, ahead: deque[tuple[DigestName, Future[Checked]]]) -> bool:
        logs = sum(len(f.result().logs) for _, f in ahead if f.done() and not f.exception())
        return logs < _LOGS_AHEAD

    def _from_elsewhere(self, checked: Checked) -> Iterator[Checked]:
        """The digests before this one that CloudTrail delivered to another bucket."""
        link, proven = checked.link, self._chain.proven_until
        before = link.previous
        if before is None or before.bucket == link.bucket or link.start is None:
            return
        if link.start <= proven or link.name.backfill:
            return
        for name in self._digest_names(before.bucket, proven, link.start):
            if name.end > proven or self._chain.last is None:
                found = self._engine.fetch_digest(self._shard, before.bucket, name).result()
                yield from self._from_elsewhere(found)
                yield found

    def _take(self, checked: Checked) -> None:
        link = checked.link
        beyond = link.name.end > self._span.end + _SPILL
        if beyond and (link.verdict is not Verdict.VALID or link.name.backfill):
            return
        if link.name.backfill:
            self._backfill.add(link)
        else:
            self._chain.add(link, witness=beyond)
            self._reached = max(self._reached, link.until)
        for entry in checked.logs:
            self._name(entry.key)
        if not beyond and self._new(link):
            for entry in checked.logs:
                self._submit(entry)
            self._engine.flush()
        self._advance(min(link.until, self._span.end))

    def _new(self, link: Link) -> bool:
        """Whether the log files that a digest names are to be read."""
        logs_from = self._span.logs_from
        if logs_from is None or link.until > logs_from:
            return True
        begun = link.start or link.until
        return any(start < link.until and begun < end for start, end in self._span.again)

    # Log files

    def _submit(self, entry: LogEntry) -> None:
        self._raise()
        future = self._engine.hash_log(entry, self._add, self._begun + self._span.seconds)
        self._running.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        self._running.discard(future)
        if not future.cancelled() and (error := future.exception()):
            self._trouble.append(error)

    def _raise(self) -> None:
        if self._trouble:
            raise self._trouble[0]

    def _add(self, finding: Finding) -> None:
        with self._adding:
            self._report.add(finding)
        self._engine.tell(finding)

    # Log files that no digest names

    def _name(self, key: str) -> None:
        if self._unnamed.pop(key, None) is None and key.startswith(self._shard.log_folder):
            self._named.add(key)

    def _advance(self, until: datetime) -> None:
        """Matches the listing up to a time with the names."""
        # The names sort by their minutes.
        limit = self._shard.log_key(until, "\x7f")
        entries = joined([self._waiting] if self._waiting else [], self._listing)
        self._waiting = None
        for entry in entries:
            if entry.key > limit:
                self._waiting = entry
                return
            if entry.key in self._named:
                self._named.discard(entry.key)
            elif entry.size or not entry.key.endswith("/"):
                self._wait(entry)

    def _wait(self, entry: Entry) -> None:
        """Keep a file that no digest named so far, until all are known that can name it."""
        if len(self._unnamed) < _MOST_UNNAMED:
            self._unnamed[entry.key] = entry.modified
            return
        reason = "no digest read so far names it, and too many files are like that"
        self._add(Finding(Kind.LOG, self._shard.bucket, entry.key, Verdict.UNLISTED, reason))

    def _resolve(self, before: datetime) -> None:
        """Judges the files before a time that none of the span's digests names."""
        limit = self._shard.log_key(before, "")
        newest = self._chain.proven_until
        for key in [key for key in self._unnamed if key < limit]:
            modified = self._unnamed.pop(key)
            time = self._shard.log_time(key)
            if time is not None:
                cover = self._unproven(time)
                recent = self._span.now - modified < self._span.stale_after
                if cover in (Cover.GAP, Cover.STALE) or key in self._later.of(modified):
                    continue
                if cover is Cover.NOT_YET or (recent and modified + HOUR > newest):
                    self._report.undecided += 1
                    continue
            reason = "no digest names it" if time else "CloudTrail gives no log file such a name"
            self._add(Finding(Kind.LOG, self._shard.bucket, key, Verdict.UNLISTED, reason))

    def _unproven(self, time: datetime) -> Cover | None:
        """The fault of the digest that would name a file of that minute."""
        for interval in self._chain.intervals:
            if interval.cover in (Cover.GAP, Cover.NOT_YET, Cover.STALE) and (
                interval.start - _LATE <= time <= interval.end
            ):
                return interval.cover
        return None
