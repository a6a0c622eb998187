"""The report: the counts as the data that every format shows.

    {"events": 563, "files": 1, "from": "...", "to": "...", "days": 1.0,
     "skipped": [{"file": "...", "reason": "..."}], "notes": ["..."],
     "rules": [{"name", "title", "severity", "matches", "first", "last", "per_day": {day: n},
                "principals": [{"principal", "matches"}], "examples": [...], "alerts_a_day",
                "alerts", "alert_when", "read_only_matches", "findings", "reasons"}],
     "never_fired": ["..."],
     "reactions": [{"name", "events", "idle", "would": {step: n}, "failures": {why: n},
                    "examples"}]}

Times are as CloudTrail writes them, null where there is none. `findings` is null where the pattern
decides alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from trailctl.replay.catalogue import Count
from trailctl.replay.rules import Rule
from trailctl.replay.tally import RuleTally, Tally

_TOP = 5
_DAY = 86_400.0


def build(
    tally: Tally, rules: Sequence[Rule], reactions: Sequence[str], notes: Sequence[str]
) -> dict[str, Any]:
    """The report on a run; `reactions` are the names of all reactions that were asked."""
    days = _days(tally)
    listed = [_rule(rule, tally.rules.get(rule.name) or RuleTally(), days) for rule in rules]
    listed.sort(key=lambda each: (-each["matches"], each["name"]))
    return {
        "events": tally.events,
        "files": tally.files,
        "from": tally.first or None,
        "to": tally.last or None,
        "days": round(days, 2),
        "skipped": [{"file": name, "reason": reason} for name, reason in tally.skipped],
        "notes": list(notes),
        "rules": listed,
        "never_fired": [each["name"] for each in listed if not each["matches"]],
        "reactions": [_reaction(name, tally) for name in reactions],
    }


def _days(tally: Tally) -> float:
    """Days from the first event to the last; at least one, so that an hour is no forecast."""
    first, last = _moment(tally.first), _moment(tally.last)
    if first is None or last is None:
        return 1.0
    return max(1.0, (last - first).total_seconds() / _DAY)


def _rule(rule: Rule, tally: RuleTally, days: float) -> dict[str, Any]:
    found = tally.findings if rule.decided else tally.matches
    when = "each match"
    alerts = found
    if rule.decided:
        when = "each finding"
    if rule.count is not None:
        alerts = bursts(tally.moments, rule.count)
        when = f"{rule.count.at_least} within {rule.count.minutes} minutes by one {rule.count.by}"
    return {
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity or None,
        "matches": tally.matches,
        "first": tally.first or None,
        "last": tally.last or None,
        "per_day": dict(sorted(tally.days.items())),
        "principals": [
            {"principal": who, "matches": count} for who, count in _top(tally.principals)
        ],
        "examples": tally.examples,
        "read_only_matches": tally.reads,
        "findings": tally.findings if rule.decided else None,
        "reasons": [{"reason": why, "findings": count} for why, count in _top(tally.reasons)],
        "alerts": alerts,
        "alert_when": when,
        "alerts_a_day": float(f"{alerts / days:.3g}"),
    }


def _reaction(name: str, tally: Tally) -> dict[str, Any]:
    found = tally.reactions.get(name)
    return {
        "name": name,
        "events": found.events if found else 0,
        "idle": found.idle if found else 0,
        "would": dict(_sorted(found.steps)) if found else {},
        "failures": dict(_sorted(found.failures)) if found else {},
        "examples": found.examples if found else [],
    }


def bursts(moments: Sequence[tuple[str, str]], count: Count) -> int:
    """The number of alerts that keyed moments make: one each time the number is reached.

    An alert uses its moments up, so that further ones make the next alert when they reach the
    number again.
    """
    by_key: dict[str, list[float]] = defaultdict(list)
    for key, time in moments:
        moment = _moment(time)
        if moment is not None:
            by_key[key].append(moment.timestamp())
    alerts = 0
    for times in by_key.values():
        window: list[float] = []
        for second in sorted(times):
            window = [each for each in window if second - each < count.minutes * 60]
            window.append(second)
            if len(window) >= count.at_least:
                alerts += 1
                window = []
    return alerts


def _moment(time: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _sorted(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _top(counted: Counter[str]) -> list[tuple[str, int]]:
    return _sorted(counted)[:_TOP]
