"""The lines of `trailctl local tail`."""

from __future__ import annotations

import io
from typing import Any

import pytest

from trailctl.local.tail import Lines

pytestmark = pytest.mark.unit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step(**more: Any) -> dict[str, Any]:
    return {
        "time": "2026-03-01T10:20:30.123456+00:00",
        "kind": "call",
        "account": "111122223333",
        "region": "eu-central-1",
        "step": "called",
        "event_id": "id",
        "what": "ec2:RunInstances",
        "detail": "",
        "extra": {"actor": "arn:aws:iam::111122223333:user/alice"},
        "number": 1,
    } | more


QUEUE = {
    "target_kind": "sqs",
    "target_arn": "arn:aws:sqs:eu-central-1:111122223333:work",
    "dead_letter_arn": "",
}
DEAD = QUEUE | {"dead_letter_arn": "arn:aws:sqs:eu-central-1:111122223333:dead"}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (step(), "call       ec2:RunInstances  by user/alice"),
        (
            step(step="failed", detail="AccessDenied"),
            "call       ec2:RunInstances  by user/alice  AccessDenied",
        ),
        (
            step(kind="authorize", step="not checked", detail="AWS asks"),
            "authorize  ec2:RunInstances  by user/alice  not checked: AWS asks",
        ),
        (
            step(kind="router", step="matched", what="launches", extra=QUEUE),
            "match      launches  matched",
        ),
        (
            step(kind="router", step="delivered", what="launches", extra=QUEUE),
            "delivery   launches -> sqs work  delivered",
        ),
        (
            step(kind="router", step="refused", what="launches", detail="no\n grant", extra=QUEUE),
            "delivery   launches -> sqs work  refused: no grant",
        ),
        (
            step(kind="router", step="dead-lettered", what="launches", extra=DEAD),
            "delivery   launches -> sqs work  dead-lettered in dead",
        ),
        (
            step(kind="function", step="ran", what="guard", detail="12 ms", extra={}),
            "function   guard  ran: 12 ms",
        ),
        (
            step(kind="emitted", step="kept back", what="signin:ConsoleLogin", detail="no trail"),
            "emitted    signin:ConsoleLogin  kept back: no trail",
        ),
        (
            step(kind="fault", step="lost", detail="it never comes to the bus"),
            "fault      ec2:RunInstances  lost: it never comes to the bus",
        ),
        (
            step(kind="schedule", step="fired", what="hourly", detail="for 10:00", extra={}),
            "schedule   hourly  fired: for 10:00",
        ),
    ],
)
def test_lines(given: dict[str, Any], line: str) -> None:
    out = io.StringIO()
    Lines(out).write(given)
    assert out.getvalue() == f"10:20:30.123  111122223333 eu-central-1    {line}\n"


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    bad = step(kind="router", step="refused", detail="no", extra=QUEUE)
    assert "\x1b[31m" in Lines(Terminal()).line(bad)
    assert "\x1b" not in Lines(io.StringIO()).line(bad)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in Lines(Terminal()).line(bad)


@pytest.mark.parametrize("columns", [60, 72, 80])
def test_a_name_that_does_not_fit_beside_the_rest_is_told_whole_below(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = io.StringIO()
    Lines(out).write(
        step(kind="router", step="delivered", what="a-rule-of-a-long-name", extra=QUEUE)
    )
    told = out.getvalue()
    assert told.split()[-5:] == ["a-rule-of-a-long-name", "->", "sqs", "work", "delivered"]
    assert max(map(len, told.splitlines())) <= columns
