"""The applied reactions, each once for all tests of its group."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.reactions.cases import Case
from tests.e2e.reactions.world import World
from tests.harness.applies import Applier, Stack

_WORLDS: dict[str, World] = {}
_MODES: dict[str, str] = {}


def of(apply: Applier, case: Case, mode: str) -> World:
    """The case's reaction in a mode; what two reactions share a stack with changes for both."""
    if case.name not in _WORLDS:
        stack: Stack = apply(case.source, case.variables("enforce"))
        _MODES.setdefault(stack.account, "enforce")
        _WORLDS[case.name] = World.of(stack, case.name)
    world = _WORLDS[case.name]
    if _MODES[world.stack.account] != mode:
        world.stack.apply(case.variables(mode))
        _MODES[world.stack.account] = mode
    world.quiet()
    return world


@pytest.fixture
def world(case: Case, apply: Applier) -> Iterator[World]:
    """The case's reaction as it acts, with nothing under way."""
    world = of(apply, case, "enforce")
    yield world
    with world.deaf():
        case.restore(world)


@pytest.fixture
def dry_world(case: Case, apply: Applier) -> Iterator[World]:
    """The same in dry_run."""
    world = of(apply, case, "dry_run")
    yield world
    with world.deaf():
        case.restore(world)
