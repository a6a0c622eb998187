"""What a comparison found: a table of 80 columns, or JSON."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reactor.digest.verdicts import iso
from reactor.reconcile.daily import day_line
from reactor.reconcile.judge import MISSED, Arrival, Judged, Numbers
from reactor.reconcile.rules import Deployed

from trailctl import terminal
from trailctl.text import plain

_HEAD = ("rule", "account", "region", "seen", "late", "missed", "blind")
_NUMBERS = 3  # the columns from this one on
_SHOWN = 20  # missed events in the table


@dataclass
class Row:
    """A rule in an account and Region, and how many of what it missed was redelivered."""

    rule: str
    place: tuple[str, str]
    numbers: Numbers
    redelivered: int

    @property
    def missed(self) -> int:
        """How many events it should have seen and did not."""
        return sum(self.numbers.verdicts[each] for each in MISSED)


@dataclass
class Missing:
    """An event that a rule did not see; `redelivered` says whether its targets got it since."""

    judged: Judged
    place: tuple[str, str]
    redelivered: bool


@dataclass
class Reconciliation:
    """What was compared, and what came of it. `behind` are places whose log is not ready."""

    function: str
    start: datetime
    end: datetime
    proven: bool
    deployed: Deployed
    places: list[tuple[str, str]] = field(default_factory=list)
    behind: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    missed: list[Missing] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    @property
    def open(self) -> list[Missing]:
        """What was missed and not redelivered."""
        return [each for each in self.missed if not each.redelivered]

    @property
    def line(self) -> str:
        """The sentence that people get each day, on this time."""
        total: Counter[str] = Counter(unread=len(self.unread))
        for row in self.rows:
            total.update(row.numbers.verdicts)
            total["repeated"] += row.numbers.repeated
        total["redelivered"] = sum(each.redelivered for each in self.missed)
        rules = len({rule.arn for rule in self.deployed.rules if rule.until is None})
        span = f"{iso(self.start)} to {iso(self.end)}"
        return day_line(span, total, rules, self.places, len(self.behind), self.proven)

    def finish(self) -> None:
        """Puts everything in its order: places are looked at side by side."""
        self.places.sort()
        self.behind.sort()
        self.unread.sort()
        self.rows.sort(key=lambda row: (row.rule, row.place))
        self.missed.sort(key=lambda each: (each.judged.time, each.judged.id, each.judged.rule.arn))


def reasons(row: Row) -> dict[str, int]:
    """What became of the events, by the words for it; what there is none of is left out."""
    found = {
        str(each): row.numbers.verdicts[each] for each in (*MISSED, Arrival.BLIND, Arrival.FILTERED)
    }
    found |= {"redelivered": row.redelivered, "delivered twice": row.numbers.repeated}
    return {name: number for name, number in found.items() if number}


def render(report: Reconciliation, width: int | None = None) -> str:
    """Text of lines no longer than `width` (the terminal's, 80 where there is none)."""
    width = width or terminal.width()
    lines = _table(report.rows, width) if report.rows else ["no rule matches an event of this time"]
    for title, told in (
        ("missed", [_told(each) for each in report.missed]),
        ("not read", [f"{key}: {reason}" for key, reason in report.unread]),
        (
            "not proven yet" if report.proven else "not there yet",
            [" ".join(p) for p in report.behind],
        ),
    ):
        if told:
            lines += ["", f"{title}:"]
            lines += [row for each in told[:_SHOWN] for row in wrapped(f"  {each}", width)]
        if len(told) > _SHOWN:
            lines += wrapped(f"  and {len(told) - _SHOWN:,} more: --json has all", width)
    return "\n".join([*lines, "", *wrapped(report.line, width)]) + "\n"


def _told(each: Missing) -> str:
    told = each.judged.told
    return f"{told}: redelivered" if each.redelivered else told


def _table(rows: Sequence[Row], width: int) -> list[str]:
    cells = [
        _HEAD,
        *(
            (
                plain(row.rule),
                *row.place,
                *(
                    f"{number:,}"
                    for number in (
                        row.numbers.verdicts[Arrival.SEEN],
                        row.numbers.verdicts[Arrival.LATE],
                        row.missed,
                        row.numbers.verdicts[Arrival.BLIND],
                    )
                ),
            )
            for row in rows
        ),
    ]
    sizes = [max(len(row[at]) for row in cells) for at in range(len(_HEAD))]
    left = width - sum(sizes[1:]) - 2 * (len(sizes) - 1)
    sizes[0] = max(len(_HEAD[0]), min(sizes[0], left))
    lines = ["  ".join(_cells(cells[0], sizes)), "  ".join("-" * size for size in sizes)]
    for row, shown in zip(rows, cells[1:], strict=True):
        lines.append("  ".join(_cells(shown, sizes)))
        if why := reasons(row):
            told = ", ".join(f"{name} {number:,}" for name, number in why.items())
            lines += wrapped(f"  {told}", width)
    return lines


def _cells(row: Sequence[str], sizes: Sequence[int]) -> list[str]:
    return [
        cell.rjust(size) if at >= _NUMBERS else terminal.cut(cell, size).ljust(size)
        for at, (cell, size) in enumerate(zip(row, sizes, strict=True))
    ]


def wrapped(line: str, width: int) -> list[str]:
    """A text as lines that are no longer than a width and do nothing to a terminal."""
    indent = " " * (len(line) - len(line.lstrip())) + "  "
    return textwrap.wrap(plain(line), width, subsequent_indent=indent, break_on_hyphens=False)


def whole(report: Reconciliation) -> dict[str, Any]:
    """The report as JSON has it, every missed event included."""
    return {
        "function": report.function,
        "from": iso(report.start),
        "to": iso(report.end),
        "proven": report.proven,
        "line": report.line,
        "rules": [
            {
                "rule": row.rule,
                "account": row.place[0],
                "region": row.place[1],
                "seen": row.numbers.verdicts[Arrival.SEEN],
                "late": row.numbers.verdicts[Arrival.LATE],
                "missed": row.missed,
                "reasons": reasons(row),
                "lateness_p50_seconds": row.numbers.delay(0.5),
                "lateness_p99_seconds": row.numbers.delay(0.99),
            }
            for row in report.rows
        ],
        "missed": [
            {
                "account": each.place[0],
                "region": each.place[1],
                "rule": each.judged.rule.name,
                "event_id": each.judged.id,
                "time": iso(each.judged.time),
                "service": each.judged.event["detail"].get("eventSource"),
                "event": each.judged.event["detail"].get("eventName"),
                "reason": str(each.judged.verdict),
                "redelivered": each.redelivered,
            }
            for each in report.missed
        ],
        "unread": [{"key": key, "reason": reason} for key, reason in report.unread],
        "behind": [{"account": account, "region": region} for account, region in report.behind],
    }
