"""Counts of matches: for each rule how often, when, by whom, and what was decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec
from reactor.actions import SEVERITIES, Action, Alert, Clue
from reactor.detections import Detected, Known, decision
from reactor.detections.definition import Definition
from reactor.detections.exclusions import used
from reactor.event import Event, read_event
from reactor.patterns.paths import RawEvent
from reactor.reaction import or_unreadable
from reactor.reactions import notify

from trailctl.replay.alerts import AlertTally
from trailctl.replay.project import ABSENT
from trailctl.replay.reactions import Looks, Probe, Would
from trailctl.replay.rules import Rule
from trailctl.replay.scan import Scanner, TimeRange, Whole

EXAMPLES = 3
WINDOW_SECONDS = notify.Settings().window_seconds
# To know a match again takes some 60 bytes. Beyond so many, copies are not looked for.
MOST_SEEN = 20_000_000
_UNDECODED = "it is nested too deeply, or is no JSON"
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
    `places` are accounts and Regions.

    `findings` counts matches that the rule's decision confirmed. `excluded` counts what exclusions
    left alone, by their names, and is in none of the other counts; `ended` what they would have
    left alone before their end.
    """

    matches: int = 0
    reads: int = 0
    findings: int = 0
    first: str = ""
    last: str = ""
    days: Counter[str] = field(default_factory=Counter)
    places: Counter[tuple[str, str]] = field(default_factory=Counter)
    principals: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    excluded: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    def merge(self, other: RuleTally) -> None:
        """Adds another tally."""
        self.matches += other.matches
        self.reads += other.reads
        self.findings += other.findings
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)
        self.days.update(other.days)
        self.places.update(other.places)
        self.principals.update(other.principals)
        self.reasons.update(other.reasons)
        self.examples = (self.examples + other.examples)[:EXAMPLES]
        self.excluded.update(other.excluded)
        self.ended.update(other.ended)


@dataclass
class ReactionTally:
    """The counts of one reaction.

    `events` are those that it looked at, `idle` those that it would do nothing about, `calls` the
    changes by their names, `alerting` the events that it would alert on, by severity. `told` has
    the alerts that no rule's own count has; `shared` is True if it sends the rules' alerts, too.
    """

    events: int = 0
    idle: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    alerting: Counter[str] = field(default_factory=Counter)
    told: AlertTally = field(default_factory=AlertTally)
    shared: bool = False
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def merge(self, other: ReactionTally) -> None:
        """Adds another tally."""
        self.events += other.events
        self.idle += other.idle
        self.calls.update(other.calls)
        self.alerting.update(other.alerting)
        self.told.merge(other.told)
        self.shared |= other.shared
        self.failures.update(other.failures)
        self.examples = (self.examples + other.examples)[:EXAMPLES]


@dataclass
class Tally:
    """All that was counted over some files.

    `copies` counts matches that another file held before: two trails log the same event. `seen` are
    the matches' fingerprints. `skipped` are files without any record, `aside` those of them that by
    their names were not meant to hold any, `left_out` what is no record in the others, by its
    reason, with the number and the first place.
    """

    events: int = 0
    files: int = 0
    copies: int = 0
    first: str = ""
    last: str = ""
    rules: dict[str, RuleTally] = field(default_factory=dict)
    reactions: dict[str, ReactionTally] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    left_out: dict[str, tuple[int, str]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    told: AlertTally = field(default_factory=AlertTally)

    def merge(self, other: Tally) -> None:
        """Adds another tally, which has seen nothing that this one has seen."""
        self.events += other.events
        self.files += other.files
        self.copies += other.copies
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)
        for name, rule in other.rules.items():
            self.rules.setdefault(name, RuleTally()).merge(rule)
        for name, reaction in other.reactions.items():
            self.reactions.setdefault(name, ReactionTally()).merge(reaction)
        self.told.merge(other.told)
        self.skipped += other.skipped
        self.aside += other.aside
        for reason, (number, place) in other.left_out.items():
            self.leave_out(reason, place, number)
        if len(self.seen) < MOST_SEEN:
            self.seen |= other.seen

    def lacks_examples(self, names: Iterable[str]) -> bool:
        """True if one of the rules has fewer examples than are shown."""
        tallies = (self.rules.get(name) for name in names)
        return any(each is None or len(each.examples) < EXAMPLES for each in tallies)

    def leave_out(self, reason: str, place: str, number: int = 1) -> None:
        """Counts what is no record."""
        before, first = self.left_out.get(reason, (0, place))
        self.left_out[reason] = (before + number, first)

    def is_copy(self, time: str, name: str, id_: object) -> bool:
        """True if a match was counted before; without an id, it was not."""
        if not isinstance(id_, str) or not id_:
            return False
        data = f"{id_} {time} {name}".encode("utf-8", "replace")
        key = int.from_bytes(blake2b(data, digest_size=8).digest())
        if key in self.seen:
            return True
        if len(self.seen) < MOST_SEEN:
            self.seen.add(key)
        return False


