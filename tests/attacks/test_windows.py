"""Somebody who hides a call behind others like it, or who makes a thousand mails of his calls."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from reactor import windows
from reactor.reaction import Reaction
from reactor.reactions import notify
from reactor.testing import role_session, user

from tests.attacks.conftest import Later
from tests.attacks.test_crashes import Killed, let_go, stopping
from tests.unit.reactor.sample_reaction import sent, watched
from tests.unit.reactor.world import Context, envelope, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[notify.Settings]]
NUMBER = iter(range(10**6))


@pytest.fixture
def handler(later: Later, react: React, monkeypatch: pytest.MonkeyPatch) -> Reaction[Any]:
    later.prepare(monkeypatch, "notify")
    return react(notify, "notify", title="a policy was attached", severity="high")


def attach(policy: str, role: str = "app", *, at: str = "12:00:00", who: Any = None) -> Any:
    detail = record(
        eventSource="iam.amazonaws.com",
        eventName="AttachRolePolicy",
        eventID=f"e-{next(NUMBER)}",
        eventTime=f"2025-11-22T{at}Z",
        requestParameters={"roleName": role, "policyArn": f"arn:aws:iam::aws:policy/{policy}"},
        **({"userIdentity": who} if who else {}),
    )
    return envelope(detail, source="aws.iam")


def boxes(later: Later) -> set[str]:
    """What the schedules will tell of: one alert each."""
    return {
        json.loads(each["Target"]["Input"])["cloudtrail-reactor"]["digest"]["box"]
        for each in later.all()
    }


def test_the_second_and_worse_attach_89_seconds_later_is_told_at_once(
    handler: Reaction[Any],
) -> None:
    handler(attach("ReadOnlyAccess"), Context())
    assert handler(attach("AdministratorAccess", at="12:01:29"), Context())["alerts"] == 1
    assert "policyArn=arn:aws:iam::aws:policy/AdministratorAccess" in sent()[-1][1]


def test_what_differs_in_resource_caller_call_or_reason_is_told_at_once(
    handler: Reaction[Any],
) -> None:
    events = [
        attach("A"),
        attach("A", "other"),
        attach("A", who=user("eve")),
        attach("B"),
        attach("A", who=role_session("app", "s1")),
    ]
    assert [handler(each, Context())["alerts"] for each in events] == [1] * 5
    # The name of a session is the caller's own choice, and makes no other caller.
    assert handler(attach("A", who=role_session("app", "s2")), Context())["alerts"] == 0


def test_what_was_held_back_is_told_when_the_window_ends_though_nothing_else_comes(
    handler: Reaction[Any], later: Later
) -> None:
    for _ in range(5):
        handler(attach("A"), Context())
    assert len(boxes(later)) == 1
    assert later.all()[0]["ActionAfterCompletion"] == "DELETE"
    later.come(handler)
    assert len(sent()) == 2
    subject, text = sent()[-1]
    assert subject == "[high] 4 more alerts since 12:00 UTC"
    assert text.count("policyArn=arn:aws:iam::aws:policy/A") == 4
    later.come(handler)
    assert len(sent()) == 2


def test_a_thousand_resources_make_ten_alerts_and_one_and_the_last_is_in_it(
    handler: Reaction[Any], later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        handler(attach("A", f"role-{n}"), Context())
    handler(attach("AdministratorAccess", "prod"), Context())
    assert len(sent()) == windows.OF_A_SERIES == 10
    assert len(boxes(later)) == 1
    later.come(handler)
    assert len(sent()) == 11
    subject, text = sent()[-1]
    assert subject.startswith("[high] 31 more alerts")
    assert "roleName=prod, policyArn=arn:aws:iam::aws:policy/AdministratorAccess" in text
    assert all(f"roleName=role-{n}," in text for n in range(10, 40))
    # 1,001 lines of this kind fit into a message of SNS.
    assert len(text) / 31 * 1001 < 250_000


def test_many_callers_do_not_make_many_mails_either(
    handler: Reaction[Any], later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "OF_ALL", 6)
    for n in range(14):
        for _ in range(2):
            handler(attach("A", who=user(f"made-{n}")), Context())
    assert len(sent()) == 6
    number = len(boxes(later))
    assert number <= 7
    later.come(handler)
    assert len(sent()) == 6 + number
    assert "".join(text for _, text in sent()[6:]).count("(e-") == 22


def test_names_of_federated_users_make_no_callers(handler: Reaction[Any]) -> None:
    for n in range(30):
        who = {
            "type": "FederatedUser",
            "arn": f"arn:aws:sts::123456789012:federated-user/n{n}",
            "sessionContext": {
                "sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/eve"}
            },
        }
        handler(attach("A", f"role-{n}", who=who), Context())
    assert len(sent()) == 10


def test_ten_copies_of_an_event_are_one(handler: Reaction[Any], later: Later) -> None:
    first, second = attach("A"), attach("A")
    for _ in range(10):
        handler(first, Context())
        handler(second, Context())
    later.come(handler)
    assert [subject for subject, _ in sent()] == [
        "[high] a policy was attached (123456789012)",
        "[high] 1 more alert since 12:00 UTC",
    ]


def test_a_run_that_dies_on_the_way_hides_nothing(handler: Reaction[Any], later: Later) -> None:
    handler(attach("A"), Context())
    with stopping(None) as calls:
        handler(attach("A"), Context())
    for step, before in itertools.product(range(len(calls)), (True, False)):
        event = attach("A")
        with stopping(step, before=before), pytest.raises(Killed):
            handler(event, Context())
        let_go()
        handler(event, Context())
        later.come(handler)
        told = "".join(text for _, text in sent())
        assert event["detail"]["eventID"] in told, (step, before)


def test_without_schedules_each_event_makes_an_alert(
    react: React, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    later.prepare(monkeypatch, "notify")
    monkeypatch.delenv("REACTION_SCHEDULE_ROLE")
    handler = react(notify, "notify")
    assert [handler(attach("A"), Context())["alerts"] for _ in range(3)] == [1, 1, 1]


def test_a_digest_that_fails_is_told_by_the_next_try(handler: Reaction[Any], later: Later) -> None:
    for _ in range(3):
        handler(attach("A"), Context())
    begun = json.loads(later.all()[0]["Target"]["Input"])
    with (
        watched({"Publish": ["InternalError"]}),
        pytest.raises(Exception, match="send the alert"),
    ):
        handler(begun, Context(left=5.5))
    handler(begun, Context())
    handler(begun, Context())
    assert len(sent()) == 2
