"""The event history: newest first, by account and Region, and no larger than it may get."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localaws.cloudtrail import history
from localaws.cloudtrail.history import History

pytestmark = pytest.mark.unit

START = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = ("111122223333", "us-east-1")
BEFORE, AFTER = START - timedelta(days=1), START + timedelta(days=1)


def numbers(kept: History, account: str = PLACE[0], region: str = PLACE[1]) -> list[int]:
    return [record["n"] for _, record in kept.newest(account, region, BEFORE, AFTER)]


def test_newest_first_and_every_place_its_own() -> None:
    kept = History()
    for n in range(3):
        kept.add(*PLACE, START + timedelta(seconds=n), {"n": n, "text": "ä"})
    kept.add("444455556666", "us-east-1", START, {"n": 10})
    kept.add("111122223333", "eu-west-1", START, {"n": 20})
    assert numbers(kept) == [2, 1, 0]
    assert numbers(kept, "444455556666", "us-east-1") == [10]
    assert numbers(kept, "111122223333", "eu-west-1") == [20]
    kept.clear()
    assert numbers(kept) == []


def test_only_what_lies_between_two_times() -> None:
    kept = History()
    for n in range(5):
        kept.add(*PLACE, START + timedelta(hours=n), {"n": n})
    first, last = START + timedelta(hours=1), START + timedelta(hours=3)
    assert [r["n"] for _, r in kept.newest(*PLACE, first, last)] == [3, 2, 1]
    assert next(kept.newest(*PLACE, first, last))[0] == last


def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_EVENTS", 3)
    kept = History()
    for n in range(5):
        kept.add(*PLACE, START, {"n": n})
    assert numbers(kept) == [4, 3, 2]
