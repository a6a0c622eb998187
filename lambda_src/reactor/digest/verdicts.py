"""The results: a verdict for each object, a verdict for each interval, and the report of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

KEPT_FINDINGS = 10_000  # of a verdict: a flood of one kind leaves room for the others


class Verdict(StrEnum):
    """The verdict on one object."""

    VALID = "valid"
    CHANGED = "changed"
    MISSING = "missing"
    FORGED = "forged signature"
    BROKEN_CHAIN = "broken chain"
    UNLISTED = "unlisted log"
    STRAY = "stray file"
    ARCHIVED = "archived"
    UNREADABLE = "unreadable"


class Cover(StrEnum):
    """The verdict on one interval."""

    COVERED = "covered"
    GAP = "gap"
    STOPPED = "stopped and restarted"
    NOT_YET = "not yet delivered"
    STALE = "stale"


class Kind(StrEnum):
    """The kind of an object."""

    DIGEST = "digest"
    BACKFILL = "backfill digest"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Finding:
    """One object and its verdict; `reason` says in words what was found."""

    kind: Kind
    bucket: str
    key: str
    verdict: Verdict
    reason: str = ""

    @property
    def object(self) -> str:
        """The object as it is shown: whoever wrote it chose its name, control characters too."""
        return f"s3://{self.bucket}/{shown(self.key)}"

    def json(self) -> dict[str, str]:
        """Members for JSON."""
        return {
            "kind": str(self.kind),
            "object": self.object,
            "verdict": str(self.verdict),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` up to `end`, UTC."""

    start: datetime
    end: datetime
    cover: Cover
    reason: str = ""

    def json(self) -> dict[str, str]:
        """Members for JSON."""
        return {
            "from": iso(self.start),
            "to": iso(self.end),
            "verdict": str(self.cover),
            "reason": self.reason,
        }


@dataclass
class Report:
    """The results for one account and Region.

    `findings` holds the objects that are not valid (the first 10,000 of a verdict; `counts` has all
    objects). `undecided` counts log files so new that no digest can name them yet. If the time to
    spend was over before the range's end, `end` is how far it went.
    """

    account: str
    region: str
    start: datetime
    end: datetime
    counts: Counter[tuple[Kind, Verdict]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    undecided: int = 0
    newest: datetime | None = None

    def add(self, finding: Finding) -> None:
        """Counts a verdict and keeps it if the object is not valid."""
        self.counts[finding.kind, finding.verdict] += 1
        if finding.verdict is Verdict.VALID:
            return
        if sum(self.counts[kind, finding.verdict] for kind in Kind) <= KEPT_FINDINGS:
            self.findings.append(finding)

    @property
    def failures(self) -> dict[Verdict, int]:
        """The number of objects by verdict, without the valid ones."""
        found: Counter[Verdict] = Counter()
        for (_, verdict), number in self.counts.items():
            if verdict is not Verdict.VALID:
                found[verdict] += number
        return dict(found)

    @property
    def unproven(self) -> list[Interval]:
        """Intervals for which nothing is proven though it could be by now."""
        return [i for i in self.intervals if i.cover not in (Cover.COVERED, Cover.NOT_YET)]

    @property
    def proven(self) -> bool:
        """True if everything in the range is proven."""
        return not self.failures and not self.unproven

    @property
    def proven_hours(self) -> float:
        """Length of the covered intervals."""
        return (
            sum(
                (i.end - i.start).total_seconds()
                for i in self.intervals
                if i.cover is Cover.COVERED
            )
            / 3600
        )

    def number(self, kind: Kind, *verdicts: Verdict) -> int:
        """The number of objects of a kind with one of the verdicts; with any, if none is given."""
        return sum(
            n for (k, v), n in self.counts.items() if k is kind and (not verdicts or v in verdicts)
        )

    def json(self) -> dict[str, Any]:
        """Members for JSON."""
        return {
            "account": self.account,
            "region": self.region,
            "from": iso(self.start),
            "to": iso(self.end),
            "proven": self.proven,
            "proven_hours": round(self.proven_hours, 3),
            "newest_digest_end": iso(self.newest) if self.newest else None,
            "objects": {
                str(kind): {str(v): n for (k, v), n in sorted(self.counts.items()) if k is kind}
                for kind in Kind
                if self.number(kind)
            },
            "undecided_logs": self.undecided,
            "findings": [finding.json() for finding in self.findings],
            "intervals": [interval.json() for interval in self.intervals],
        }


def shown(text: str) -> str:
    """A text that somebody else chose, on one line and without control characters."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def iso(time: datetime) -> str:
    """A time as AWS writes it: 2026-01-31T12:00:00Z."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
