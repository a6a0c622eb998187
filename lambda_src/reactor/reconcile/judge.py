"""Judges a place's log files: what each rule should have seen, and what it saw."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from reactor.digest.verdicts import iso
from reactor.patterns import EventError
from reactor.reconcile.rules import Deployed, Rule
from reactor.reconcile.scan import ByteScanner
from reactor.reconcile.witness import Witness
from reactor.shapes import moment

# What PutEvents took for years; CloudTrail sends nothing to EventBridge that is larger.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
_LARGEST = 262_144


class NoLogFileError(Exception):
    """A file's content is not what CloudTrail writes; the message says in which way."""


class Arrival(StrEnum):
    """What became of an event that a rule should have seen.

    The rule saw it, in time or late. Or it did not: nobody knows why (`lost`); no way leads from
    that account and Region to the rule (`blind`), or none for such events (`filtered`); the event
    is too large for EventBridge; Terraform changed the rule or took it away since (`changed`);
    somebody else disabled, changed or deleted it (`disabled`).
    """

    SEEN = "seen"
    LATE = "late"
    LOST = "lost"
    BLIND = "blind"
    FILTERED = "filtered"
    TOO_LARGE = "too large"
    CHANGED = "changed"
    DISABLED = "disabled"


# What is worth an alert, what it means and what to do; and what is handed on.
MISSED = {
    Arrival.LOST: (
        "EventBridge did not deliver it. Nothing is broken, and what was redelivered is over."
    ),
    Arrival.DISABLED: (
        "somebody disabled, changed or deleted the rule. Find out who did (DisableRule, PutRule, "
        "RemoveTargets), and apply Terraform again."
    ),
    Arrival.CHANGED: "Terraform changed the rule or took it away. Look at the event by hand.",
    Arrival.TOO_LARGE: "EventBridge takes no event of its size. Look at it by hand.",
}
HANDED_ON = (Arrival.LOST, Arrival.DISABLED)


@dataclass(frozen=True)
class Judged:
    """A rule and an event, and the verdict. `event` is EventBridge's envelope."""

    rule: Rule
    id: str
    time: datetime
    verdict: Arrival
    event: dict[str, Any]

    @property
    def told(self) -> str:
        """The verdict and the event in a line: `lost: iam.amazonaws.com CreateUser at ...`."""
        detail = self.event["detail"]
        call = f"{detail.get('eventSource')} {detail.get('eventName')}"
        return f"{self.verdict}: {call} at {iso(self.time)}, {self.id}, rule {self.rule.name}"


@dataclass
class Numbers:
    """Numbers of a rule or place: verdicts, repeated deliveries, seconds from call to rule."""

    verdicts: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    delays: Counter[int] = field(default_factory=Counter)

    def delay(self, share: float) -> int:
        """The seconds within which that share of the events arrived; 0 if none did."""
        left = share * self.delays.total()
        for seconds in sorted(self.delays):
            left -= self.delays[seconds]
            if left <= 0:
                return seconds
        return 0

    def add(self, other: Numbers) -> None:
        """Adds another's numbers."""
        self.verdicts.update(other.verdicts)
        self.repeated += other.repeated
        self.delays.update(other.delays)


def arrival(delay: timedelta, late_after: timedelta) -> Arrival:
    """Whether an event that a rule saw so long after the call was late."""
    return Arrival.LATE if delay > late_after else Arrival.SEEN


class Judge:
    """Judges one account and Region. `late_after` is what an event may take to its rule.

    `tallies` has the numbers of each rule by its ARN.
    """

    def __init__(
        self,
        deployed: Deployed,
        account: str,
        region: str,
        witness: Witness,
        late_after: timedelta,
    ) -> None:
        self._rules = {str(number): rule for number, rule in enumerate(deployed.rules)}
        self._scanner = ByteScanner(
            {name: rule.pattern for name, rule in self._rules.items()},
            frozenset(n for n, rule in self._rules.items() if not rule.read_only_events),
        )
        self._reach = deployed.reach(account, region)
        self._place = (account, region)
        self._witness = witness
        self._late_after = late_after
        self._done: set[tuple[str, str]] = set()
        self.tallies: defaultdict[str, Numbers] = defaultdict(Numbers)

    def tally(self) -> Numbers:
        """The numbers of all rules."""
        whole = Numbers()
        for numbers in self.tallies.values():
            whole.add(numbers)
        return whole

    def again(self, judged: Judged, verdict: Arrival) -> Judged:
        """The same event, counted as of another verdict."""
        verdicts = self.tallies[judged.rule.arn].verdicts
        verdicts[judged.verdict] -= 1
        verdicts[verdict] += 1
        return replace(judged, verdict=verdict)

    def judge(self, text: bytes) -> Iterator[Judged]:
        """What rules did not see of a log file's content; what they saw is only counted.

        Raises NoLogFileError.
        """
        for event, raw, names in self._matches(text):
            time = moment(event["time"])
            id_ = event["detail"].get("eventID")
            # A record of somebody else's place is not CloudTrail's.
            if time is None or not isinstance(id_, str):
                continue
            if (event["account"] or self._place[0], event["region"]) != self._place:
                continue
            for name in sorted(names, key=int):
                rule = self._rules[name]
                # CloudTrail may write a record twice.
                if (id_, name) in self._done:
                    continue
                self._done.add((id_, name))
                verdict = self._verdict(rule, id_, time, event, len(raw))
                if verdict is None:
                    continue
                self.tallies[rule.arn].verdicts[verdict] += 1
                if verdict not in (Arrival.SEEN, Arrival.LATE):
                    whole = {**event, "detail": json.loads(raw)}
                    yield Judged(rule, id_, time, verdict, whole)

    def _matches(self, text: bytes) -> Iterator[tuple[dict[str, Any], bytes, set[str]]]:
        try:
            yield from self._scanner.matches(text)
        except (EventError, RecursionError, ValueError) as error:
            raise NoLogFileError(str(error)) from None

    def _verdict(
        self, rule: Rule, id_: str, time: datetime, event: dict[str, Any], size: int
    ) -> Arrival | None:
        sight = self._witness.sight(id_, rule.arn, time)
        if sight is not None:
            delay = max(timedelta(), sight.first - time)
            tally = self.tallies[rule.arn]
            tally.delays[int(delay.total_seconds())] += 1
            tally.repeated += sight.times - 1
            return arrival(delay, self._late_after)
        if not rule.due(time):
            return None  # it was not there yet, or was just being changed
        if self._reach is not None:
            if not self._reach:
                return Arrival.BLIND
            if not any(way.sends(event) for way in self._reach):
                return Arrival.FILTERED
        if rule.until is not None:
            return Arrival.CHANGED
        return Arrival.TOO_LARGE if size > _LARGEST else Arrival.LOST
