"""Runs entries of the catalogue over simulated attacks; what an entry claims is not asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from reactor.correlation import key_of
from reactor.detections import decide
from reactor.event import read_event
from reactor.findings.model import techniques
from reactor.patterns import EventPattern
from reactor.testing import envelope, record, role_session, root

from trailctl.replay.catalogue import CatalogueEntry

_HERE = Path(__file__).parent
_CALLERS: Mapping[str, Mapping[str, Any]] = {
    "role": role_session("app", "deploy-1"),
    "root": root(),
    "instance": role_session("web", "i-0123456789abcdef0"),
}
_CALLERS["instance"]["sessionContext"]["ec2RoleDelivery"] = "2.0"
_SIGN_IN = "AWS Console Sign In via CloudTrail"
_NETWORK = "AWS Network Activity Event via CloudTrail"
_LIMIT = 64  # of the same event: no entry asks for more


@dataclass(frozen=True)
class Found:
    """What was looked for, and the ids of the entries that found it, in their order.

    `missed` are the calls that no entry found: empty for an attack, of which one is enough.
    """

    id: str
    title: str
    entries: tuple[str, ...]
    missed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coverage:
    """Attacks, the controls of a benchmark's section, and ATT&CK techniques.

    `techniques` has the attacks that were found by technique; none of a technique's found means
    that it is lost. `data_events` are the attacks that only data events show.
    """

    entries: int
    attacks: tuple[Found, ...]
    controls: tuple[Found, ...]
    techniques: Mapping[str, tuple[Found, ...]]
    data_events: frozenset[str] = field(default_factory=frozenset)


@cache
def names() -> Mapping[str, Mapping[str, Any]]:
    """ATT&CK's techniques that attacks and entries name: `{id: {name, tactics}}`."""
    return techniques()


def measure(entries: Sequence[CatalogueEntry]) -> Coverage:
    """The coverage by these entries, with placeholders as their samples have them."""
    rules = [
        (entry, [EventPattern(p) for p in entry.rules(entry.example_values).values()])
        for entry in entries
    ]
    attacks = []
    of_technique: dict[str, list[Found]] = {}
    data_events = set()
    for attack in _data("attacks"):
        found = Found(attack["id"], "", tuple(_finding(rules, attack["events"])))
        attacks.append(found)
        for technique in attack["techniques"]:
            of_technique.setdefault(technique, []).extend([found] if found.entries else [])
        management = [event for event in attack["events"] if not event.get("data")]
        if found.entries and not list(_finding(rules, management)):
            data_events.add(found.id)
    controls = []
    for control in _data("cis"):
        by_call = [(event["call"], list(_finding(rules, [event]))) for event in control["events"]]
        found_by = dict.fromkeys(id_ for _, ids in by_call for id_ in ids)
        missed = tuple(call for call, ids in by_call if not ids)
        controls.append(Found(control["control"], control["title"], tuple(found_by), missed))
    return Coverage(
        entries=len(entries),
        attacks=tuple(attacks),
        controls=tuple(controls),
        techniques={key: tuple(found) for key, found in sorted(of_technique.items())},
        data_events=frozenset(data_events),
    )


def _finding(
    rules: Iterable[tuple[CatalogueEntry, list[EventPattern]]], calls: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """The entries that alert on these calls: one that counts needs as many as it counts to."""
    events = [(event(call), min(call.get("times", 1), _LIMIT)) for call in calls]
    for entry, patterns in rules:
        counted: Counter[str] = Counter()
        least = entry.count.at_least if entry.count else 1
        for each, times in events:
            if not any(pattern.matches(each) for pattern in patterns):
                continue
            read = read_event(each)
            if entry.decision and decide(entry.id, read) is None:
                continue
            counted[key_of(entry.count.by, read) if entry.count else ""] += times
        if counted and max(counted.values()) >= least:
            yield entry.id


def event(call: Mapping[str, Any]) -> dict[str, Any]:
    """The EventBridge event of a call as the data files write it.

    `call` is SERVICE:EVENT, `by` one of role, root and instance (default: an IAM user), `read`,
    `data`, `login` and `network` the kind of event, `fields` more fields of its record.
    """
    service, _, name = call["call"].partition(":")
    network = bool(call.get("network"))
    more: dict[str, Any] = dict(call.get("fields", {}))
    if call.get("login"):
        more["eventType"] = "AwsConsoleSignIn"
    elif network:
        more |= {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}
    elif call.get("data"):
        more |= {"managementEvent": False, "eventCategory": "Data"}
    written = record(
        f"{service}.amazonaws.com",
        name,
        actor=_CALLERS.get(call.get("by", "")),
        request=call.get("request"),
        response=call.get("response"),
        error=call.get("error", ""),
        readOnly=bool(call.get("read")),
        **more,
    )
    if call.get("login"):
        return envelope(written, **{"detail-type": _SIGN_IN})
    return envelope(written, **({"detail-type": _NETWORK} if network else {}))


@cache
def _data(name: str) -> Any:
    return json.loads((_HERE / f"{name}.json").read_text(encoding="utf-8"))
