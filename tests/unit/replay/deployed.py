"""Alerts as they were received and as replay predicts them, in the same words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from reactor.actions import Alert
from reactor.alerts import inert
from reactor.detections import Detected, Known
from reactor.detections.definition import Definition, DetectionSequence
from reactor.event import read_event
from reactor.reactions import notify

from trailctl.replay.alerts import send
from trailctl.replay.catalogue import load_catalogue
from trailctl.replay.rules import Rule, from_catalogue
from trailctl.replay.tally import Tallier, Tally

VALUES = {
    name: values
    for entry in load_catalogue().values()
    for name, values in entry.example_values.items()
}
Seen = Counter[tuple[str, ...]]


def rules(ids: Iterable[str] = ()) -> list[Rule]:
    """The catalogue's rules, or those of some entries."""
    wanted = {*ids}
    entries = [e for e in load_catalogue().values() if not wanted or e.id in wanted]
    return from_catalogue(entries, VALUES)[0]


def beside(event: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """What the function gets of an event that a rule matched."""
    return {"detection": json.loads(json.dumps(asdict(definition))), "event": event}


def predicted(given: Sequence[Rule], log: bytes) -> Seen:
    """What replay predicts over the records of a log."""
    tally = Tally()
    Tallier(given, [], Known()).count(log, tally)
    titles = _titles(given)
    chains = _together(given)
    sent = send(tally.told)
    found: Seen = Counter()
    for each in sent.at_once:
        id_ = each.series.partition("/")[0]
        if not id_:
            found["unread", str(each.start)] += 1
        elif id_ in chains:
            key, _, begin = each.key.rpartition("/")
            found["together", titles[id_], inert(key), _minute(int(begin))] += 1
        else:
            found["one", titles[id_], str(each.start), each.series] += 1
    for (_, start), number in sent.digests.items():
        found["rest", str(start), str(number)] += 1
    return found


def received(
    given: Sequence[Rule], messages: Iterable[tuple[str, str]], events: Iterable[Mapping[str, Any]]
) -> Seen:
    """What people were told: subjects and texts."""
    by_title = {r.definition.title: r.definition for r in given if r.definition}
    by_id = {str(event["detail"].get("eventID")): event for event in events}
    found: Seen = Counter()
    for subject, text in messages:
        rest = re.search(
            r"^(\d+) more alerts? (?:was|were) held back in the [\w ]+ from (\S+ \S+) UTC", text
        )
        if rest:
            start = datetime.fromisoformat(rest[2]).replace(tzinfo=UTC)
            found["rest", str(int(start.timestamp())), rest[1]] += 1
            continue
        rows = dict(re.findall(r"^([A-Za-z0-9 ]+): +(.*)$", text, re.MULTILINE))
        title = re.sub(r"^\[\w+\] | \(\w*\)$", "", subject)
        if "Window" in rows:
            found["together", title, rows["Of"], rows["Window"].partition(" to ")[0]] += 1
            continue
        event = read_event(by_id[rows["Event"].rpartition(", ")[2]])
        assert event.time is not None
        when = int(event.time.timestamp())
        if title.startswith("notify can't read all of "):
            found["unread", str(when)] += 1
            continue
        (alert,) = (
            step
            for step in notify.steps(event, by_title[title], Detected(""), 900)
            if isinstance(step, Alert)
        )
        found["one", title, str(when - when % 900), alert.series] += 1
    return found


def _together(given: Sequence[Rule]) -> set[str]:
    return {d.id for d in _definitions(given) if d.count} | {c.id for c in _chains(given)}


def _titles(given: Sequence[Rule]) -> dict[str, str]:
    return {d.id: d.title for d in _definitions(given)} | {c.id: c.title for c in _chains(given)}


def _definitions(given: Sequence[Rule]) -> list[Definition]:
    return [rule.definition for rule in given if rule.definition]


def _chains(given: Sequence[Rule]) -> list[DetectionSequence]:
    return [chain for definition in _definitions(given) for chain in definition.sequences]


def _minute(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
