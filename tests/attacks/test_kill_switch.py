"""Somebody who wants the guards off: by their switch, or by keeping them from reading it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor import kill_switch
from reactor.reaction import Reaction
from reactor.retry import Clock

from tests.unit.reactor.sample_reaction import SWITCH, event, names, watched
from tests.unit.reactor.world import Context, log_lines

pytestmark = pytest.mark.unit

Make = Callable[..., Reaction[Any]]
READ = f"GetParameter {SWITCH}"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda *_: None)


def test_one_answer_of_many_is_enough(make: Make) -> None:
    """The attacker takes most of the account's 40 answers a second."""
    reaction = make(REACTION_KILL_SWITCH=SWITCH)
    with watched({READ: ["ThrottlingException"] * 5 + [""]}) as calls:
        reaction(event(), Context())
    assert names(calls) == ["PutParameter", "Publish"]


def test_a_function_that_has_just_begun_knows_the_last_value(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make(REACTION_KILL_SWITCH=SWITCH)(event("e-1"), Context())
    with watched({READ: ["ThrottlingException"]}) as calls:
        make(REACTION_KILL_SWITCH=SWITCH)(event("e-2"), Context())
    assert names(calls) == ["PutParameter", "Publish"]
    lines = log_lines(capsys.readouterr().out)
    assert any(line.get("KillSwitchUnreadable") for line in lines)  # it is loud all the same


def test_a_thrown_switch_stays_thrown_while_it_is_throttled(make: Make) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=SWITCH, Value="dry_run", Type="String", Overwrite=True)
    make(REACTION_KILL_SWITCH=SWITCH)(event("e-1"), Context())
    with watched({READ: ["ThrottlingException"]}) as calls:
        make(REACTION_KILL_SWITCH=SWITCH)(event("e-2"), Context())
    assert names(calls) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "ParameterNotFound", "KMS.Disabled"])
def test_who_takes_the_switch_away_does_not_silence_alerts(code: str, make: Make) -> None:
    reaction = make(REACTION_KILL_SWITCH=SWITCH)
    reaction(event("e-1"), Context())
    fresh = make(REACTION_KILL_SWITCH=SWITCH)
    with watched({READ: [code]}) as calls:
        assert fresh(event("e-2"), Context())["alerts"] == 1
    assert names(calls) == ["Publish"]


def test_a_value_of_long_ago_counts_no_more(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make(REACTION_KILL_SWITCH=SWITCH)(event("e-1"), Context())
    monkeypatch.setattr(kill_switch, "KEPT", -1.0)
    with watched({READ: ["ThrottlingException"]}) as calls:
        make(REACTION_KILL_SWITCH=SWITCH)(event("e-2"), Context())
    assert names(calls) == ["Publish"]


def test_throttling_costs_no_more_than_some_tries(make: Make) -> None:
    """The time of a run must be left for what it is for."""
    make(REACTION_KILL_SWITCH=SWITCH)(event("e-1"), Context())
    reaction = make({"parameters": [f"/{n}" for n in range(8)]}, REACTION_KILL_SWITCH=SWITCH)
    asked: list[float] = []
    original = kill_switch.KillSwitch._last

    def last(self: kill_switch.KillSwitch) -> Any:
        asked.append(0)
        return original(self)

    with watched({READ: ["ThrottlingException"]}) as calls, pytest.MonkeyPatch.context() as patch:
        patch.setattr(kill_switch.KillSwitch, "_last", last)
        reaction(event("e-2"), Context())
    assert len(asked) == 1
    assert names(calls).count("PutParameter") == 8
