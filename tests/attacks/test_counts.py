"""Somebody who hides a burst, or who makes the counting cost more than it may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor import windows
from reactor.reaction import Reaction
from reactor.reactions import notify
from reactor.run import ReactionError
from reactor.testing import role_session

from tests.attacks.conftest import Later
from tests.unit.reactor.sample_reaction import TABLE, sent
from tests.unit.reactor.world import Context, envelope, record
from tests.unit.replay.deployed import beside, rules

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[notify.Settings]]
(RECON,) = rules(["ses-recon"])  # three calls in ten minutes


@pytest.fixture
def handler(later: Later, react: React, monkeypatch: pytest.MonkeyPatch) -> Reaction[Any]:
    later.prepare(monkeypatch, "notify")
    return react(notify, "notify")


def call(number: int, at: str, session: str = "s", role: str = "app") -> dict[str, Any]:
    assert RECON.definition is not None
    detail = record(
        eventSource="ses.amazonaws.com",
        eventName="GetSendQuota",
        eventID=f"e-{number}",
        eventTime=f"2025-11-22T{at}Z",
        userIdentity=role_session(role, session),
    )
    return beside(envelope(detail, source="aws.ses"), RECON.definition)


def items() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    return [each for each in found if each["id"]["S"].startswith("gathered#")]


def test_a_session_for_each_call_is_one_caller(handler: Reaction[Any]) -> None:
    for number in range(4):
        handler(call(number, f"12:00:0{number}", session=f"session-{number}"), Context())
    ((_, text),) = sent()
    assert ":role/app" in text
    assert len(items()) == 1


def test_a_burst_behind_a_flood_of_other_callers_is_found(handler: Reaction[Any]) -> None:
    """Each caller has an item of its own, and shares none with the flood."""
    for number in range(9):
        handler(call(number, "12:00:00", role=f"flood-{number}"), Context())
    for number in range(9, 12):
        handler(call(number, "12:01:00"), Context())
    ((_, text),) = sent()
    assert "e-11" in text
    assert len(items()) == 10  # no more than there were events


def test_a_flood_of_one_caller_makes_one_alert_and_one_small_item(handler: Reaction[Any]) -> None:
    for number in range(24):
        handler(call(number, f"12:0{number % 9}:00"), Context())
    assert len(sent()) == 1
    (item,) = items()
    assert len(str(item)) < 3_000
    assert all(len(each["SS"]) <= 3 for name, each in item.items() if "SS" in each)


def test_what_came_before_a_burst_or_after_does_not_hide_it(handler: Reaction[Any]) -> None:
    """Calls at other times make no burst of three that are far apart, and undo none."""
    for number, at in enumerate(("11:00:00", "12:00:00", "13:00:00", "12:01:00", "11:30:00")):
        handler(call(number, at), Context())
    assert sent() == []
    handler(call(9, "12:02:00"), Context())
    assert len(sent()) == 1
    handler(call(10, "12:00:30"), Context())  # the last to come, not the last in time
    assert len(sent()) == 1


def test_events_that_come_again_are_no_burst(handler: Reaction[Any]) -> None:
    for _ in range(5):
        handler(call(1, "12:00:00"), Context())
        handler(call(2, "12:00:01"), Context())
    assert sent() == []


def test_without_a_ledger_a_count_is_no_silence(aws: None, react: React) -> None:
    with pytest.raises(ReactionError, match="set REACTION_LEDGER_TABLE: findings are counted"):
        react(notify, "notify")(call(1, "12:00:00"), Context())


def test_small_alerts_hold_no_grave_one_back(
    handler: Reaction[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each severity has a number of its own that is told at once."""
    monkeypatch.setattr(windows, "OF_ALL", 5)
    definition = RECON.definition
    assert definition is not None
    told = beside({}, definition)["detection"]
    plain = {**told, "count": None, "sequences": [], "decision": False}
    for number in range(8):
        noise = call(number, "12:00:00", role=f"role-{number}")
        handler({**noise, "detection": {**plain, "severity": "low"}}, Context())
    grave = call(999, "12:00:00")
    handler({**grave, "detection": {**plain, "severity": "critical"}}, Context())
    assert sent()[-1][0].startswith("[critical]")
    assert len(sent()) == 6
