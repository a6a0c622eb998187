"""What replay predicts is what the deployed rules send: by detection, window and key.

Whole logs go through the catalogue's patterns, the target's template and the Lambda handler in this
process: thousands of events with a ledger in memory, hundreds with DynamoDB, Scheduler and SNS as
moto has them. tests/e2e/reactions/test_detections.py sends some through the local AWS, with
Terraform's rules and the zip.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from reactor.aws import Aws
from reactor.detections.exclusions import Exclusion
from reactor.patterns import RuleSet
from reactor.reaction import Reaction
from reactor.reactions import notify

from tests.attacks.conftest import Later, later, react
from tests.unit.reactor.conftest import aws, sent
from tests.unit.reactor.shelf import MemoryAws, MemoryLedger
from tests.unit.reactor.world import Context
from tests.unit.replay import logs
from tests.unit.replay.deployed import Seen, beside, predicted, received, rules
from trailctl.replay.rules import Rule

__all__ = ["aws", "later", "react", "sent"]
pytestmark = pytest.mark.unit

Event = dict[str, Any]
React = Callable[..., Reaction[notify.Settings]]
Sent = Callable[[], list[tuple[str, str]]]


def inputs(given: Sequence[Rule], events: Iterable[Event]) -> Iterator[Event]:
    """What the rules' targets hand to the function."""
    definitions = {rule.name: rule.definition for rule in given}
    patterns = RuleSet({rule.name: json.loads(rule.pattern) for rule in given})
    for event in events:
        for name in sorted(patterns.match(event)):
            definition = definitions[name]
            assert definition is not None
            yield beside(event, definition)


def expected(given: Sequence[Rule], events: Iterable[Event]) -> Seen:
    log = json.dumps({"Records": [event["detail"] for event in events]})
    return predicted(given, log.encode())


@pytest.fixture
def world(react: React, monkeypatch: pytest.MonkeyPatch) -> MemoryAws:
    """No part of AWS but what notify calls, in memory."""
    found, ledger = MemoryAws(), MemoryLedger()
    monkeypatch.setattr(Aws, "client", found.client)
    monkeypatch.setattr("reactor.ledger.Ledger", lambda *_: ledger)
    for name, value in (
        ("REACTION_LEDGER_TABLE", "ledger"),
        ("REACTION_SCHEDULE_ROLE", "arn:aws:iam::111122223333:role/later"),
    ):
        monkeypatch.setenv(name, value)
    return found


def test_thousands_of_events_in_any_order(world: MemoryAws, react: React) -> None:
    """A twentieth of them comes twice, many late, some very late."""
    handler, given, seed = react(notify, "notify"), rules(), random.randrange(10**6)
    events = logs.day(seed, noise=2_500, findings=300)
    assert len(events) > 2_900
    for each in inputs(given, logs.disordered(seed, events)):
        handler(each, Context())
    while due := world.come():
        for each in due:
            handler(each, Context())
    told = received(given, world.sent, events)
    assert told == expected(given, events)
    numbers = Counter(kind for kind, *_ in told.elements())
    assert numbers["one"] > 300
    assert numbers["together"] > 10
    assert numbers["rest"] > 0


def test_hundreds_of_events_through_dynamodb(
    later: Later, react: React, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    later.prepare(monkeypatch, "notify")
    handler, seed = react(notify, "notify"), random.randrange(10**6)
    given = rules(["guardduty-tamper", "ec2-launched", "login-failures", "login-no-mfa"])
    events = logs.day(seed, noise=300, findings=0)
    for each in inputs(given, logs.disordered(seed, events)):
        handler(each, Context())
    while later.all():
        later.come(handler)
    told = received(given, sent(), events)
    assert told == expected(given, events)
    assert {kind for kind, *_ in told} >= {"one", "together"}


def test_exclusions_leave_the_same_alone(world: MemoryAws, react: React) -> None:
    """In neither are they in a count or a step of a sequence."""
    handler, seed = react(notify, "notify"), random.randrange(10**6)
    raw = {
        "where": {"principals": ["*:user/alice"], "source_ip_ranges": ["198.51.100.0/24"]},
        "reason": "a test",
        "until": "2999-12-31",
    }
    bare = rules()
    given = [
        replace(
            rule,
            definition=replace(rule.definition, exclusions=(raw,)),
            exclusions={Exclusion.parse(raw): "x"},
        )
        if rule.definition and number % 3
        else rule
        for number, rule in enumerate(bare)
    ]
    events = logs.day(seed, noise=600, findings=150)
    answers = [handler(each, Context()) for each in inputs(given, logs.disordered(seed, events))]
    assert sum("excluded until" in str(answer.get("why")) for answer in answers) > 50
    while due := world.come():
        for each in due:
            handler(each, Context())
    told = received(given, world.sent, events)
    assert told == expected(given, events)
    assert sum(told.values()) < sum(expected(bare, events).values()) * 0.9
