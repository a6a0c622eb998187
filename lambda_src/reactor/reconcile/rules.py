"""The deployed rules, as Terraform tells them, and since when each of them is there.

The document is JSON: {"account", "region", "forwarded": [{"accounts", "regions", "patterns":
[...], "read_only_patterns": [...]}], "rules": [{"arn", "pattern", "read_only_events", "targets":
[{"id", "arn", "Input", "InputTransformer"}]}]}. It lies in a bucket that keeps versions: they tell
when a rule came, and when it went. `pattern` is JSON text, as EventBridge has it; `Input` and
`InputTransformer` are as PutTargets takes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reactor.patterns import EventPattern
from reactor.patterns.envelope import is_read_only_management

_NEVER = datetime.max.replace(tzinfo=UTC)
# EventBridge takes "a short period of time" until a rule or a change of it is in force everywhere.
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
_SETTLES = timedelta(minutes=5)


@dataclass(frozen=True)
class Target:
    """A target of a rule; `settings` are Input and InputTransformer, where it has them."""

    id: str
    arn: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The target's id, and what it is: `guard (lambda function:tag-owner)`."""
        _, _, service, _, _, name = self.arn.split(":", 5)
        return f"{self.id} ({service} {name})"


@dataclass(frozen=True)
class Rule:
    """A rule as it was deployed from `since` to `until` (None: it is still there)."""

    arn: str
    pattern: str
    read_only_events: bool
    targets: tuple[Target, ...]
    since: datetime
    until: datetime | None = None

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.arn.rpartition("/")[2]

    def due(self, time: datetime) -> bool:
        """True if the rule must have seen an event of that time."""
        return self.since + _SETTLES <= time < (self.until or _NEVER) - _SETTLES


@dataclass(frozen=True)
class Forwarding:
    """Who sends events to the rules' bus. Empty accounts or regions mean all, no patterns all.

    `read_only_patterns` are those of the patterns that send read-only management events, too.
    """

    accounts: frozenset[str]
    regions: frozenset[str]
    patterns: tuple[EventPattern, ...]
    read_only_patterns: tuple[EventPattern, ...] = ()

    def sends(self, event: dict[str, Any]) -> bool:
        """True if it sends such an event."""
        if not self.patterns:
            return True
        asked = self.read_only_patterns if is_read_only_management(event) else self.patterns
        return any(pattern.matches(event) for pattern in asked)


@dataclass(frozen=True)
class Deployed:
    """The rules of an account and Region, and who forwards events to them."""

    account: str
    region: str
    forwarded: tuple[Forwarding, ...]
    rules: tuple[Rule, ...]

    def reach(self, account: str, region: str) -> tuple[Forwarding, ...] | None:
        """The ways by which events of a place come; None for the rules' own place."""
        if (account, region) == (self.account, self.region):
            return None
        return tuple(
            each
            for each in self.forwarded
            if (not each.accounts or account in each.accounts)
            and (not each.regions or region in each.regions)
        )


def read_deployed(versions: Iterable[tuple[datetime, str]]) -> Deployed:
    """The rules by all versions of the document, each with the time from which on it counts.

    Raises ValueError if there is none, or one that is no such document.
    """
    ordered = sorted(versions)
    if not ordered:
        raise ValueError("there is no document of the deployed rules: apply the module again")
    now: dict[tuple[str, str, bool], Rule] = {}
    gone: list[Rule] = []
    document: dict[str, Any] = {}
    for since, text in ordered:
        document = json.loads(text)
        found = {}
        for each in document["rules"]:
            key = (each["arn"], each["pattern"], bool(each["read_only_events"]))
            found[key] = Rule(*key, _targets(each), now[key].since if key in now else since)
        gone += [
            Rule(e.arn, e.pattern, e.read_only_events, e.targets, e.since, since)
            for key, e in now.items()
            if key not in found
        ]
        now = found
    forwarded = tuple(
        Forwarding(
            frozenset(each.get("accounts") or ()),
            frozenset(each.get("regions") or ()),
            *(
                tuple(EventPattern(pattern) for pattern in each.get(name) or ())
                for name in ("patterns", "read_only_patterns")
            ),
        )
        for each in document.get("forwarded") or ()
    )
    rules = (*now.values(), *gone)
    return Deployed(document["account"], document["region"], forwarded, rules)


def _targets(rule: Mapping[str, Any]) -> tuple[Target, ...]:
    return tuple(
        Target(
            each["id"],
            each["arn"],
            {name: each[name] for name in ("Input", "InputTransformer") if each.get(name)},
        )
        for each in rule["targets"]
    )
