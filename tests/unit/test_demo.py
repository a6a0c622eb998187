"""The demo's screen and claims; `tests/e2e/test_ec2_launch_monitor.py` runs the demo itself."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from localaws.client.process import RunningAws
from trailctl.demo import failing
from trailctl.demo.scenario import Claim, Line, Scenario
from trailctl.demo.show import Screen

pytestmark = pytest.mark.unit

START = datetime(2026, 3, 1, 10, 20, 30, 123_000, tzinfo=UTC)
LONG = "ec2-launch-monitor-guard: reactor:owner=deploy/release-42, reactor:creator-kind=role on 2"


def shown(*lines: Line) -> list[str]:
    out = io.StringIO()
    Screen(out).timeline(lines)
    return out.getvalue().splitlines()


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_a_timeline_fits_into_80_columns_and_begins_with_the_time() -> None:
    soon = START + timedelta(milliseconds=417)
    lines = shown(
        Line(START, "call", "ec2:RunInstances", "release-42: 1 x p4d.24xlarge"),
        Line(soon, "change", "ec2:CreateTags", LONG),
        Line(soon, "alert", "", f"[medium] {LONG}\n\nSeverity: medium"),
    )
    assert lines[0] == ("  10:20:30.123  call     ec2:RunInstances  release-42: 1 x p4d.24xlarge")
    assert lines[1].startswith("       +417 ms  change   ec2:CreateTags  ec2-launch-monitor-guard:")
    assert lines[2].startswith(" " * 27 + "reactor:owner=")
    assert lines[-1] == " " * 25 + "│ Severity: medium"
    assert max(map(len, lines)) <= 80


def test_a_claim_that_does_not_hold_is_counted_and_says_what_was_found() -> None:
    out = io.StringIO()
    claims = [
        Claim("it is so", True, "that"),
        Claim("it is not", False, "this"),
        Claim("no", False),
    ]
    assert failing(Screen(out), claims) == 2
    assert out.getvalue().splitlines() == [
        "  ✓ it is so",
        "  ✗ it is not (found: this)",
        "  ✗ no (found: nothing)",
    ]


class Silent:
    """A local AWS in which nothing has happened."""

    environment: dict[str, str] = {}  # noqa: RUF012 (never changed)

    def client(self, service: str) -> Silent:
        del service
        return self

    def describe_instances(self, **_: Any) -> dict[str, Any]:
        return {"Reservations": []}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": "1"}}


def test_no_claim_holds_where_nothing_has_happened() -> None:
    outputs = {"dead_letter_queue": {"url": "dead"}, "failure_queue": {"url": "failed"}}
    claims = list(Scenario(cast(RunningAws, Silent()), outputs).claims())
    assert len(claims) == 11
    assert [claim.text for claim in claims if claim.holds] == []
