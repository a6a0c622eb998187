"""Accounts and Regions side by side, and events on their one hop between buses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.localaws.conftest import ACCOUNT, OwnAws, allow, policy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

OTHER = "444455556666"
HOME, AWAY = "us-east-1", "eu-west-1"
CREATED = {"source": ["aws.sqs"], "detail": {"eventName": ["CreateQueue"]}}
EVENTS = "events.amazonaws.com"


def bus(account: str, region: str) -> str:
    return f"arn:aws:events:{region}:{account}:event-bus/default"


def forward(own: OwnAws, account: str, region: str, to: str, pattern: dict[str, Any]) -> None:
    """A rule that sends matching events on to another bus, with a role that may."""
    name = f"forwards-{to.split(':')[3]}-{to.split(':')[4]}"
    role = own.role(name, EVENTS, allow(None, "events:PutEvents", to), account=account)
    own.rule(name, to, pattern, account, region, TargetRole=role)


def names(events: list[Any]) -> list[str]:
    return sorted(e["detail"]["requestParameters"]["queueName"] for e in events)


def test_calls_stay_in_their_account_and_region(own: OwnAws) -> None:
    places = [(a, r) for a in (ACCOUNT, OTHER) for r in (HOME, AWAY)]
    own.trail(ACCOUNT)
    own.trail(OTHER)
    queues = {place: own.queue("seen", *place) for place in places}
    for place, queue in queues.items():
        own.rule("created", queue, CREATED, *place)

    for account, region in places:
        name = f"made-{account}-{region}"
        own.client("sqs", account, region).create_queue(QueueName=name)

    for (account, region), queue in queues.items():
        events = own.received(queue)
        assert names(events) == [f"made-{account}-{region}"]
        assert (events[0]["account"], events[0]["region"]) == (account, region)
        assert events[0]["detail"]["recipientAccountId"] == account
        assert events[0]["detail"]["awsRegion"] == region


def test_a_trail_of_one_account_and_region_covers_no_other(own: OwnAws) -> None:
    name = own.trail(ACCOUNT)
    own.client("cloudtrail").update_trail(Name=name, IsMultiRegionTrail=False)
    for account, region in ((ACCOUNT, HOME), (ACCOUNT, AWAY), (OTHER, HOME)):
        queue = own.queue("seen", account, region)
        own.rule("created", queue, CREATED, account, region)
        own.client("sqs", account, region).create_queue(QueueName="made")
        expected = ["made"] if (account, region) == (ACCOUNT, HOME) else []
        assert names(own.received(queue)) == expected


def test_iam_calls_arrive_in_the_home_region_whichever_was_called(own: OwnAws) -> None:
    own.trail()
    pattern = {"source": ["aws.iam"], "detail": {"eventName": ["CreateUser"]}}
    home, away = own.queue("seen"), own.queue("seen", region=AWAY)
    own.rule("users", home, pattern)
    own.rule("users", away, pattern, region=AWAY)
    own.client("iam", region=AWAY).create_user(UserName="alice")
    assert [e["region"] for e in own.received(home)] == [HOME]
    assert own.received(away) == []


def test_another_region_s_events_come_home_in_one_hop(own: OwnAws) -> None:
    own.trail()
    queue = own.queue("seen")
    own.rule("created", queue, CREATED)
    forward(own, ACCOUNT, AWAY, bus(ACCOUNT, HOME), CREATED)

    own.client("sqs", region=AWAY).create_queue(QueueName="far")

    (event,) = own.received(queue)
    assert (event["account"], event["region"], event["source"]) == (ACCOUNT, AWAY, "aws.sqs")


def test_another_account_s_events_need_the_bus_s_leave(own: OwnAws) -> None:
    own.trail(OTHER)
    queue = own.queue("seen")
    own.rule("created", queue, CREATED)
    forward(own, OTHER, HOME, bus(ACCOUNT, HOME), CREATED)

    own.client("sqs", OTHER).create_queue(QueueName="first")
    assert own.received(queue) == []
    refused = [s for s in own.steps("router") if s["step"] == "refused"]
    assert [s["account"] for s in refused] == [OTHER]

    own.client("events").put_permission(
        Policy=policy(
            allow({"AWS": f"arn:aws:iam::{OTHER}:root"}, "events:PutEvents", bus(ACCOUNT, HOME))
            | {"Sid": "spokes"}
        )
    )
    own.client("sqs", OTHER).create_queue(QueueName="second")
    (event,) = own.received(queue)
    assert names([event]) == ["second"]
    assert event["account"] == OTHER


def test_an_event_is_sent_on_only_once(own: OwnAws) -> None:
    """Spoke Region -> home Region -> another account: the second hop is not made."""
    own.trail()
    queue, beyond = own.queue("seen"), own.queue("beyond", OTHER)
    own.rule("created", queue, CREATED)
    own.rule("created", beyond, CREATED, OTHER)
    own.client("events", OTHER).put_permission(
        StatementId="hub", Action="events:PutEvents", Principal=ACCOUNT
    )
    forward(own, ACCOUNT, AWAY, bus(ACCOUNT, HOME), CREATED)
    forward(own, ACCOUNT, HOME, bus(OTHER, HOME), CREATED)

    own.client("sqs", region=AWAY).create_queue(QueueName="far")
    assert names(own.received(queue)) == ["far"]
    assert own.received(beyond) == []
    own.client("sqs").create_queue(QueueName="near")
    assert names(own.received(beyond)) == ["near"]


def test_reset_forgets_every_account_and_region(own: OwnAws) -> None:
    for account in (ACCOUNT, OTHER):
        own.trail(account)
        own.queue("left", account, AWAY)
    own.aws.reset()
    for account in (ACCOUNT, OTHER):
        assert own.client("sqs", account, AWAY).list_queues().get("QueueUrls", []) == []
        assert own.client("cloudtrail", account).describe_trails()["trailList"] == []
        history = own.client("cloudtrail", account, AWAY).lookup_events()["Events"]
        assert [e["EventName"] for e in history if e["EventName"] == "CreateQueue"] == []
