"""`trailctl reconcile`: the function's judgement at the keyboard, and redelivery by its notes."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from reactor.digest.transport import AccessError

from tests.unit.reactor.reconciled import (
    ALERTS,
    BEGIN,
    FUNCTION,
    HOUR,
    HUB,
    RULE,
    World,
    a_world,
    call,
)
from trailctl.cli import main
from trailctl.reconcile import command

pytestmark = pytest.mark.unit

HANDLER = "reactor.reconcile.scheduled.handler"
SPOKE = ("444455556666", "us-east-1")
THEN = BEGIN + timedelta(minutes=30)


def function(world: World, name: str = "nothing-missed", **more: Any) -> None:
    """The deployed function of this world."""
    variables = {"REACTION_SETTINGS": json.dumps(asdict(world.settings))}
    world.functions[name] = {
        "FunctionName": name,
        "Handler": HANDLER,
        "Environment": {"Variables": variables},
        **more,
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Of four events a rule saw one, one late, and missed two; another place is blind."""
    world = a_world()
    function(world)
    world.functions["other"] = {"FunctionName": "other", "Handler": "index.handler"}
    world.rules(["users"], BEGIN - 48 * HOUR)
    events = [
        call(HUB, THEN, "iam.amazonaws.com", "CreateUser", eventID=f"id-{number}")
        for number in range(4)
    ]
    world.seen("users", events[0], THEN + timedelta(seconds=4), times=2)
    world.seen("users", events[1], THEN + timedelta(minutes=20))
    world.log_file(HUB, THEN + timedelta(minutes=5), events)
    elsewhere = call(SPOKE, THEN, "iam.amazonaws.com", "CreateUser")
    world.log_file(SPOKE, THEN + timedelta(minutes=5), [elsewhere])
    world.proven(HUB, BEGIN + HOUR)
    world.proven(SPOKE, BEGIN + HOUR)
    monkeypatch.setattr(command, "OwnClients", lambda session, region: world)
    monkeypatch.setattr(command, "log_files", lambda *_, **more: world.log())
    monkeypatch.setenv("AWS_REGION", HUB[1])
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr("trailctl.terminal.width", lambda: 80)
    return world


def run(*arguments: str) -> int:
    return main(["reconcile", *arguments])


LINE = (
    "2026-11-27T03:00:00Z to 2026-11-28T03:00:00Z: 4 events of 1 rule in 2 accounts and 2 "
    "Regions: 2 missed; 1 late; 1 delivered twice; 1 where no way leads to the rules."
)


def test_it_shows_what_the_function_would_find_and_changes_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 1
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:5] == [
        "rule   account       region        seen  late  missed  blind",
        "-----  ------------  ------------  ----  ----  ------  -----",
        "users  111122223333  eu-central-1     1     1       2      0",
        "  lost 2, delivered twice 1",
        "users  444455556666  us-east-1        0     0       0      1",
    ]
    assert "lost: iam.amazonaws.com CreateUser at 2026-11-28T00:30:00Z, id-2" in " ".join(
        told.split()
    )
    assert " ".join(told.split()).endswith(LINE)
    assert world.calls == []
    # The function itself finds the same.
    world.run()
    assert world.run() == {"batchItemFailures": []}
    assert set(world.handed_on()) == {("id-2", "lost"), ("id-3", "lost")}


def test_as_json(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "--hours", "24") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["function"], told["proven"], told["line"]) == ("nothing-missed", True, LINE)
    assert told["rules"][0] == {
        "rule": "users",
        "account": HUB[0],
        "region": HUB[1],
        "seen": 1,
        "late": 1,
        "missed": 2,
        "reasons": {"lost": 2, "delivered twice": 1},
        "lateness_p50_seconds": 4,
        "lateness_p99_seconds": 1200,
    }
    assert [(each["event_id"], each["redelivered"]) for each in told["missed"]] == [
        ("id-2", False),
        ("id-3", False),
    ]


