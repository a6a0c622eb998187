"""Faults on demand: which events are lost, repeated, late and out of order."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.events.faults import LONGEST_DELAY, Faults, FaultSettings

pytestmark = pytest.mark.unit

ACCOUNT, REGION = "111122223333", "us-east-1"
MANY = 4_000


def event(
    number: int = 0, source: str = "aws.ec2", kind: str = "AWS API Call via CloudTrail"
) -> Any:
    detail = {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}
    return {"id": f"id-{number}", "source": source, "detail-type": kind, "detail": detail}


class Bench:
    """Faults with these settings, and what they reported."""

    def __init__(self, **settings: Any) -> None:
        self.steps: list[Activity] = []
        self.faults = Faults(MovableClock(), self.steps.append)
        self.faults.set(FaultSettings(**settings))

    def ask(self, number: int = 0, **more: Any) -> tuple[float, ...]:
        return tuple(self.faults.copies(event(number, **more), ACCOUNT, REGION))

    def many(self, number: int = MANY, **more: Any) -> list[tuple[float, ...]]:
        return [self.ask(n, **more) for n in range(number)]

    def said(self) -> list[tuple[str, str]]:
        return [(step.step, step.detail) for step in self.steps]


def test_without_settings_every_event_comes_once_at_once_and_nothing_is_said() -> None:
    bench = Bench()
    assert set(bench.many(100)) == {(0.0,)}
    assert bench.steps == []
    assert not bench.faults.state()["on"]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 1.0])
def test_as_many_are_lost_and_repeated_as_is_asked_for(share: float) -> None:
    # Five standard deviations of a binomial: it holds for any seed but one in a million.
    within = 5 * (share * (1 - share) * MANY) ** 0.5
    bench = Bench(lose=share)
    assert abs(bench.many().count(()) - share * MANY) <= within
    assert bench.faults.state()["lost"] == [s.step for s in bench.steps].count("lost")
    repeating = Bench(repeat=share).many()
    assert abs([len(c) for c in repeating].count(2) - share * MANY) <= within
    assert {len(c) for c in repeating} <= {1, 2}, "nothing is lost where only repeats are asked for"


def test_the_same_seed_loses_the_same_events_of_a_source_whatever_else_happens() -> None:
    settings: dict[str, Any] = {"lose": 0.2, "repeat": 0.2, "delay": 30, "reorder": True}
    alone = Bench(**settings, seed=7).many(500)
    beside = Bench(**settings, seed=7)
    mixed = []
    for number in range(500):
        beside.ask(source="aws.s3")
        beside.faults.copies(event(), ACCOUNT, "eu-west-1")
        beside.faults.copies(event(), "444455556666", REGION)
        mixed.append(beside.ask(number))
    assert mixed == alone
    assert Bench(**settings, seed=8).many(500) != alone
    # Setting them again begins anew, and other repeats lose the same events.
    beside.faults.set(FaultSettings(**settings, seed=7))
    assert beside.many(500) == alone
    other = Bench(**{**settings, "repeat": 0.9}, seed=7).many(500)
    assert [c == () for c in other] == [c == () for c in alone]


def test_a_delay_is_the_same_for_all_and_a_new_order_is_within_it() -> None:
    assert set(Bench(delay=30).many(100)) == {(30.0,)}
    for bench, until in ((Bench(delay=30, reorder=True), 30), (Bench(reorder=True), 1)):
        moments = [seconds for (seconds,) in bench.many(1000)]
        assert all(0 <= seconds <= until for seconds in moments)
        assert moments != sorted(moments)
        assert min(moments) < until * 0.1
        assert max(moments) > until * 0.9


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        ({}, True),
        ({"kind": "AWS Console Sign In via CloudTrail", "source": "aws.signin"}, True),
        ({"kind": "AWS Insight via CloudTrail", "source": "aws.cloudtrail"}, True),
        ({"kind": "Object Created", "source": "aws.s3"}, False),
        ({"kind": "order placed", "source": "shop"}, False),
        ({"kind": "AWS API Call via CloudTrail", "source": "shop"}, False),
    ],
)
def test_only_what_cloudtrail_delivers_is_lost(given: dict[str, Any], lost: bool) -> None:
    bench = Bench(lose=1.0, repeat=1.0, delay=5)
    assert bench.ask(**given) == (() if lost else (5.0, 5.0))


def test_other_sources_than_those_named_have_no_faults() -> None:
    bench = Bench(lose=1.0, sources=("aws.ec2", "aws.iam"))
    assert bench.ask() == bench.ask(source="aws.iam") == ()
    assert bench.ask(source="aws.s3") == (0.0,)
    assert bench.faults.state()["events"] == 2


def test_each_fault_is_told_with_the_event_it_befell() -> None:
    bench = Bench(repeat=1.0, delay=1.25)
    bench.ask(4)
    assert bench.said() == [
        ("repeated", "it comes twice"),
        ("delayed", "it comes 1.25 s and 1.25 s late"),
    ]
    (first, _) = bench.steps
    assert (first.kind, first.what, first.event_id) == ("fault", "ec2:RunInstances", "id-4")
    assert (first.account, first.region) == (ACCOUNT, REGION)
    lost = Bench(lose=1.0)
    lost.ask()
    assert lost.said() == [("lost", "it never comes to the bus")]
    custom = Bench(delay=1)
    custom.faults.copies({"detail-type": "order placed", "source": "shop"}, ACCOUNT, REGION)
    assert custom.steps[0].what == "order placed"


def test_the_state_has_settings_and_numbers_and_reset_ends_both() -> None:
    bench = Bench(lose=1.0, seed=3)
    bench.many(5)
    state = bench.faults.state()
    assert state | {"on": True, "lose": 1.0, "seed": 3, "events": 5, "lost": 5} == state
    assert (state["repeated"], state["delayed"]) == (0, 0)
    bench.faults.reset()
    assert bench.ask() == (0.0,)
    assert not any(bench.faults.state().values())


def test_threads_share_one_sequence() -> None:
    """However they interleave: the same number is lost as of one thread's events."""
    alone = Bench(lose=0.3).many(4_000).count(())
    bench = Bench(lose=0.3)
    found: list[tuple[float, ...]] = []
    threads = [threading.Thread(target=lambda: found.extend(bench.many(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(()) == alone == bench.faults.state()["lost"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"lose": 1.01}, "lose must be from 0% to 100%"),
        ({"repeat": -0.1}, "repeat must be from 0% to 100%"),
        ({"repeat": float("nan")}, "repeat must be from 0% to 100%"),
        ({"delay": -1}, "delay must be from 0 seconds to 1 day"),
        ({"delay": LONGEST_DELAY + 1}, "delay must be from 0 seconds to 1 day"),
        ({"lsoe": 0.1}, "there is no fault lsoe"),
    ],
)
def test_settings_that_are_none(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        FaultSettings.of(settings)
