"""The router with faults: what reaches a queue, in which order, on a clock that is moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.events.faults import Faults, FaultSettings
from localaws.events.router import Router, RouterEvent

pytestmark = pytest.mark.unit

MANY = 60


@dataclass
class World:
    """A router whose events have faults, and a queue that gets all of them."""

    bench: Any
    tools: Any
    router: Router
    clock: MovableClock
    faults: Faults
    steps: list[RouterEvent]
    reported: list[Activity]
    queue: str

    def put(self, number: int, **more: Any) -> None:
        event = self.tools.call_event() | {"id": f"{number}"} | more
        self.router.put(event, account=self.tools.ACCOUNT, region=self.tools.REGION)

    def came(self) -> list[int]:
        """The numbers of the events, in the order in which the router sent them."""
        assert self.router.drain(20)
        sent = [int(step.event_id) for step in self.steps if step.kind == "delivered"]
        got = [json.loads(message["Body"]) for message in self.bench.messages(self.queue)]
        assert sorted(int(event["id"]) for event in got) == sorted(sent)
        return sent


@pytest.fixture
def world(clients: Any, tools: Any) -> Iterator[World]:
    bench, clock = tools.Bench(clients, tools.JumpingClock()), MovableClock()
    reported: list[Activity] = []
    faults = Faults(clock, reported.append)
    steps: list[RouterEvent] = []
    router = Router(clients, clock, steps.append, invoke=lambda *_: "", copies=faults.copies)
    queue = bench.queue("all", tools.allow("sqs:SendMessage"))
    bench.rule("all", {"Id": "q", "Arn": queue}, pattern={"account": [tools.ACCOUNT]})
    yield World(bench, tools, router, clock, faults, steps, reported, queue)
    router.close()
    bench.router.close()


def test_what_is_lost_never_comes_and_all_else_comes_once_in_order(world: World) -> None:
    world.faults.set(FaultSettings(lose=0.3))
    for number in range(MANY):
        world.put(number)
    came = world.came()
    lost = {int(step.event_id) for step in world.reported if step.step == "lost"}
    assert 5 < len(lost) < 35
    assert came == [number for number in range(MANY) if number not in lost]


def test_reordered_and_repeated_events_come_all_in_another_order(world: World) -> None:
    world.faults.set(FaultSettings(repeat=0.3, delay=60, reorder=True))
    for number in range(MANY):
        world.put(number)
    assert world.router.drain(0.0) is False, "they wait"
    world.clock.advance(60)
    came = world.came()
    twice = {int(step.event_id) for step in world.reported if step.step == "repeated"}
    assert 5 < len(twice) < 35
    assert sorted(came) == sorted([*range(MANY), *twice])
    assert came != sorted(came)


def test_a_delay_waits_for_the_clock_and_keeps_order_and_age(world: World) -> None:
    world.faults.set(FaultSettings(delay=3600))
    for number in range(5):
        world.put(number)
    assert not world.router.drain(0.3)
    assert world.steps == []
    # Faults that end don't hurry what is under way.
    world.faults.reset()
    world.put(5)
    world.clock.advance(3600)
    assert world.came() == [5, 0, 1, 2, 3, 4]
    assert {step.attempt for step in world.steps if step.kind == "delivered"} == {1}


def test_an_event_has_its_faults_once_not_at_each_bus_nor_in_a_replay(world: World) -> None:
    world.faults.set(FaultSettings(lose=1.0))
    where = {"account": world.tools.ACCOUNT, "region": world.tools.REGION}
    world.router.put(world.tools.call_event() | {"id": "1"}, hops=1, **where)
    world.put(2, **{"replay-name": "again"})
    assert sorted(world.came()) == [1, 2]
    assert world.reported == []


def test_a_custom_event_comes_twice_and_is_never_lost(world: World) -> None:
    world.faults.set(FaultSettings(lose=1.0, repeat=1.0))
    world.put(1, source="shop", **{"detail-type": "order placed"})
    assert world.came() == [1, 1]
