"""notify: any event in one sentence, once a window, with a count."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import settings as effort
from reactor.actions import Alert
from reactor.aws import Aws
from reactor.event import read_event
from reactor.reaction import MalformedEventError, Reaction
from reactor.reactions import notify
from reactor.settings import SettingsError

from tests.unit.reactor.fuzz import odd
from tests.unit.reactor.world import ACCOUNT, ROOT, Context, envelope, launch, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[notify.Settings]]
Sent = Callable[[], list[tuple[str, str]]]
SIGN_IN = envelope(
    record(
        eventSource="signin.amazonaws.com",
        eventName="ConsoleLogin",
        userIdentity=ROOT,
        responseElements={"ConsoleLogin": "Success"},
        eventType="AwsConsoleSignIn",
    ),
    source="aws.signin",
    **{"detail-type": "AWS Console Sign In via CloudTrail"},
)


@pytest.fixture
def ledger(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("dynamodb").create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    boto3.client("scheduler").create_schedule_group(Name="notify")
    monkeypatch.setenv("REACTION_LEDGER_TABLE", "ledger")
    monkeypatch.setenv("REACTION_SCHEDULE_ROLE", f"arn:aws:iam::{ACCOUNT}:role/later")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "notify")


def test_a_sign_in_of_root(react: React, sent: Sent) -> None:
    handler = react(notify, "notify", title="root signed in", severity="critical")
    assert handler(SIGN_IN, Context())["alerts"] == 1
    ((subject, text),) = sent()
    assert subject == f"[critical] root signed in ({ACCOUNT})"
    assert text.splitlines()[0] == (
        f"the root user called ConsoleLogin in eu-west-1, account {ACCOUNT}, at "
        "2025-11-22 12:00:05 UTC."
    )


def at(id_: str, time: str) -> dict[str, Any]:
    return envelope(launch(["i-1"], eventID=id_, eventTime=f"2025-11-22T{time}Z"))


def test_one_alert_a_window_has_the_number_of_events(
    ledger: None, react: React, sent: Sent
) -> None:
    handler = react(notify, "notify", window_seconds=600)
    answers = [handler(at(f"e-{n}", f"12:0{n}:00"), Context()) for n in range(5)]
    assert [answer["alerts"] for answer in answers] == [1, 0, 0, 0, 0]
    handler(at("e-0", "12:00:00"), Context())  # an event that comes again is no other
    assert handler(at("e-9", "12:11:00"), Context())["alerts"] == 1
    scheduler = boto3.client("scheduler")
    found = scheduler.list_schedules(GroupName="notify")["Schedules"][0]
    whole = scheduler.get_schedule(Name=found["Name"], GroupName="notify")
    handler(json.loads(whole["Target"]["Input"]), Context())
    assert [text.splitlines()[0] for _, text in sent()][2] == (
        "4 more alerts were held back in the 10 minutes from 2025-11-22 12:00:00 UTC."
    )


def test_each_caller_has_an_alert_of_its_own(ledger: None, react: React) -> None:
    handler = react(notify, "notify")
    first = handler(at("e-1", "12:00:00"), Context())
    other = handler(envelope(launch(["i-1"], identity=ROOT, eventID="e-2")), Context())
    assert (first["alerts"], other["alerts"]) == (1, 1)


def test_without_a_window_each_event_makes_an_alert(ledger: None, react: React) -> None:
    handler = react(notify, "notify", window_seconds=0)
    answers = [handler(at(f"e-{n}", "12:00:00"), Context()) for n in range(3)]
    assert [answer["alerts"] for answer in answers] == [1, 1, 1]


def test_a_decision_of_the_catalogue_comes_first(react: React, sent: Sent) -> None:
    handler = react(notify, "notify", detection="ec2-burst", summary="{actor}: {reason}")
    assert handler(envelope(launch(["i-1"])), Context())["alerts"] == 0
    many = launch([f"i-{n:017x}" for n in range(50)], eventID="e-2")
    assert handler(envelope(many), Context())["alerts"] == 1
    assert sent()[0][1].startswith("alice (IAM user): ")


def test_failed_calls_make_an_alert_only_if_asked_for(react: React) -> None:
    failed = envelope(launch([], errorCode="AccessDenied", responseElements=None))
    assert react(notify, "notify")(failed, Context())["alerts"] == 0
    assert react(notify, "notify", failures=True)(failed, Context())["alerts"] == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"severity": "urgent"}, "use one of info, low, medium, high, critical"),
        ({"summary": "{who} did it"}, r"summary has \{who\}; use \{account\}"),
        ({"summary": "{actor.__class__}"}, "summary has"),
        ({"window_seconds": -1}, "use 0 to 86400"),
        ({"detection": "root-login"}, "which is decided by its pattern alone"),
    ],
)
def test_a_wrong_setting_fails_every_event(
    settings: dict[str, Any], told: str, react: React
) -> None:
    with pytest.raises(SettingsError, match=told):
        react(notify, "notify", **settings)(SIGN_IN, Context())


@effort(max_examples=80)
@given(odd(SIGN_IN))
def test_odd_events_raise_nothing_unexpected(event: object) -> None:
    (alert,) = notify.plan(read_event(event), notify.Settings(failures=True), Aws())
    assert alert.headline  # type: ignore[union-attr]


# ---- the definition that rides beside an event

DEFINITION: dict[str, Any] = {
    "id": "burst",
    "title": "Instances were started",
    "severity": "high",
    "why": "They cost money.",
    "runbook": "Ask who did it.",
    "attack": ["T1496"],
    "summary": {
        "input_paths": {
            "who": "$.detail.userIdentity.arn",
            "event": "$.detail.eventName",
            "account": "$.account",
            "image": "$.detail.requestParameters.imageId",
        },
        "template": "{who} called {event} in account {account} with {image}.",
    },
}


def beside(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event as the target of a catalogue's rule hands it over."""
    return {"detection": {**DEFINITION, **changes}, "event": event}


