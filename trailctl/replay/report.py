"""The report: the counts as the data that every format shows.

    {"events": 563, "files": 1, "copies": 0, "from": "...", "to": "...", "days": 1.0,
     "skipped": [{"file": "...", "reason": "..."}],
     "left_out": [{"reason": "...", "records": 2, "first": "FILE, line 3"}], "notes": ["..."],
     "rules": [{"name", "title", "severity", "why", "runbook", "attack", "matches", "first", "last",
                "per_day": {day: n}, "principals": [{"principal", "matches"}],
                "places": [{"account", "region", "matches"}], "examples": [...], "alerts_a_day",
                "alerts", "alert_when", "read_only_matches", "findings", "reasons",
                "excluded"}],
     "exclusions": [{"name", "where", "reason", "until", "matches", "ended"}],
     "never_fired": ["..."],
     "sequences": [{"name", "title", "severity", "why", "runbook", "attack", "alerts"}],
     "shared_alerts": 0,
     "reactions": [{"name", "events", "idle", "would": {call: n}, "alerts", "rules_alerts",
                    "alert_events": {severity: n}, "failures": {why: n}, "examples"}]}

Rules are in the order of their severity, then of their matches. Times are as CloudTrail writes
them, null where there is none. `findings` is null where the pattern decides alone. `alerts` are
those that the deployed rules send: by a notify reaction that gets each event with its detection,
and for a rule without one, one a match. `sequences` are those that made an alert, `shared_alerts`
those that tell, at a window's end, what was held back of several rules. `excluded` is what
exclusions left alone, which is in no other count; `ended` what each would have left alone before
its last day. Of a reaction, `would` are the changes it makes, and `alerts` the messages that people
get: `rules_alerts` of them are in the counts of rules, sequences and `shared_alerts`, too. They are
about `alert_events`, which may be many more: the repetitions of a call in a window make one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from reactor.detections.exclusions import KINDS
from reactor.wording import lasting, several

from trailctl.replay.alerts import Sent, send
from trailctl.replay.catalogue import SEVERITIES
from trailctl.replay.rules import Rule
from trailctl.replay.tally import MOST_SEEN, WINDOW_SECONDS, ReactionTally, RuleTally, Tally

K = TypeVar("K", str, tuple[str, str])
_PLACE = re.compile(r" \([^)]*\)$")
_TOP = 5
_DAY = 86_400.0


def build(
    tally: Tally,
    rules: Sequence[Rule],
    reactions: Sequence[str],
    notes: Sequence[str],
    window_seconds: int = WINDOW_SECONDS,
) -> dict[str, Any]:
    """The report on a run; `reactions` are the names of all reactions that were asked,
    `window_seconds` the length of notify's windows.
    """
    days = _days(tally)
    sent = send(tally.told)
    numbers = sent.by_name()
    listed = [
        _rule(rule, tally.rules.get(rule.name) or RuleTally(), days, numbers, window_seconds)
        for rule in rules
    ]
    listed.sort(key=_order)
    return {
        "events": tally.events,
        "files": tally.files,
        "copies": tally.copies,
        "from": tally.first or None,
        "to": tally.last or None,
        "days": round(days, 2),
        "skipped": [{"file": name, "reason": reason} for name, reason in tally.skipped],
        "left_out": [
            {"reason": reason, "records": number, "first": place}
            for reason, (number, place) in tally.left_out.items()
        ],
        "notes": list(notes),
        "rules": listed,
        "exclusions": _exclusions(tally, rules),
        "never_fired": [e["name"] for e in listed if not e["matches"] and not e["excluded"]],
        "sequences": _sequences(rules, numbers),
        "shared_alerts": sent.shared,
        "reactions": [
            _reaction(name, tally.reactions.get(name) or ReactionTally(), sent)
            for name in reactions
        ],
    }


def refused(tally: Tally) -> list[str]:
    """A line on each kind of what was given and holds no events."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name, reason in tally.skipped:
        kinds[_PLACE.sub("", reason)].append(f"{name}: {reason}")
    lines = [
        f"skipped {told[0]}" if len(told) == 1 else f"skipped {len(told):,} files, as {told[0]}"
        for told in kinds.values()
    ]
    for reason, (number, place) in tally.left_out.items():
        lines.append(
            f"left out {place}: {reason}"
            if number == 1
            else f"left out {number:,} parts of files, as {place}: {reason}"
        )
    return lines


