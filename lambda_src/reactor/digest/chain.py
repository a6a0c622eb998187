"""The chain of digests: what it proves, and for which time.

Each digest names the one before it, with its hash and signature, and says from when to when it
vouches for what was delivered. Digests are taken in the order of their time; each that is proven
decides what became of all between it and the proven one before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from reactor.digest.document import Previous
from reactor.digest.names import DigestName, Shard
from reactor.digest.verdicts import Cover, Finding, Interval, Kind, Verdict, iso
from reactor.wording import several

HOUR = timedelta(hours=1)
_MOST_INFERRED = 24 * 366
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Link:
    """A digest that was looked at, without its log files.

    `bucket` is the one that CloudTrail delivered to. `start`, `hash` and `signature` are None where
    the object told nothing; `previous` counts only where the verdict is valid.
    """

    name: DigestName
    bucket: str
    verdict: Verdict
    reason: str = ""
    start: datetime | None = None
    end: datetime | None = None
    hash: str | None = None
    signature: str | None = None
    previous: Previous | None = None

    @property
    def until(self) -> datetime:
        """When it ends; by its name, where it can't be trusted."""
        return self.end if self.end and self.verdict is Verdict.VALID else self.name.end


class Chain:
    """The hourly digests' verdicts; `report` is called with each."""

    def __init__(
        self,
        shard: Shard,
        start: datetime,
        end: datetime,
        report: Callable[[Finding], None],
    ) -> None:
        self._shard = shard
        self._start, self._end = start, end
        self._report = report
        self.last: Link | None = None
        self._bad: list[Link] = []
        self.intervals: list[Interval] = []

    @property
    def proven_until(self) -> datetime:
        """The end of the newest proven digest; the range's start, where there is none yet."""
        return self.last.until if self.last else self._start

    def add(self, link: Link, witness: bool = False) -> None:
        """Take the next digest by time.

        A witness is one after the range, asked only for what it says of the digests before it.
        """
        if link.verdict is not Verdict.VALID:
            self._bad.append(link)
            return
        assert link.start is not None
        start, before, last = link.start, link.previous, self.last
        bad = {each.name.key for each in self._bad}
        self._settle_bad(before)
        if before is None:
            self._interval(*self._restart(link, bool(bad)))
        elif last and before.key == last.name.key:
            broken = _compared(before, last)
            if broken:
                link = replace(link, verdict=Verdict.BROKEN_CHAIN, reason=broken)
            self._gap(start, "no digest covers it")
        elif last is None and start <= self._start:
            pass  # what it names is before the range
        elif last and before.key not in bad and _named_end(self._shard, before) < last.until:
            reason = f"it follows s3://{before.bucket}/{before.key}, not the digest before it"
            link = replace(link, verdict=Verdict.BROKEN_CHAIN, reason=reason)
        else:
            missing = self._missing(start, before, bad)
            self._gap(start, missing or "the digest of this time proves nothing")
        if not witness or link.verdict is not Verdict.VALID:
            self._tell(link)
        self._interval(start, link.until, Cover.COVERED, "")
        self.last = replace(link, verdict=Verdict.VALID)

    def shorten(self, end: datetime) -> None:
        """Let the range end earlier."""
        self._end = end

    def close(self, now: datetime, stale_after: timedelta) -> None:
        """Judge what is after the newest proven digest."""
        if self._bad:
            until = max(each.until for each in self._bad)
            self._settle_bad(None)
            self._gap(until, "the digest of this time proves nothing")
        since = max((i.end for i in self.intervals), default=self._start)
        if since < self._end:
            newest = (
                f"the newest digest ends at {iso(since)}" if self.last else "no digest is there"
            )
            fresh = now - since <= stale_after
            self._interval(since, self._end, Cover.NOT_YET if fresh else Cover.STALE, newest)

    def _restart(self, link: Link, after_bad: bool) -> tuple[datetime, datetime, Cover, str]:
        assert link.start is not None
        if after_bad:
            reason = "the digest of this time proves nothing; after it the trail was started anew"
            return self.proven_until, link.start, Cover.GAP, reason
        if self.last is None:
            reason = "no digest is before the trail's start: nothing tells what came before it"
        else:
            reason = "the trail, or its validation, was stopped and started again"
        return self.proven_until, link.start, Cover.STOPPED, reason

    def _missing(self, start: datetime, before: Previous, bad: set[str]) -> str:
        """Report the digests that should be between the last proven one and that time, in words."""
        found: list[tuple[datetime, str, str]] = []
        named = _named_end(self._shard, before)
        if before.key not in bad and named >= self._start:
            found.append((named, before.key, "the digest after it names it"))
        lost = start - self.proven_until
        hourly = self.last is None or lost % HOUR == timedelta()
        if lost > HOUR and hourly:
            end = start - HOUR
            while end > self.proven_until and len(found) < _MOST_INFERRED:
                key = self._shard.digest_key(end)
                if key not in bad and key != before.key:
                    found.append((end, key, "no digest is there for this hour"))
                end -= HOUR
        # Of those after the range nothing was asked.
        inside = [each for each in reversed(found) if each[0] - HOUR < self._end]
        for _, key, reason in inside:
            self._report(Finding(Kind.DIGEST, before.bucket, key, Verdict.MISSING, reason))
        if not found:
            return ""
        return several(len(inside), "digest is missing", "digests are missing")

    def _settle_bad(self, vouching: Previous | None) -> None:
        """Report the unproven digests, with what the proven one after them knows of the last."""
        for link in self._bad:
            if vouching and vouching.key == link.name.key:
                link = _refined(link, vouching)
            self._tell(link)
        self._bad = []

    def _tell(self, link: Link) -> None:
        self._report(Finding(Kind.DIGEST, link.bucket, link.name.key, link.verdict, link.reason))

    def _gap(self, end: datetime, reason: str) -> None:
        self._interval(self.proven_until, end, Cover.GAP, reason)

    def _interval(self, start: datetime, end: datetime, cover: Cover, reason: str) -> None:
        start, end = max(start, self._start), min(end, self._end)
        if start >= end:
            return
        last = self.intervals[-1] if self.intervals else None
        if last and (last.cover, last.reason) == (cover, reason) and last.end >= start:
            self.intervals[-1] = replace(last, end=max(last.end, end))
        else:
            self.intervals.append(Interval(start, end, cover, reason))