def test_an_event_is_told_in_the_words_of_its_detection(react: React, sent: Sent) -> None:
    handler = react(notify, "notify", title="a call", severity="low", failures=False)
    assert handler(beside(at("e-1", "12:00:00")), Context())["alerts"] == 1
    ((subject, text),) = sent()
    assert subject == f"[high] Instances were started ({ACCOUNT})"
    assert text.splitlines()[0] == (
        f"alice (IAM user) called RunInstances in account {ACCOUNT} with unknown."
    )
    handler(at("e-2", "12:00:01"), Context())  # a bare event has the settings' words
    assert sent()[-1][0] == f"[low] a call ({ACCOUNT})"


def test_an_event_is_decided_by_its_detection(react: React) -> None:
    handler = react(notify, "notify")
    few = beside(envelope(launch(["i-1"])), id="ec2-burst", decision=True)
    assert handler(few, Context())["alerts"] == 0
    many = envelope(launch([f"i-{n:017x}" for n in range(50)], eventID="e-2"))
    assert handler(beside(many, id="ec2-burst", decision=True), Context())["alerts"] == 1
    failed = envelope(launch([], eventID="e-3", errorCode="Denied", responseElements=None))
    assert handler(beside(failed), Context())["alerts"] == 0
    assert handler(beside(failed, failures=True), Context())["alerts"] == 1


def test_one_event_makes_one_alert_of_each_detection(
    ledger: None, react: React, sent: Sent
) -> None:
    """Parts of one entry, and several entries, may match the same event."""
    handler = react(notify, "notify")
    same = at("e-1", "12:00:00")
    answers = [
        handler(beside(same, id=id_), Context())["alerts"] for id_ in ("a", "a", "b", "a", "b")
    ]
    assert answers == [1, 0, 1, 0, 0]
    assert len(sent()) == 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"severity": "urgent"}, "use one of info, low, medium, high, critical"),
        ({"severty": "high"}, "has severty, which it does not know"),
        ({"attack": "T1496"}, r"detection.attack is 'T1496'"),
        ({"failures": 1}, "detection.failures is 1"),
        ({"summary": {"input_paths": {}, "template": "{who}"}}, "summary has no path for who"),
        ({"summary": {"template": "x"}}, "detection.summary lacks input_paths"),
        ({"id": "nothing", "decision": True}, "nothing has no decision in this version"),
    ],
)
def test_a_definition_that_can_not_be_read_is_no_silence(
    react: React, changes: dict[str, Any], told: str
) -> None:
    """Lambda keeps the event in the failure queue."""
    with pytest.raises(MalformedEventError, match=told):
        react(notify, "notify")(beside(at("e-1", "12:00:00"), **changes), Context())


@pytest.mark.parametrize("given", [None, [], "burst", {}, 7])
def test_a_definition_of_another_kind_is_no_silence(react: React, given: object) -> None:
    event = {"detection": given, "event": at("e-1", "12:00:00")}
    if given is None:
        assert react(notify, "notify")(event, Context())["alerts"] == 1
        return
    with pytest.raises(MalformedEventError):
        react(notify, "notify")(event, Context())


def test_whoever_sends_events_brings_no_definition(react: React) -> None:
    """EventBridge lets a sender choose the detail alone; AWS's own source stays with AWS."""
    handler = react(notify, "notify", severity="low")
    detail = {**at("e-1", "12:00:00")["detail"], "detection": DEFINITION, "event": {}}
    made_up = {**at("e-1", "12:00:00"), "source": "mine", "detail": detail}
    assert handler(made_up, Context())["handled"] is False
    (alert,) = notify.plan(read_event(envelope(detail)), notify.Settings(), Aws())
    assert isinstance(alert, Alert)
    assert (alert.severity, alert.subject) == ("medium", f"a watched call was made ({ACCOUNT})")


EXCLUSION = {"where": {"accounts": [ACCOUNT]}, "reason": "a test day", "until": "2025-11-22"}


def test_an_exclusion_is_told_and_counted(
    react: React, sent: Sent, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = react(notify, "notify")
    answer = handler(beside(at("e-1", "12:00:00"), exclusions=[EXCLUSION]), Context())
    assert (answer["handled"], sent()) == (False, [])
    assert answer["why"] == f"{DEFINITION['id']}, excluded until 2025-11-22: a test day"
    out = capsys.readouterr().out
    assert "event left alone: exclusion used" in out
    assert '"ExclusionsUsed":[1.0]' in out.replace(" ", "")
    ended = {**EXCLUSION, "until": "2025-11-21"}
    later = handler(beside(at("e-2", "12:00:00"), exclusions=[ended]), Context())
    assert later["alerts"] == 1


def test_an_exclusion_is_not_asked_about_what_is_no_finding(react: React) -> None:
    few = beside(envelope(launch(["i-1"])), id="ec2-burst", decision=True, exclusions=[EXCLUSION])
    answer = react(notify, "notify")(few, Context())
    assert (answer["handled"], answer["alerts"]) == (True, 0)


def test_an_exclusion_that_can_not_be_read_is_no_silence(react: React) -> None:
    misspelt = {**EXCLUSION, "where": {"acounts": [ACCOUNT]}}
    event = beside(at("e-1", "12:00:00"), exclusions=[EXCLUSION, misspelt])
    with pytest.raises(MalformedEventError, match="some of principals"):
        react(notify, "notify")(event, Context())
