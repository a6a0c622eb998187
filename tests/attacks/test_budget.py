"""Somebody who makes many calls so that the guard's budget is spent before the one that counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from reactor.actions import Action, Alert
from reactor.aws import Aws
from reactor.event import Event
from reactor.reaction import Reaction, Step
from reactor.reactions import ec2_launch_guard, trail_guard
from reactor.testing import role_session, user

from tests.attacks.conftest import LATER, Later
from tests.unit.reactor.sample_reaction import Settings, event, sent, watched
from tests.unit.reactor.world import Context, envelope, launch, record

if TYPE_CHECKING:
    from reactor.actions import Urgency

pytestmark = pytest.mark.unit

Make = Callable[..., Reaction[Any]]
React = Callable[..., Reaction[Any]]
EVE = user("eve")


@pytest.fixture
def launches(later: Later, react: React, monkeypatch: pytest.MonkeyPatch) -> Reaction[Any]:
    """ec2-launch-guard as a user has it who stops large instances, with few actions an hour."""
    later.prepare(monkeypatch, "ec2-launch-guard")
    monkeypatch.setenv("REACTION_BUDGET", "4")
    monkeypatch.setenv("REACTION_PRINCIPAL_BUDGET", "4")
    return react(ec2_launch_guard, alert_instance_types=["p4d.*"], stop_flagged=True)


def states() -> list[str]:
    pages = boto3.client("ec2").get_paginator("describe_instances").paginate()
    found = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    return [each["State"]["Name"] for each in found]


def tagged() -> int:
    return len({each["ResourceId"] for each in boto3.client("ec2").describe_tags()["Tags"]})


def launched(ids: list[str], id_: str) -> dict[str, Any]:
    return envelope(launch(ids, "p4d.24xlarge", EVE, eventID=id_))


def test_many_launches_are_stopped_before_they_are_tagged(
    launches: Reaction[Any], later: Later, run_instances: Callable[..., list[str]]
) -> None:
    for n in range(6):
        ids = run_instances(InstanceType="p4d.24xlarge")
        launches(launched(ids, f"e-{n}"), Context())
    # Tags took half of the hour's four at most, the rest went to what stops.
    assert states().count("stopped") == 3
    for _ in range(3):
        later.come(launches)
    assert states().count("stopped") == 6


def test_one_call_that_is_larger_than_the_budget_is_stopped_in_part_and_then_whole(
    launches: Reaction[Any], later: Later, run_instances: Callable[..., list[str]]
) -> None:
    ids = run_instances(8, InstanceType="p4d.24xlarge")
    answer = launches(launched(ids, "e-1"), Context())
    assert states().count("stopped") == 4
    assert answer["alerts"] == 2  # of the launch, and of the budget
    subject, text = next(each for each in sent() if "spent" in each[0])
    assert subject == "[high] ec2-launch-guard spent its budget and only notifies"
    assert "it takes up what it held back, by the state of then" in text
    boto3.client("ec2").terminate_instances(InstanceIds=ids[-2:])  # meanwhile somebody did
    seen = [states().count("stopped")]
    for _ in range(9):
        later.come(launches)
        seen.append(states().count("stopped"))
    assert seen[:3] == [4, 6, 6]
    assert later.all() == []
    assert tagged() == 6 * 2  # with their volumes
    # Of the launch it was said what is held back, and in the end that all of it is done.
    first, last = (text.splitlines()[0] for subject, text in sent() if "launched" in subject)
    assert "and would stop 4 of 8 instances" in first
    assert "taken up after" in first
    assert "taken up after" not in last


def test_ten_copies_of_what_was_held_back_do_it_once(
    launches: Reaction[Any], later: Later, run_instances: Callable[..., list[str]]
) -> None:
    ids = run_instances(6, InstanceType="p4d.24xlarge")
    for _ in range(10):
        launches(launched(ids, "e-1"), Context())
    assert len(later.all()) == 1
    with watched() as calls:
        later.come(launches)
        for _ in range(10):
            launches(launched(ids, "e-1"), Context())
    stopped = [id_ for name, p in calls if name == "StopInstances" for id_ in p["InstanceIds"]]
    assert len(stopped) == len(set(stopped)) == 2


def test_a_trail_is_started_as_often_as_it_is_stopped(
    later: Later, react: React, monkeypatch: pytest.MonkeyPatch
) -> None:
    later.prepare(monkeypatch, "trail-guard")
    monkeypatch.setenv("REACTION_BUDGET", "3")
    boto3.client("s3").create_bucket(
        Bucket="trail-logs-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    trail = boto3.client("cloudtrail")
    trail.create_trail(Name="main", S3BucketName="trail-logs-1", IsMultiRegionTrail=True)
    guard = react(trail_guard, validation=None, global_events=None)
    for n in range(12):
        trail.stop_logging(Name="main")
        detail = record(
            eventSource="cloudtrail.amazonaws.com",
            eventName="StopLogging",
            eventID=f"e-{n}",
            requestParameters={"name": "main"},
        )
        guard(envelope(detail, source="aws.cloudtrail"), Context())
        assert trail.get_trail_status(Name="main")["IsLogging"], n


def test_one_principal_cannot_spend_everybodys_budget(make: Make, later: Later) -> None:
    reaction = make(REACTION_BUDGET="6", **LATER)
    later.client.create_schedule_group(Name="engine")
    # By many sessions of one role, and by names that he chooses for them.
    eves = [
        reaction(event(f"eve-{n}", role_session("app", f"eve-{n}")), Context()) for n in range(9)
    ]
    assert [answer["taken"] for answer in eves] == [1, 1, 1] + [0] * 6
    mallory = {
        "type": "FederatedUser",
        "arn": "arn:aws:sts::123456789012:federated-user/alice",
        "sessionContext": {
            "sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/eve"}
        },
    }
    federated = [
        reaction(event(f"fed-{n}", {**mallory, "arn": f"{mallory['arn']}-{n}"}), Context())
        for n in range(4)
    ]
    assert sum(answer["taken"] for answer in federated) <= 3
    subjects = [subject for subject, _ in sent()]
    assert sum("spent its budget" in subject for subject in subjects) == 2
    held = len(later.all())
    assert held == 6 + 4 - sum(answer["taken"] for answer in federated)


def test_another_principal_still_has_the_rest(make: Make, later: Later) -> None:
    reaction = make(REACTION_BUDGET="6", **LATER)
    later.client.create_schedule_group(Name="engine")
    for n in range(9):
        reaction(event(f"eve-{n}", EVE), Context())
    assert reaction(event("e-1"), Context())["taken"] == 1
    answers = later.come(reaction)
    assert sum(answer["taken"] for answer in answers) == 3
    assert len(later.all()) == 3  # and so on, hour by hour


def test_what_was_held_back_is_planned_by_the_state_of_then(make: Make, later: Later) -> None:
    reaction = make({"parameters": ["/a", "/b"]}, REACTION_BUDGET="2", **LATER)
    later.client.create_schedule_group(Name="engine")
    reaction(event("e-1"), Context())
    boto3.client("ssm").put_parameter(Name="/b", Value="e-1", Type="String", Overwrite=True)
    with watched() as calls:
        (answer,) = later.come(reaction)
    assert (answer["taken"], [n for n, _ in calls if n == "PutParameter"]) == (0, [])
    assert later.all() == []


def test_what_was_held_back_is_not_too_old_for_that(
    make: Make, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaction = make({"parameters": ["/a", "/b"]}, REACTION_BUDGET="1", **LATER)
    later.client.create_schedule_group(Name="engine")
    reaction(event("e-1"), Context())
    monkeypatch.setattr("reactor.reaction._stale", lambda *_: "the event is 25 hours old")
    answers = later.come(reaction)
    assert [answer["refused"] for answer in answers] == [0]


def test_an_event_that_the_ledger_lost_is_loud(make: Make, later: Later) -> None:
    reaction = make(REACTION_BUDGET="1", **LATER)
    with pytest.raises(Exception, match="the ledger has it no more"):
        reaction({"cloudtrail-reactor": {"held": "e-9"}}, Context())


@pytest.mark.parametrize("failing", ["CreateSchedule", "PutItem"])
def test_what_cannot_be_kept_is_not_lost(failing: str, make: Make, later: Later) -> None:
    reaction = make({"parameters": ["/a", "/b"]}, REACTION_BUDGET="1", **LATER)
    later.client.create_schedule_group(Name="engine")
    with watched({failing: ["AccessDeniedException"]}), pytest.raises(Exception, match="failed"):
        reaction(event("e-1"), Context(left=5.5))  # Lambda tries again, then keeps the event
    assert later.all() == []


def test_labels_come_last_whatever_the_plan_says(make: Make) -> None:
    make()
    order: list[str] = []
    urgencies: dict[str, Urgency | None] = {
        "add_tags_to_resource": None,
        "put_parameter": None,
        "label_parameter_version": "label",
        "delete_parameter": "record",
        "remove_tags_from_resource": "contain",
    }

    def plan(event: Event, settings: Settings, aws: Aws, /) -> list[Step]:
        del event, settings, aws
        return [
            *(
                Action("ssm", operation, {}, (operation,), operation, operation, urgency=urgency)
                for operation, urgency in urgencies.items()
            ),
            Alert("low", "s", "h"),
        ]

    class Noted(Aws):
        def client(self, service: str, region: str | None = None) -> Any:
            class Client:
                def __getattr__(self, name: str) -> Any:
                    order.append(name)
                    return lambda **_: {}

            return Client() if service == "ssm" else super().client(service, region)

    calls = {"ec2.amazonaws.com": {"RunInstances"}}
    reaction = Reaction("engine", plan, Settings, calls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reactor.reaction.Aws", Noted)
        reaction(event(), Context())
    assert order == [
        "delete_parameter", "put_parameter", "remove_tags_from_resource",
        "add_tags_to_resource", "label_parameter_version",
    ]  # fmt: skip