def _refined(link: Link, vouching: Previous) -> Link:
    if link.verdict not in (Verdict.CHANGED, Verdict.FORGED) or link.hash is None:
        return link
    if link.hash == vouching.hash.lower():
        reason = "its content is what the next digest says, its signature is not CloudTrail's"
        return replace(link, verdict=Verdict.FORGED, reason=reason)
    reason = f"its content is not what the next digest says ({link.reason})"
    return replace(link, verdict=Verdict.CHANGED, reason=reason)


def _named_end(shard: Shard, before: Previous) -> datetime:
    name = shard.digest_name(before.key)
    return name.end if name else _NEVER


def _compared(before: Previous, last: Link) -> str:
    """The differences of the digest before from what this one says of it; empty if none."""
    if before.hash.lower() != (last.hash or "").lower():
        return "previousDigestHashValue is not the hash of the digest before it"
    if before.signature.lower() != (last.signature or "").lower():
        return "previousDigestSignature is not the signature of the digest before it"
    return ""


class BackfillChain:
    """The verdicts of the digests for log files that were late.

    They form a chain of their own and cover no time. They are made when the late files come, so
    that the order of their names need not be that of the chain: all are judged at the end.
    """

    def __init__(self, shard: Shard, start: datetime, report: Callable[[Finding], None]) -> None:
        self._shard = shard
        self._start = start
        self._report = report
        self._links: dict[str, Link] = {}

    def add(self, link: Link) -> None:
        """Take a digest."""
        self._links[link.name.key] = link

    def close(self) -> None:
        """Report all."""
        links = self._links
        vouching: dict[str, Previous] = {}
        for link in list(links.values()):
            before = link.previous
            if before is None or link.verdict is not Verdict.VALID:
                continue
            vouching[before.key] = before
            known = links.get(before.key)
            if known is None and _named_end(self._shard, before) >= self._start:
                reason = "the backfill digest after it names it"
                self._report(
                    Finding(Kind.BACKFILL, before.bucket, before.key, Verdict.MISSING, reason)
                )
            elif known and known.verdict is Verdict.VALID and (broken := _compared(before, known)):
                links[link.name.key] = replace(link, verdict=Verdict.BROKEN_CHAIN, reason=broken)
        for key, link in links.items():
            told = _refined(link, vouching[key]) if key in vouching else link
            self._report(Finding(Kind.BACKFILL, told.bucket, key, told.verdict, told.reason))
