"""Rules and targets as the emulator's public API gives them, kept until something changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reactor.patterns import PatternError
from reactor.patterns.envelope import is_read_only_management

from localaws.events.router.model import (
    AwsClients,
    Envelope,
    Rule,
    RuleSetFactory,
    RuleSetLike,
    Target,
)

_LOG = logging.getLogger(__name__)
ENABLED = "ENABLED"
ENABLED_ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def takes(state: str, event: Envelope) -> bool:
    """Whether a rule in this state looks at the event at all.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    if state == ENABLED_ALL:
        return True
    return state == ENABLED and not is_read_only_management(event)


@dataclass(slots=True)
class _Bus:
    """One bus's rules, all and those with a pattern. `targets` is filled as rules match."""

    read_at: float
    all: dict[str, Rule]
    rules: dict[str, Rule]
    matcher: RuleSetLike
    patterns: dict[str, str]
    targets: dict[str, tuple[Target, ...]] = field(default_factory=dict)


class RuleBook:
    """Which rules of a bus take an event, and their targets.

    What was read is used until `forget`, and never longer than `max_age` seconds of real time:
    resources that the emulator changes by itself are then seen too. Raises what boto3 raises.
    """

    def __init__(
        self, aws: AwsClients, make_rule_set: RuleSetFactory, max_age: float = 5.0
    ) -> None:
        self._aws = aws
        self._make = make_rule_set
        self._max_age = max_age
        self._lock = threading.Lock()
        self._buses: dict[tuple[str, str, str], _Bus] = {}
        self._stale: dict[tuple[str, str, str], _Bus] = {}
        self._generation = 0

    def forget(self, account: str, region: str) -> None:
        """Read the rules of this account and Region again before the next event."""
        with self._lock:
            self._generation += 1
            for key in [key for key in self._buses if key[:2] == (account, region)]:
                # Compiled patterns stay of use where the rules turn out to be the same.
                self._stale[key] = self._buses.pop(key)

    def matching(
        self, event: Envelope, account: str, region: str, bus: str
    ) -> list[tuple[Rule, tuple[Target, ...]]]:
        """The rules that take the event, by name, each with its targets."""
        key = (account, region, bus)
        book = self._book(key)
        names = sorted(book.matcher.match(event)) if book.rules else []
        taken = [rule for name in names if takes((rule := book.rules[name]).state, event)]
        return [(rule, self._targets(book, rule)) for rule in taken]

    def named(
        self, name: str, account: str, region: str, bus: str
    ) -> list[tuple[Rule, tuple[Target, ...]]]:
        """That rule and its targets, where it is there and enabled: for its schedule."""
        book = self._book((account, region, bus))
        rule = book.all.get(name)
        if rule is None or rule.state != ENABLED:
            return []
        return [(rule, self._targets(book, rule))]

    def _book(self, key: tuple[str, str, str]) -> _Bus:
        with self._lock:
            generation = self._generation
            kept = self._buses.get(key)
            old = kept or self._stale.get(key)
        now = time.monotonic()
        if kept is not None and now - kept.read_at < self._max_age:
            return kept
        listed = {rule.name: rule for rule in self._list_rules(*key)}
        rules = {name: rule for name, rule in listed.items() if rule.pattern}
        patterns = {name: rule.pattern for name, rule in rules.items()}
        if old is not None and old.patterns == patterns:
            matcher = old.matcher
        else:
            matcher = self._compile(patterns)
        book = _Bus(now, listed, rules, matcher, patterns)
        with self._lock:
            if generation == self._generation:
                self._buses[key] = book
                self._stale.pop(key, None)
        return book

    def _compile(self, patterns: Mapping[str, str]) -> RuleSetLike:
        usable = dict(patterns)
        while True:
            try:
                return self._make(usable)
            except PatternError as error:
                if error.rule not in usable:
                    raise
                # PutRule refuses such a pattern; one that got past it must not stop the others.
                _LOG.warning("rule %s never matches: %s", error.rule, error)
                del usable[error.rule]

    def _list_rules(self, account: str, region: str, bus: str) -> list[Rule]:
        client = self._aws.client("events", account, region)
        try:
            found = _pages(client.list_rules, "Rules", EventBusName=bus)
        except client.exceptions.ResourceNotFoundException:
            # The bus was deleted while events were on their way to it.
            return []
        return [
            Rule(
                name=rule["Name"],
                arn=rule["Arn"],
                bus=bus,
                state=rule.get("State", ENABLED),
                pattern=rule.get("EventPattern") or "",
                account=account,
                region=region,
            )
            for rule in found
        ]

    def _targets(self, book: _Bus, rule: Rule) -> tuple[Target, ...]:
        kept = book.targets.get(rule.name)
        if kept is not None:
            return kept
        client = self._aws.client("events", rule.account, rule.region)
        try:
            found = _pages(
                client.list_targets_by_rule, "Targets", Rule=rule.name, EventBusName=rule.bus
            )
        except client.exceptions.ResourceNotFoundException:
            return ()
        targets = tuple(Target(rule, item["Id"], item["Arn"], item) for item in found)
        book.targets[rule.name] = targets
        return targets


def _pages(call: Any, member: str, **parameters: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    while True:
        page = call(**parameters)
        found += page.get(member, [])
        token = page.get("NextToken")
        if not token:
            return found
        parameters["NextToken"] = token