def watched(rules: Sequence[Rule], probes: Sequence[Probe]) -> tuple[dict[str, Any], list[str]]:
    """The patterns of rules and of reactions that have their own, by name, and the rules whose
    state keeps read-only management events from them.
    """
    patterns: dict[str, Any] = {rule.name: rule.pattern for rule in rules}
    patterns |= {_PROBE + each.name: each.pattern for each in probes if each.pattern is not None}
    return patterns, [rule.name for rule in rules if rule.sees_reads is False]


class Tallier:
    """Counts over files with one set of rules and reactions. Raises PatternError."""

    def __init__(
        self,
        rules: Sequence[Rule],
        probes: Sequence[Probe],
        known: Known,
        span: TimeRange | None = None,
        look: str = "",
        window_seconds: int = WINDOW_SECONDS,
    ) -> None:
        self._window_seconds = window_seconds
        self._rules = {rule.name: rule for rule in rules}
        self._probes = {_PROBE + probe.name: probe for probe in probes if probe.pattern is not None}
        self._followers = [probe for probe in probes if probe.pattern is None]
        self._scanner = Scanner(*watched(rules, probes))
        self._known = known
        self._span = span
        self._looks = Looks(look)
        self._decide = {r.name: decision(r.detection) for r in rules if r.decided}
        # Matches of these are decoded whole, all matches if a reaction follows every rule.
        told = (rule.name for rule in rules if rule.definition or rule.exclusions)
        self._asking = frozenset({*self._probes, *self._decide, *told})
        self._looked_at = bool(self._followers)

    def count(self, text: bytes, tally: Tally, place: str = "") -> None:
        """Counts the records of a file into the tally; `place` is the file's name.

        Raises MalformedError where it holds none; then nothing is counted.
        """
        log = self._scanner.open(text)
        whole = Whole(log.text)
        projection = self._scanner.projection

        def hit(number: int, head: Any, names: frozenset[str] | set[str]) -> None:
            time = projection.time(head)
            region, id_, account = projection.told(head)
            # Whatever can't be decoded raises here, before anything is counted.
            wanted = self._looked_at or names & self._asking or tally.lacks_examples(names)
            event = whole.event(number) if wanted else None
            read = read_event(event) if event is not None else None
            matched = not names <= self._probes.keys()
            if tally.is_copy(time, str(projection.kind(head)), id_):
                tally.copies += matched
                return
            who = principal(projection.identity(head)) if matched else ""
            bare = False  # a rule hands the event on without a detection
            made: list[Action | Alert | Clue] | None = None
            for name in names:
                if name in self._probes:
                    assert event is not None
                    assert read is not None
                    probe = self._probes[name]
                    would = probe.would(read, self._looks.of(read))
                    if would is not None:
                        _add(tally, probe.name, event, read, would)
                    continue
                found = tally.rules.get(name)
                if found is None:
                    found = tally.rules[name] = RuleTally()
                finding: Detected | None = None
                if name in self._decide:
                    assert read is not None
                    finding = self._decide[name](read, self._known)
                # What the decision doesn't mean needs no exclusion.
                meant = finding is not None or name not in self._decide
                if meant and self._left_alone(name, read, found):
                    continue
                found.matches += 1
                found.reads += projection.read_only(head) in (True, "true")
                found.days[time[:10]] += 1
                found.places[_text(account), _text(region)] += 1
                found.principals[who] += 1
                found.last = max(found.last, time)
                found.first = min(found.first or time, time)
                definition = self._rules[name].definition
                if definition is not None:
                    assert read is not None
                    steps = self._made(definition, read, finding)
                    tally.told.add(name, read, steps)
                    made = [*(made or ()), *steps]
                else:
                    bare = True
                if name in self._decide:
                    if finding is None:
                        continue
                    found.findings += 1
                    found.reasons[finding.reason] += 1
                if event is not None and len(found.examples) < EXAMPLES:
                    found.examples.append(_example(event, who, finding))
            if event is not None and read is not None and (bare or made is not None):
                for probe in self._followers:
                    self._follow(probe, event, read, made, bare, tally)

        def refuse(number: int, error: Exception) -> None:
            del error
            tally.leave_out(_UNDECODED, f"{place}, number {number + 1}")

        scanned = self._scanner.scan(log, hit, self._span, refuse)
        for reason, (number, where) in log.left_out.items():
            tally.leave_out(reason, f"{place}, {where}" if where else place, number)
        tally.files += 1
        tally.events += scanned.events
        tally.first = min(filter(None, (tally.first, scanned.first)), default="")
        tally.last = max(tally.last, scanned.last)

    def _left_alone(self, name: str, event: Event | None, found: RuleTally) -> bool:
        """True if an exclusion of the rule leaves the event alone, which is counted."""
        exclusions = self._rules[name].exclusions
        if not exclusions:
            return False
        assert event is not None
        use = used(event, exclusions)
        if use is not None:
            found.excluded[exclusions[use]] += 1
            return True
        late = next((each for each in exclusions if each.holds(event)), None)
        if late is not None:
            found.ended[exclusions[late]] += 1
        return False

    def _made(
        self, definition: Definition, event: Event, finding: Detected | None
    ) -> Sequence[Action | Alert | Clue]:
        """What notify makes of an event with its detection."""
        steps: list[Alert | Clue] = []
        found = finding if definition.decision else Detected("")
        if found is not None and (definition.failures or not event.failed):
            steps = notify.steps(event, definition, found, self._window_seconds)
        return or_unreadable(steps, event, notify.handler.name)

    def _follow(
        self,
        probe: Probe,
        event: RawEvent,
        read: Event,
        made: Sequence[Action | Alert | Clue] | None,
        bare: bool,
        tally: Tally,
    ) -> None:
        """Counts what a reaction to any event does about one that rules hand to it: `made` of their
        detections, and of the `bare` event.
        """
        own = probe.would(read, self._looks.of(read)) if bare else None
        if made is None and own is None:
            return
        given = Would.of(made or ())
        own = own or Would()
        found = _add(tally, probe.name, event, read, own, given)
        found.shared |= made is not None


