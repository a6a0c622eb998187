"""Alerts that may come often: a few are sent at once, the others in one at their window's end.

Each event is counted once, however often it comes. What is not sent at once is a line on a page of
the ledger; the alert at the end takes the lines off. A run that dies on the way loses none of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from reactor.actions import SEVERITIES, Alert
from reactor.alerts import inert
from reactor.wording import lasting, several

if TYPE_CHECKING:
    from reactor.actions import Severity
    from reactor.event import Event
    from reactor.later import Later
    from reactor.ledger import Ledger
    from reactor.retry import Clock

# One who makes a thousand calls gets neither a thousand mails sent nor the last call hidden.
OF_A_SERIES = 10  # alerts of one caller and call that are sent at once in a window
OF_ALL = 100  # alerts of one severity and reaction
_PAGE = 50  # lines on a page
_PAGES = 30  # what fits into one message
_LONGEST = 600  # characters of a line
_GRACE = timedelta(minutes=1)


@dataclass(frozen=True)
class Sign:
    """What tells an alert from others: an id, and a time in seconds since 1970."""

    id: str
    when: int


def box_of(alert: Alert, window: str, tally: Callable[[str, int], int]) -> tuple[str, int]:
    """Where an alert of a window goes: empty, it is sent at once; else the digest that tells it.

    With it comes its number among those of its key, from 1.

    `tally` adds to a count of a name and returns it. Alerts of each severity have a hundred of
    their own, so that many small ones don't hold a grave one back.
    """
    text = (alert.series or alert.key).encode("utf-8", "surrogatepass")
    series = hashlib.sha256(text).hexdigest()
    every = f"all-{alert.severity}"
    times = tally(f"{alert.key}/{window}", 1)
    if (
        times == 1
        and tally(f"{series}/{window}", 1) <= OF_A_SERIES
        and tally(f"{every}/{window}", 1) <= OF_ALL
    ):
        return "", times
    return (series if tally(f"{every}/{window}", 0) <= OF_ALL else every), times


@dataclass(frozen=True)
class Admission:
    """`at_once`: the alert is to be sent now. `times` is the number of events of its key so far in
    this `window`.
    """

    at_once: bool
    times: int
    window: str


class Windows:
    """One reaction's windows."""

    def __init__(self, ledger: Ledger, later: Later) -> None:
        self._ledger = ledger
        self._later = later

    def admits(
        self, alert: Alert, event: Event, clock: Clock, sign: Sign | None = None
    ) -> Admission:
        """Counts the event. An alert that is not sent at once is told when its window ends.

        `sign`: its own id and time, where they are not the event's.
        """
        seconds = alert.window_seconds
        now = datetime.now(UTC)
        sign = sign or Sign(event.id, int((event.time or now).timestamp()))
        start = sign.when - sign.when % seconds
        window = f"{seconds}/{start}"

        def count() -> dict[str, Any]:
            box, times = box_of(alert, window, self._ledger.tally)
            number = self._ledger.tally(f"held/{box}/{window}") if box else 0
            return {"box": box, "number": number, "times": times}

        # The next try of an event counts as the same event.
        counted, _ = self._ledger.once((sign.id, "count", alert.key, str(seconds)), count, clock)
        box = counted["box"]
        times = int(counted.get("times", 1))
        if not box:
            return Admission(True, times, window)
        page = f"{box}/{window}/{(counted['number'] - 1) // _PAGE}"
        self._ledger.note(page, _line(alert, event, sign.when))
        end = datetime.fromtimestamp(start + seconds, UTC)
        self._later.at(
            max(end, now) + _GRACE,
            ("digest", box, window),
            {
                "digest": {
                    "account": event.account,
                    "box": box,
                    "region": event.region,
                    "seconds": seconds,
                    "start": start,
                }
            },
        )
        return Admission(False, times, window)

    def rest(self, what: Mapping[str, Any]) -> tuple[Alert, dict[str, list[str]]] | None:
        """The alert of what a window held back, and its lines by page; None if all is told."""
        box, start, seconds = str(what["box"]), int(what["start"]), int(what["seconds"])
        window = f"{seconds}/{start}"
        number = self._ledger.tally(f"held/{box}/{window}", 0)
        pages = {
            page: found
            for page in (
                f"{box}/{window}/{n}" for n in range(min(_PAGES, (number + _PAGE - 1) // _PAGE))
            )
            if (found := self._ledger.lines(page))
        }
        told = [each for found in pages.values() for each in found]
        if not told:
            return None
        more = max(0, number - _PAGE * _PAGES)
        number = len(told) + more
        severity = max({text[10 : text.find("]")] for text in told}, key=SEVERITIES.index)
        begun = datetime.fromtimestamp(start, UTC)
        headline = (
            f"{several(number, 'more alert was', 'more alerts were')} held back in the "
            f"{lasting(seconds)} from {begun:%Y-%m-%d %H:%M:%S} UTC"
        )
        rows = [(text[:8], text[9:]) for text in sorted(told)]
        if more:
            rows.append(("And", f"{more} more, which only the log has ('alert counted')"))
        subject = f"{several(number, 'more alert')} since {begun:%H:%M} UTC"
        return Alert(cast("Severity", severity), subject, headline, tuple(rows), acts=False), pages


def _line(alert: Alert, event: Event, when: int) -> str:
    """An alert in one line, with its time and event: no other has the same."""
    details = "; ".join(f"{label}: {value}" for label, value in alert.details) or alert.headline
    text = inert(f"{alert.subject}: {details}", _LONGEST)
    time = datetime.fromtimestamp(when, UTC)
    return f"{time:%H:%M:%S} [{alert.severity}] {text} ({inert(event.id)})"
