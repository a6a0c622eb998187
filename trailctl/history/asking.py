"""Athena as a source of events for `trailctl replay`.

The query finds the files that may hold matches, and counts the records of all others. These files
are read as ever, so that the answer is the one over all files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from trailctl.history.athena import Athena, Ran, agreed, size, usd
from trailctl.history.compile import compile_question
from trailctl.history.question import EventSpan, FoundFile
from trailctl.replay.progress import Progress
from trailctl.replay.sources import Log, S3Object, split_s3

if TYPE_CHECKING:
    from trailctl.replay.tally import Tally

_MOST_USD = 5.0


@dataclass(frozen=True)
class Asking:
    """What to ask whom. `table` is DATABASE.TABLE; `accounts` and `regions` are the events'.

    `estimate` and `max_usd` want the estimate first; `sql` wants the query alone.
    """

    table: str
    workgroup: str
    profile: str | None
    region: str | None
    accounts: Sequence[str]
    regions: Sequence[str]
    begin: datetime
    end: datetime
    sql: bool = False
    estimate: bool = False
    max_usd: float | None = None


def ask(
    asking: Asking,
    patterns: Mapping[str, Any],
    no_reads: Collection[str],
    decided: Collection[str],
    say: Callable[[str], None],
) -> Asked | None:
    """The answer, once the query is over; None where only the query is wanted, which is printed.

    Raises UsageError.
    """
    athena = Athena(asking.profile, asking.region, asking.workgroup)
    layout = athena.layout(asking.table)
    layout.check(asking.accounts, asking.regions)
    if layout.unpruned:
        say(layout.unpruned)
    span = EventSpan(
        *(f"{t.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for t in (asking.begin, asking.end))
    )
    question = compile_question(
        patterns, layout.table, span, asking.accounts, asking.regions, no_reads, decided
    )
    if asking.estimate or asking.max_usd is not None:
        told = athena.estimate(
            layout, asking.accounts, asking.regions,
            asking.begin.astimezone(UTC), asking.end.astimezone(UTC),
        )  # fmt: skip
        say(str(told))
        if not asking.sql:
            agreed(told, asking.max_usd or _MOST_USD)
    if asking.sql:
        print(question.sql)
        return None
    with Progress(0) as progress:
        ran, rows = athena.run(
            question,
            layout,
            lambda state, read: progress.tell(f"Athena: {state}, {size(read)} read"),
        )
    return Asked(ran, rows)


class Asked:
    """The files that a query found, and what it counted besides: a source of events."""

    size = 0

    def __init__(self, ran: Ran, rows: Iterator[FoundFile]) -> None:
        self._ran = ran
        self._rows = rows
        self._events = self._files = 0
        self._first = self._last = ""

    def logs(self) -> Iterator[Log]:
        """The files that may hold matches, as the answer's pages come."""
        for found in self._rows:
            self._events += found.events
            self._first = min(filter(None, (self._first, found.earliest)), default="")
            self._last = max(self._last, found.latest)
            if found.path is not None:
                self._files += 1
                bucket, key = split_s3(found.path)
                yield S3Object(bucket, key, 0)

    def finish(self, tally: Tally) -> list[str]:
        """Count the records of the files that were not read, too."""
        tally.events = self._events
        tally.first, tally.last = self._first, self._last
        what = "1 file holds" if self._files == 1 else f"{self._files:,} files hold"
        return [
            f"Athena read {size(self._ran.bytes)} for {usd(self._ran.usd)} in "
            f"{self._ran.seconds:.1f} s (query {self._ran.id}); {what} what may match, and only "
            "that is read here"
        ]
