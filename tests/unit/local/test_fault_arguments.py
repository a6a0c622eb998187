"""What `trailctl local fault` takes, and how it words what there is."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.client.control import Control
from trailctl.cli import main

pytestmark = pytest.mark.unit

STATE: dict[str, Any] = {
    "on": True, "lose": 0.0, "repeat": 0.0, "delay": 0.0, "reorder": False, "seed": 0,
    "sources": [], "events": 0, "lost": 0, "repeated": 0, "delayed": 0,
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a local AWS that answers with its settings was asked for."""
    found: list[dict[str, Any]] = []

    def post(_: Control, what: str, body: dict[str, Any]) -> dict[str, Any]:
        assert what == "fault"
        found.append(body)
        return STATE | body | {"on": bool(body)}

    monkeypatch.setattr(Control, "post", post)
    return found


@pytest.mark.parametrize(
    ("arguments", "settings", "line"),
    [
        ("--lose 5%", {"lose": 0.05}, "lose 5%, seed 0"),
        ("--repeat 0.5% --seed 7", {"repeat": 0.005, "seed": 7}, "repeat 0.5%, seed 7"),
        ("--lose 100% --delay 1h30m", {"lose": 1.0, "delay": 5400.0},
         "lose 100%, delay 5400s, seed 0"),
        ("--reorder --source aws.ec2 --source aws.iam",
         {"reorder": True, "sources": ["aws.ec2", "aws.iam"]},
         "reorder, only aws.ec2, aws.iam, seed 0"),
        ("off", {}, "off: every event comes once, at once and in order"),
    ],
)  # fmt: skip
def test_what_is_asked_for_and_said(
    asked: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    settings: dict[str, Any],
    line: str,
) -> None:
    assert main(["local", "fault", *arguments.split()]) == 0
    assert asked == [settings]
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == line
    assert shown[1:] == ["events so far 0: lost 0, repeated 0, delayed 0"][: bool(settings)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--lose 5", "5 is no share of events: write 0% to 100%, such as 5% or 0.5%"),
        ("--lose 0.05", "0.05 is no share of events: write 0% to 100%, such as 5% or 0.5%"),
        ("--repeat 101%", "101% is no share of events: write 0% to 100%, such as 5% or 0.5%"),
        ("--delay soon", "soon is no duration forward: write +90s"),
        ("--seed 3", "give a fault: --lose, --repeat, --delay or --reorder"),
        ("--source aws.ec2", "give a fault: --lose, --repeat, --delay or --reorder"),
        ("off --lose 5%", "off takes no fault beside it"),
    ],
)
def test_what_is_no_fault_is_refused_in_one_line(
    asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], arguments: str, words: str
) -> None:
    assert main(["local", "fault", *arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert (asked, out) == ([], "")
    assert err.startswith(f"trailctl: {words}")
    assert err.count("\n") == 1
