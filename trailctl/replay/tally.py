"""What matched, counted: for each rule how often, when, by whom, and what was decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from reactor.detections import Finding, Known, decision
from reactor.event import Event as Read
from reactor.event import read_event

from trailctl.replay.project import ABSENT, Event
from trailctl.replay.reactions import Probe, Would
from trailctl.replay.rules import Rule
from trailctl.replay.scan import Scanner, Whole

EXAMPLES = 3
_PROBE = "\0reaction "  # no rule's name begins so


class _Identity(msgspec.Struct):
    type: Any = None
    arn: Any = None
    principalId: Any = None  # noqa: N815
    userName: Any = None  # noqa: N815
    accountId: Any = None  # noqa: N815
    invokedBy: Any = None  # noqa: N815


_identity = msgspec.json.Decoder(_Identity).decode


@dataclass
class RuleTally:
    """One rule's matches; `first` and `last` are times as CloudTrail writes them, days likewise.

    `findings` counts matches that the rule's decision confirmed, `moments` lists their keys and
    times where several make one alert.
    """

    matches: int = 0
    reads: int = 0
    findings: int = 0
    first: str = ""
    last: str = ""
    days: Counter[str] = field(default_factory=Counter)
    principals: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    moments: list[tuple[str, str]] = field(default_factory=list)

    def merge(self, other: RuleTally) -> None:
        """Add what was counted elsewhere."""
        self.matches += other.matches
        self.reads += other.reads
        self.findings += other.findings
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)
        self.days.update(other.days)
        self.principals.update(other.principals)
        self.reasons.update(other.reasons)
        self.examples = (self.examples + other.examples)[:EXAMPLES]
        self.moments += other.moments


@dataclass
class ReactionTally:
    """What one reaction would have done: events it looked at, and steps by what they are."""

    events: int = 0
    idle: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def merge(self, other: ReactionTally) -> None:
        """Add what was counted elsewhere."""
        self.events += other.events
        self.idle += other.idle
        self.steps.update(other.steps)
        self.failures.update(other.failures)
        self.examples = (self.examples + other.examples)[:EXAMPLES]


@dataclass
class Tally:
    """All that was counted over some files."""

    events: int = 0
    files: int = 0
    first: str = ""
    last: str = ""
    rules: dict[str, RuleTally] = field(default_factory=dict)
    reactions: dict[str, ReactionTally] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def merge(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        self.events += other.events
        self.files += other.files
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)
        for name, rule in other.rules.items():
            self.rules.setdefault(name, RuleTally()).merge(rule)
        for name, reaction in other.reactions.items():
            self.reactions.setdefault(name, ReactionTally()).merge(reaction)
        self.skipped += other.skipped


class Tallier:
    """Counts over files with one set of rules and reactions. Raises PatternError."""

    def __init__(self, rules: Sequence[Rule], probes: Sequence[Probe], known: Known) -> None:
        self._rules = {rule.name: rule for rule in rules}
        asked = {_PROBE + probe.name: (probe, probe.pattern) for probe in probes}
        self._probes = {name: probe for name, (probe, own) in asked.items() if own is not None}
        self._followers = [probe for probe, own in asked.values() if own is None]
        patterns: dict[str, Any] = {name: rule.pattern for name, rule in self._rules.items()}
        patterns.update({name: own for name, (_, own) in asked.items() if own is not None})
        self._scanner = Scanner(patterns, [r.name for r in rules if r.sees_reads is False])
        self._known = known
        self._decide = {r.name: decision(r.detection) for r in rules if r.decided}

    def count(self, text: bytes, tally: Tally) -> None:
        """Count a log file's records into the tally. Raises MalformedError for what is none."""
        whole = Whole(text)
        projection = self._scanner.projection

        def hit(number: int, head: Any, names: frozenset[str] | set[str]) -> None:
            event: Event | None = None
            read: Read | None = None
            time = _text(projection.time(head))
            day, reads = time[:10], projection.read_only(head) in (True, "true")
            who = ""
            for name in names:
                if name in self._probes:
                    event = event or whole.event(number)
                    read = read or read_event(event)
                    _ask(self._probes[name], event, read, tally)
                    continue
                who = who or principal(projection.identity(head))
                found = tally.rules.get(name)
                if found is None:
                    found = tally.rules[name] = RuleTally()
                found.matches += 1
                found.reads += reads
                found.days[day] += 1
                found.principals[who] += 1
                if time:
                    if time > found.last:
                        found.last = time
                    if not found.first or time < found.first:
                        found.first = time
                finding: Finding | None = None
                if name in self._decide:
                    event = event or whole.event(number)
                    read = read or read_event(event)
                    finding = self._decide[name](read, self._known)
                    if finding is None:
                        continue
                    found.findings += 1
                    found.reasons[finding.reason] += 1
                    if finding.key:
                        found.moments.append((finding.key, time))
                if len(found.examples) < EXAMPLES:
                    event = event or whole.event(number)
                    found.examples.append(_example(event, who, finding))

            if who:
                for probe in self._followers:
                    event = event or whole.event(number)
                    read = read or read_event(event)
                    _ask(probe, event, read, tally)

        scanned = self._scanner.scan(text, hit)
        tally.files += 1
        tally.events += scanned.events
        tally.first = min(filter(None, (tally.first, scanned.first)), default="")
        tally.last = max(tally.last, scanned.last)


def _ask(probe: Probe, event: Event, read: Read, tally: Tally) -> None:
    """Count what a reaction would have done about an event, if it is the reaction's."""
    would = probe.would(read)
    if would is None:
        return
    found = tally.reactions.setdefault(probe.name, ReactionTally())
    found.events += 1
    if would.failure:
        found.failures[would.failure] += 1
    elif not would.steps:
        found.idle += 1
    for step in would.steps:
        found.steps[step] += 1
    if would.said and len(found.examples) < EXAMPLES:
        found.examples.append(_reaction_example(event, would))


def principal(raw: Any) -> str:
    """Who made a call, one name for all sessions of a role."""
    if raw is ABSENT:
        return "(nobody named)"
    try:
        who = _identity(raw)
    except msgspec.MsgspecError:
        return "(nobody named)"
    arn = _text(who.arn)
    if ":assumed-role/" in arn:
        return arn.rpartition("/")[0]
    named = (arn, who.invokedBy, who.userName, who.principalId, who.accountId, who.type)
    return next((each for each in map(_text, named) if each), "(nobody named)")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _example(event: Event, who: str, finding: Finding | None) -> dict[str, Any]:
    detail: Mapping[str, Any] = event["detail"]
    found = {
        "time": event["time"],
        "event": detail.get("eventName") or _insight(detail),
        "service": detail.get("eventSource") or "",
        "principal": who,
        "account": event["account"],
        "region": event["region"],
        "event_id": detail.get("eventID") or "",
    }
    if detail.get("errorCode"):
        found["error"] = detail["errorCode"]
    if finding is not None:
        found["finding"] = finding.reason
    return found


def _reaction_example(event: Event, would: Would) -> dict[str, Any]:
    return {
        "time": event["time"],
        "event": event["detail"].get("eventName") or "",
        "event_id": event["detail"].get("eventID") or "",
        "would": would.said,
    }


def _insight(detail: Mapping[str, Any]) -> str:
    inside = detail.get("insightDetails")
    return str(inside.get("eventName", "")) if isinstance(inside, dict) else ""
