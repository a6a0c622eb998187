"""The alerts that the deployed rules would send: by the code that decides in Lambda.

A notify reaction gets each event with its detection. What that makes of it (reactor.reactions) is
collected here; at the end the same policy as in Lambda tells what is sent at once, what makes an
alert with others, and what is told when a window ends.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reactor.actions import Action, Alert, Clue
from reactor.correlation import mark
from reactor.windows import box_of

if TYPE_CHECKING:
    from reactor.actions import Severity
    from reactor.correlation import Correlation
    from reactor.event import Event

    # The findings of a correlation's key in a window, by step and tick.
    Marks = dict[tuple[int, int], set[str]]


@dataclass(frozen=True, slots=True, order=True)
class PlannedAlert:
    """An alert before the windows decide: of which rule or sequence, and in which of them.

    `start` is when the window begins, in seconds since 1970. `key` tells it from the others of its
    series, `event` from the others of its key. Of a correlation, `key` is the findings' key and the
    second at which their own window begins.
    """

    start: int
    series: str
    key: str
    event: str
    severity: Severity
    name: str


@dataclass
class AlertTally:
    """What findings make, before anything is sent."""

    single: set[tuple[PlannedAlert, int]] = field(default_factory=set)
    gathered: dict[tuple[str, str, int], Marks] = field(default_factory=dict)
    correlations: dict[str, tuple[Correlation, Severity, int]] = field(default_factory=dict)

    def add(self, name: str, event: Event, steps: Iterable[Action | Alert | Clue]) -> None:
        """Adds what notify makes of an event that matched the rule of that name."""
        when = int(event.time.timestamp()) if event.time else 0
        for step in steps:
            if isinstance(step, Clue):
                self._gather(step, event, when)
            if not isinstance(step, Alert):
                continue
            seconds = step.window_seconds
            start = when - when % seconds if seconds else when
            text = step.key or step.subject
            digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
            each = PlannedAlert(start, step.series, digest, mark(event.id), step.severity, name)
            self.single.add((each, seconds))

    def _gather(self, clue: Clue, event: Event, when: int) -> None:
        given = clue.correlation
        self.correlations[given.id] = (given, clue.alert.severity, clue.alert.window_seconds)
        window, tick = given.place(when)
        marks = self.gathered.setdefault((given.id, clue.key, window), {})
        found = marks.setdefault((clue.step, tick), set())
        if len(found) < given.needs[clue.step]:
            found.add(mark(event.id))

    def merge(self, other: AlertTally) -> None:
        """Adds what was found elsewhere."""
        self.single |= other.single
        self.correlations.update(other.correlations)
        for place, marks in other.gathered.items():
            mine = self.gathered.setdefault(place, {})
            for slot, found in marks.items():
                mine.setdefault(slot, set()).update(found)

    def planned(self) -> list[tuple[PlannedAlert, int]]:
        """Every alert before the windows decide, with the seconds of its window, in order."""
        found: dict[tuple[int, str, str, str], tuple[PlannedAlert, int]] = {}
        # Two parts of a detection that match one event make one alert, the first part's.
        for each, seconds in sorted(self.single):
            found.setdefault((each.start, each.series, each.key, each.event), (each, seconds))
        for (id_, key, window), (severity, seconds, length) in self._complete().items():
            begin = window * length
            start = begin - begin % seconds if seconds else begin
            each = PlannedAlert(start, id_, f"{key}/{begin}", "", severity, id_)
            found[start, id_, each.key, ""] = (each, seconds)
        return [found[place] for place in sorted(found)]

    def _complete(self) -> dict[tuple[str, str, int], tuple[Severity, int, int]]:
        """The windows of correlations that have enough."""
        done = {}
        for id_, key, window in self.gathered:
            given, severity, seconds = self.correlations[id_]
            before, here = (
                {
                    (step, tick): min(len(found), given.needs[step])
                    for (step, tick), found in self.gathered.get((id_, key, each), {}).items()
                }
                for each in (window - 1, window)
            )
            if given.complete(before, here):
                done[id_, key, window] = (severity, seconds, given.seconds)
        return done


@dataclass
class Sent:
    """What is sent: alerts at once, and one for all that a window held back.

    `digests` are by the box and the window's begin, with the number that each tells of; `of` names
    the rule that a box belongs to, and nothing for a box of all.
    """

    at_once: list[PlannedAlert] = field(default_factory=list)
    digests: Counter[tuple[str, int]] = field(default_factory=Counter)
    of: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of alerts in all."""
        return len(self.at_once) + len(self.digests)

    @property
    def shared(self) -> int:
        """The number of alerts that tell of several rules at once."""
        return sum(1 for box, _ in self.digests if box not in self.of)

    def by_name(self) -> Counter[str]:
        """The number of alerts of each rule and sequence."""
        found = Counter(each.name for each in self.at_once)
        found.update(self.of[box] for box, _ in self.digests if box in self.of)
        return found


def send(told: AlertTally) -> Sent:
    """What Lambda's policy sends, if the events came in the order of their times."""
    sent = Sent()
    numbers: dict[str, int] = defaultdict(int)

    def tally(name: str, add: int) -> int:
        numbers[name] += add
        return numbers[name]

    for each, seconds in told.planned():
        if not seconds:
            sent.at_once.append(each)
            continue
        alert = Alert(each.severity, "", "", key=f"{each.series}/{each.key}", series=each.series)
        box, _ = box_of(alert, f"{seconds}/{each.start}", tally)
        if not box:
            sent.at_once.append(each)
            continue
        sent.digests[box, each.start] += 1
        if not box.startswith("all-"):
            sent.of[box] = each.name
    return sent