def _add(
    tally: Tally, name: str, event: RawEvent, read: Event, own: Would, given: Would | None = None
) -> ReactionTally:
    """Counts what a reaction would have done about an event, `given` as part of a rule's alerts."""
    given = given or Would()
    found = tally.reactions.setdefault(name, ReactionTally())
    found.events += 1
    said = given.said + own.said
    if own.failure:
        found.failures[own.failure] += 1
    elif not said:
        found.idle += 1
    found.calls.update(own.calls)
    severity = max(own.severity, given.severity, key=("", *SEVERITIES).index)
    if severity:
        found.alerting[severity] += 1
    found.told.add(name, read, own.alerts)
    if said and len(found.examples) < EXAMPLES:
        found.examples.append(_reaction_example(event, said))
    return found


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


def _example(event: RawEvent, who: str, finding: Detected | None) -> dict[str, Any]:
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


def _reaction_example(event: RawEvent, said: Sequence[str]) -> dict[str, Any]:
    return {
        "time": event["time"],
        "event": event["detail"].get("eventName") or "",
        "event_id": event["detail"].get("eventID") or "",
        "would": list(said),
    }


def _insight(detail: Mapping[str, Any]) -> str:
    inside = detail.get("insightDetails")
    return str(inside.get("eventName", "")) if isinstance(inside, dict) else ""
