"""The runbook, followed by somebody who has only the mail and the page."""

from __future__ import annotations

import re
import time

import pytest

from tests.e2e.reactions.cases import CASES, Case, group, seen
from tests.e2e.reactions.world import SWITCH_SECONDS, World
from tests.harness.runbook import Run, follow, follower

pytestmark = pytest.mark.e2e

PAGE_EVENT = "1a8e25cb-458c-4ec3-89db-50732e95757f"
guard = pytest.mark.parametrize(
    "case",
    [pytest.param(CASES["ec2-cost-guard"], marks=group("ec2-cost-guard"))],
    ids=["ec2-cost-guard"],
)


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    environment = world.stack.aws.environment(account=world.stack.account)
    return follower(environment, monkeypatch)


def names(world: World, **more: str) -> dict[str, str]:
    return {"ec2-cost-guard": "e2e-ec2-cost-guard", **more}


@guard
def test_a_guard_did_wrong_and_is_undone(case: Case, world: World, run: Run) -> None:
    resource = case.provoke(world)
    world.settled()
    assert case.acted(world, resource)
    ((_, text),) = world.alerts()
    # The mail ends with the command: the page's is the same, with another id.
    (id_,) = re.findall(r"^trailctl undo ([0-9a-f-]{36}) ", text, re.MULTILINE)
    with world.deaf():
        follow("take-an-action-back", run, names(world, **{PAGE_EVENT: id_}))
    assert seen(world, resource) == ("running", {})


@guard
def test_failed_events_are_sent_again(case: Case, world: World, run: Run) -> None:
    with world.without(case.permission):
        resource = case.provoke(world)
        world.settled()
    assert not case.acted(world, resource)
    follow("reaction-failure-queue", run, names(world))
    end = time.monotonic() + 60
    while not case.acted(world, resource):
        assert time.monotonic() < end, world.lines()[-40:]
        time.sleep(0.2)


@guard
def test_the_switch_is_thrown_found_and_set_again(case: Case, world: World, run: Run) -> None:
    follow("stop-a-reaction", run, names(world))
    follow("reaction-kill-switch-thrown", run, names(world))
    time.sleep(SWITCH_SECONDS)
    resource = case.provoke(world)
    world.settled()
    assert case.acted(world, resource)
