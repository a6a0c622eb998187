"""The runbook, followed by somebody who has only the mail and the page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from tests.e2e.localaws import aws_cli
from tests.e2e.reactions.cases import CASES, Case, group, seen
from tests.e2e.reactions.world import SWITCH_SECONDS, World
from tests.harness.runbook import follow
from trailctl.cli import main

pytestmark = pytest.mark.e2e

PAGE_EVENT = "1a8e25cb-458c-4ec3-89db-50732e95757f"
guard = pytest.mark.parametrize(
    "case",
    [pytest.param(CASES["ec2-cost-guard"], marks=group("ec2-cost-guard"))],
    ids=["ec2-cost-guard"],
)


@pytest.fixture
def run(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[list[str]], str]:
    """Runs trailctl here and the AWS CLI beside it, in the world's account."""
    environment = world.stack.aws.environment(account=world.stack.account)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def ran(command: list[str]) -> str:
        if command[0] == "aws":
            _, out, err = aws_cli.run(command[1:], environment)
            return out + err
        assert command[0] == "trailctl"
        capsys.readouterr()
        try:
            main(command[1:])
        except SystemExit as stopped:
            pytest.fail(f"{command}: {stopped}")
        said = capsys.readouterr()
        return said.out + said.err

    return ran


def names(world: World, **more: str) -> dict[str, str]:
    return {"ec2-cost-guard": "e2e-ec2-cost-guard", **more}


@guard
def test_a_guard_did_wrong_and_is_undone(
    case: Case, world: World, run: Callable[[list[str]], str]
) -> None:
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
def test_failed_events_are_sent_again(
    case: Case, world: World, run: Callable[[list[str]], str]
) -> None:
    with world.without(case.permission):
        resource = case.provoke(world)
        world.settled()
    assert not case.acted(world, resource)
    follow("reaction-failure-queue", run, names(world))
    world.settled()
    assert case.acted(world, resource)


@guard
def test_the_switch_is_found_thrown_and_set_again(
    case: Case, world: World, run: Callable[[list[str]], str]
) -> None:
    ssm, name = world.root("ssm"), world.outputs["kill_switch_name"]
    ssm.put_parameter(Name=name, Value="dry_run", Overwrite=True)
    follow("reaction-kill-switch-thrown", run, names(world))
    time.sleep(SWITCH_SECONDS)
    resource = case.provoke(world)
    world.settled()
    assert case.acted(world, resource)
