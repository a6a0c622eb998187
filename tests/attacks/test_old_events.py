"""Somebody who hands over an event late, made up or cut: told, and not acted on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from reactor.actions import Action, Alert
from reactor.aws import Aws
from reactor.event import Event
from reactor.reaction import Reaction
from reactor.reactions import iam_role_guard, notify, trail_guard

from tests.attacks.test_iam_role_guard import ALL, call, inline, make_role
from tests.unit.reactor.world import TOPIC, Context, envelope, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[Any]]
Sent = Callable[[], list[tuple[str, str]]]
CUT = {"omitted": True, "originalSize": 181_326}
DAY = "86400"


def aged(
    monkeypatch: pytest.MonkeyPatch, hours: float, limit: str = DAY, group: str = "sg-1"
) -> dict[str, Any]:
    """What a handler that tags a group answers to an event of that age."""

    def plan(event: Event, settings: object, aws: Aws) -> list[Action | Alert]:
        del event, settings, aws
        call = {"Resources": [group], "Tags": [{"Key": "a", "Value": "b"}]}
        return [Action("ec2", "create_tags", call, (group,), f"tag {group}", f"tagged {group}")]

    monkeypatch.setenv("REACTION_MODE", "enforce")
    monkeypatch.setenv("ALERT_TOPIC_ARN", TOPIC)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "aged")
    monkeypatch.setenv("REACTION_ACT_WITHIN_SECONDS", limit)
    time = datetime.now(UTC) - timedelta(hours=hours)
    event = envelope(record(eventTime=f"{time:%Y-%m-%dT%H:%M:%SZ}"))
    calls = {"ec2.amazonaws.com": ["RunInstances"]}
    return Reaction("aged", plan, iam_role_guard.Settings, calls)(event, Context())


@pytest.mark.parametrize("hours", [25, 24 * 365, -1, -24 * 365])
def test_an_event_that_is_not_of_today_is_told_and_not_acted_on(
    hours: float, aws: None, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = aged(monkeypatch, hours)
    assert (answer["taken"], answer["refused"], answer["alerts"]) == (0, 1, 1)
    ((_, text),) = sent()
    assert "refused to tag sg-1 (the event is " in text
    assert ("in the future" if hours < 0 else "hours old, and the limit is 86400 s") in text


def test_a_fresh_event_and_an_old_one_without_a_limit_are_acted_on(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = boto3.client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    assert aged(monkeypatch, 23, group=group)["taken"] == 1
    assert aged(monkeypatch, 24 * 365, limit="", group=group)["taken"] == 1


def test_an_alert_of_an_old_event_still_leaves(
    react: React, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTION_ACT_WITHIN_SECONDS", DAY)
    assert react(notify)(call("CreateRole", roleName="app"), Context())["alerts"] == 1


# ---- roles


def test_a_role_that_was_made_anew_is_told_and_not_contained(
    react: React, aws: None, sent: Sent
) -> None:
    make_role()
    boto3.client("iam").put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    event = call("PutRolePolicy", roleName="app")
    event["detail"]["eventTime"] = "2025-11-20T12:00:00Z"
    answer = react(iam_role_guard)(event, Context())
    assert (answer["planned"], answer["alerts"]) == (0, 1)
    assert "the role was made anew since" in sent()[0][1]


def test_a_role_with_another_id_than_the_created_one(react: React, aws: None) -> None:
    make_role()
    boto3.client("iam").put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    event = call("CreateRole", roleName="app")
    event["detail"]["responseElements"] = {"role": {"roleName": "app", "roleId": "AROAGONE"}}
    assert react(iam_role_guard)(event, Context())["planned"] == 0


def test_tags_that_the_maker_of_a_role_set_exempt_nothing(
    react: React, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTION_EXEMPTIONS", json.dumps({"tags": {"ok=yes": "2999-12-31"}}))
    make_role(Tags=[{"Key": "ok", "Value": "yes"}])
    boto3.client("iam").put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    assert react(iam_role_guard)(call("CreateRole", roleName="app"), Context())["taken"] == 1
    assert inline(iam_role_guard.QUARANTINE) == iam_role_guard.DENY_ALL


# ---- cut events


@pytest.mark.parametrize(
    ("module", "event_name", "source"),
    [
        (iam_role_guard, "PutRolePolicy", "iam"),
        (trail_guard, "PutEventSelectors", "cloudtrail"),
        (notify, "AuthorizeSecurityGroupIngress", "ec2"),
    ],
)
def test_a_cut_event_that_nothing_can_be_done_about_is_told(
    module: Any, event_name: str, source: str, react: React, sent: Sent
) -> None:
    detail = record(
        eventSource=f"{source}.amazonaws.com",
        eventName=event_name,
        requestParameters=CUT,
        responseElements=CUT,
    )
    settings = {"detection": "sg-open"} if module is notify else {}
    answer = react(module, **settings)(envelope(detail), Context())
    assert answer["alerts"] == 1
    ((subject, text),) = sent()
    assert subject.startswith(f"[high] {module.handler.name} can't read all of {event_name}")
    assert "CloudTrail left out a part as too large" in text


def test_a_cut_created_role_is_found_in_the_answer(react: React, aws: None) -> None:
    make_role()
    boto3.client("iam").put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    event = call("CreateRole")
    event["detail"]["requestParameters"] = CUT
    event["detail"]["responseElements"] = {"role": {"roleName": "app"}}
    assert react(iam_role_guard)(event, Context())["taken"] == 1