def remarks(tally: Tally) -> list[str]:
    """Clauses on files and matches that are not counted, with good reason."""
    found = []
    if tally.aside:
        what = several(len(tally.aside), "file holds", "files hold")
        found.append(f"{what} no events, and no name of a log: {tally.aside[0]}")
    if tally.copies:
        what = several(tally.copies, "match is a copy", "matches are copies")
        more = "" if len(tally.seen) < MOST_SEEN else f", looked for among {MOST_SEEN:,}"
        found.append(
            f"{what} of others (the log has events twice, as of two trails), counted once{more}"
        )
    return found


def _order(rule: Mapping[str, Any]) -> tuple[int, int, str]:
    severity = rule["severity"]
    worst = SEVERITIES.index(severity) if severity in SEVERITIES else -1
    return -worst, -rule["matches"], rule["name"]


def _days(tally: Tally) -> float:
    """Days from the first event to the last; at least one, so that an hour is no forecast."""
    first, last = _moment(tally.first), _moment(tally.last)
    if first is None or last is None:
        return 1.0
    return max(1.0, (last - first).total_seconds() / _DAY)


def _sequences(rules: Sequence[Rule], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    chains = {
        each.id: each for rule in rules if rule.definition for each in rule.definition.sequences
    }
    listed = [
        {
            "name": each.id,
            "title": each.title,
            "severity": each.severity,
            "why": each.why,
            "runbook": each.runbook,
            "attack": list(each.attack),
            "alerts": numbers[each.id],
        }
        for each in chains.values()
        if numbers.get(each.id)
    ]
    return sorted(listed, key=lambda each: (-SEVERITIES.index(each["severity"]), each["name"]))


def _rule(
    rule: Rule, tally: RuleTally, days: float, numbers: Mapping[str, int], window_seconds: int
) -> dict[str, Any]:
    alerts = numbers.get(rule.name, 0) if rule.definition else tally.matches
    when = "each match"
    if rule.definition is not None:
        when = "each call"
        if window_seconds:
            when = (
                f"each different call, and once on its repetitions within {lasting(window_seconds)}"
            )
        count = rule.definition.count
        if count is not None:
            when = f"{count.at_least} within {lasting(count.minutes * 60)} by one {count.by}"
    return {
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity or None,
        "why": rule.why,
        "runbook": rule.runbook,
        "attack": list(rule.attack),
        "matches": tally.matches,
        "first": tally.first or None,
        "last": tally.last or None,
        "per_day": dict(sorted(tally.days.items())),
        "principals": [
            {"principal": who, "matches": count} for who, count in _top(tally.principals)
        ],
        "places": [
            {"account": account, "region": region, "matches": count}
            for (account, region), count in _top(tally.places)
        ],
        "examples": tally.examples,
        "read_only_matches": tally.reads,
        "findings": tally.findings if rule.decided else None,
        "reasons": [{"reason": why, "findings": count} for why, count in _top(tally.reasons)],
        "alerts": alerts,
        "alert_when": when,
        "alerts_a_day": float(f"{alerts / days:.3g}"),
        "excluded": tally.excluded.total(),
    }


def _exclusions(tally: Tally, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Every exclusion once, with what it left alone in all rules."""
    given = {name: each for rule in rules for each, name in rule.exclusions.items()}
    excluded: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for each in tally.rules.values():
        excluded.update(each.excluded)
        ended.update(each.ended)
    return [
        {
            "name": name,
            "where": {
                kind: [str(value) for value in getattr(each, kind)]
                for kind in KINDS
                if getattr(each, kind)
            },
            "reason": each.reason,
            "until": each.until.isoformat(),
            "matches": excluded[name],
            "ended": ended[name],
        }
        for name, each in given.items()
    ]


def _reaction(name: str, found: ReactionTally, sent: Sent) -> dict[str, Any]:
    shared = sent.number if found.shared else 0
    return {
        "name": name,
        "events": found.events,
        "idle": found.idle,
        "would": dict(_sorted(found.calls)),
        "alerts": shared + send(found.told).number,
        "rules_alerts": shared,
        "alert_events": {
            each: found.alerting[each] for each in reversed(SEVERITIES) if found.alerting[each]
        },
        "failures": dict(_sorted(found.failures)),
        "examples": found.examples,
    }


def _moment(time: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _sorted(counted: Counter[K]) -> list[tuple[K, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _top(counted: Counter[K]) -> list[tuple[K, int]]:
    return _sorted(counted)[:_TOP]