def test_it_asks_before_it_redelivers(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run("--redeliver") == 1
    told = capsys.readouterr().out
    assert told.count("would redeliver: lost: iam.amazonaws.com CreateUser") == 2
    assert told.endswith("nothing was redelivered: add --yes to do it\n")
    assert max(map(len, told.splitlines())) <= 80
    assert world.calls == []
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert run("--redeliver") == 1
    assert world.calls == []
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert run("--redeliver") == 0
    assert world.handed_on() == {("id-2", "lost"): 1, ("id-3", "lost"): 1}


def test_what_it_redelivers_the_function_leaves_alone_and_the_other_way_round(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--redeliver", "--yes") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.count(": redelivered to guard, redelivered to people") == 2
    handed = world.handed_on()
    payload = json.loads(world.made("lambda.invoke")[0]["Payload"])
    assert payload["redelivered"]["by"] == "nothing-missed"
    world.run()
    assert world.handed_on() == handed
    assert sum(text.count("redelivered before") for text in world.alerts()) == 2
    assert run("--redeliver", "--yes") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "lost 2, redelivered 2, delivered twice 1" in told
    assert told.endswith("there is nothing to redeliver")
    assert world.handed_on() == handed
    assert run() == 0


def test_a_target_that_takes_nothing_is_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.refuses.add(FUNCTION)
    assert run("--redeliver", "--yes") == 1
    told = capsys.readouterr()
    out = " ".join(told.out.split())
    assert out.count("not to guard (kept in the failure queue), redelivered to people") == 2
    assert told.err == (
        f"trailctl: 2 targets took nothing ({FUNCTION}): their events are in the failure queue\n"
    )


def test_json_and_redelivery(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "--redeliver") == 2
    assert "with --json nobody is asked" in capsys.readouterr().err
    assert run("--json", "--redeliver", "--yes") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["redelivered"] for each in told["missed"]] == [True, True]


def test_without_digest_validation_it_says_so_and_redelivers_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.settings = a_world(checkpoint_table="", redeliver=False, lag_minutes=60).settings
    function(world)
    assert run() == 1
    told = " ".join(capsys.readouterr().out.split())
    assert told.endswith("The log itself is not proven: no digest validation is there.")
    assert run("--redeliver", "--yes") == 2
    assert capsys.readouterr().err == (
        "trailctl: nothing-missed has no digest_validation, so nothing proves that the log files "
        "are CloudTrail's: nothing is redelivered\n"
    )
    assert world.calls == []


def test_a_place_whose_log_is_not_proven_yet_and_a_file_that_is_not_are_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.proven(SPOKE, BEGIN - 30 * HOUR)
    world.files[HUB].append((THEN, "forged", None))
    assert run() == 1
    told = capsys.readouterr().out
    assert "not proven yet:\n  444455556666 us-east-1\n" in told
    assert "not read:\n  forged: its digest is forged\n" in told
    assert "1 log file could not be read; 1 place is behind." in " ".join(told.split())


def test_one_account(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--account-id", SPOKE[0]) == 0
    assert "111122223333" not in capsys.readouterr().out
    assert run("--account-id", "999999999999") == 2
    assert capsys.readouterr().err == (
        "trailctl: nothing-missed has found no log yet of 999999999999\n"
    )


def test_nothing_at_all(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.files.clear()
    assert run() == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith("no rule matches an event of this time")
    assert told.endswith("0 events of 1 rule in 2 accounts and 2 Regions: all seen.")


def test_long_and_hostile_names_stay_in_their_line(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a" * 60 + "\x1b[31m\nforged"
    (when, text) = world.documents.pop()
    told = json.loads(text)
    told["rules"][0]["arn"] = RULE + name
    world.documents.append((when, json.dumps(told)))
    world.log_file(
        HUB, THEN, [call(HUB, THEN, "iam.amazonaws.com", "CreateUser", eventID="\x1b]0")]
    )
    assert run() == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert not re.search("^forged", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--account-id", "12"], "12 is no account id: give twelve digits"),
        (["--function", "other"], "other is no function of modules/reconciliation"),
        (["--profile", "nobody"], "there is no AWS profile nobody"),
    ],
)
def test_wrong_use_is_one_line(
    world: World, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("hours", ["0", "49", "-1", "a day"])
def test_hours_that_nothing_is_kept_for(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(f"--hours={hours}")
    assert f"{hours} is no number from 1 to 48" in capsys.readouterr().err


def test_the_function_is_found_or_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    function(world, "second")
    assert run() == 2
    told = "trailctl: there are nothing-missed, second: choose with --function\n"
    assert capsys.readouterr().err == told
    assert run("--function", "second") == 1
    world.functions.clear()
    capsys.readouterr()
    assert run() == 2
    assert "there is no function of modules/reconciliation in eu-central-1" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"Error": {"ErrorCode": "AccessDenied"}}, "can't be read (AccessDenied)"),
        ({"Variables": {"REACTION_SETTINGS": '{"new": 1}'}}, "are of another release"),
        ({}, "are of another release"),
    ],
)
def test_a_function_that_can_not_be_read(
    world: World, capsys: pytest.CaptureFixture[str], environment: Any, told: str
) -> None:
    function(world, Environment=environment)
    assert run() == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_a_log_that_can_not_be_read(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise AccessError("s3://log: Access Denied", "AccessDenied", 403)

    monkeypatch.setattr(world, "files_of", refused)
    assert run() == 2
    assert capsys.readouterr().err == ("trailctl: the log can't be read: s3://log: Access Denied\n")
    world.documents.clear()
    assert run() == 2
    assert "there is no document of the deployed rules" in capsys.readouterr().err
    assert ALERTS not in str(world.calls)
