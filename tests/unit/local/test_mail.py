"""What `trailctl local mail` prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.local.test_tail import step
from trailctl import cli
from trailctl.local import mail

pytestmark = pytest.mark.unit

TOPIC = "arn:aws:sns:eu-central-1:111122223333:alerts"


def said(text: str, subject: str = "", **more: Any) -> dict[str, Any]:
    extra = {"topic": TOPIC, "subject": subject, "text": text}
    return step(kind="topic", step="published", what="alerts", extra=extra, **more)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the local AWS tells, once it was asked to finish what is on its way."""
    told: list[dict[str, Any]] = []

    class Control:
        def __init__(self, port: int) -> None:
            self.port, self.settled = port, False

        def post(self, what: str, **_: Any) -> dict[str, bool]:
            self.settled = what.startswith("drain")
            return {"drained": True}

        def get(self, what: str) -> list[dict[str, Any]]:
            assert what.startswith("activity")
            assert self.settled
            return told

    monkeypatch.setattr(mail, "Control", Control)
    return told


def test_messages_are_shown_as_a_mail_and_nothing_else_is(
    steps: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    delivered = step(kind="topic", step="delivered", what="alerts -> queue", extra={"topic": TOPIC})
    steps += [step(), delivered, said("It stopped.\nStart it.\n", "[high] trail")]
    steps.append(said("no subject"))
    assert cli.main(["local", "mail"]) == 0
    head = "10:20:30  alerts  (111122223333 eu-central-1)\n"
    assert capsys.readouterr().out == (
        f"{head}Subject: [high] trail\nIt stopped.\nStart it.\n\n{head}no subject\n\n"
    )


def test_a_command_in_a_message_can_be_copied(
    steps: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command = "trailctl undo 0123 --log-group /aws/lambda/" + "x" * 80
    steps.append(said(f"To take it back:\n{command}"))
    assert cli.main(["local", "mail"]) == 0
    assert f"\n{command}\n" in capsys.readouterr().out


def test_a_message_does_nothing_to_the_terminal(
    steps: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    steps.append(said("a\x1b[2Jb", "c\x1b]0;d\nSubject: e"))
    assert cli.main(["local", "mail"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 4


def test_json_is_a_line_for_each(
    steps: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    steps += [said("a\nb", "c"), said("d")]
    assert cli.main(["local", "mail", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    when = "2026-03-01T10:20:30.123456+00:00"
    assert first == {"time": when, "topic": TOPIC, "subject": "c", "text": "a\nb"}
    assert second["text"] == "d"


def test_silence_is_told(steps: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert not steps
    assert cli.main(["local", "mail"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "no topic has said anything\n")
