"""The smallest estate and the whole one: applied, each seen to do what it is for, destroyed."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.e2e.logged import emit, heard
from tests.e2e.reactions.world import allow
from tests.e2e.test_forwarding import AWAY, HOME, login
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import Credentials
from tests.harness.mail import Listener

pytestmark = pytest.mark.e2e

MAY = allow("cloudtrail:*", "sts:AssumeRole")


@pytest.fixture(scope="module")
def stacks(apply: Applier) -> dict[str, Future[Stack]]:
    """Both, begun side by side; of the catalogue what is critical, for the time it takes."""
    return {
        "complete": apply.start(
            Path("examples/complete"), {"min_severity": "critical", "force_destroy": True}, HOME
        ),
        "minimal": apply.start(Path("examples/minimal"), {"force_destroy": True}),
    }


def user(stack: Stack) -> Credentials:
    """A user who may do everything to trails, and be whom she may."""
    iam = stack.client("iam")
    iam.create_user(UserName="ana")
    iam.put_user_policy(UserName="ana", PolicyName="trails", PolicyDocument=MAY)
    return Credentials.of(iam.create_access_key(UserName="ana"))


def pipeline(stack: Stack, who: Credentials) -> Credentials:
    """A role of the path /platform/, as the user has it."""
    iam = stack.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{stack.account}:user/ana"}}
    role = iam.create_role(
        RoleName="pipeline",
        Path="/platform/",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]}
        ),
    )["Role"]
    iam.put_role_policy(RoleName="pipeline", PolicyName="trails", PolicyDocument=MAY)
    sts = stack.client("sts", who)
    return Credentials.of(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="run-7"))


def logged(stack: Stack, reaction: str) -> list[str]:
    """What a reaction's function wrote."""
    group = stack.outputs["reactions"][reaction]["log_group_name"]
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


# ---- minimal


def test_minimal_tells_people_that_the_trail_was_stopped(stacks: dict[str, Future[Stack]]) -> None:
    stack = stacks["minimal"].result()
    assert stack.changes() == {}
    topic = stack.outputs["alert_topic_arn"]
    listener = Listener(stack.client("sqs"), stack.client("sns"), topic)
    trails = stack.client("cloudtrail", user(stack))
    assert stack.aws.drain()
    listener.heard()
    trails.stop_logging(Name="minimal")
    assert stack.aws.drain()
    [(_, text)] = listener.heard()
    assert f"arn:aws:iam::{stack.account}:user/ana" in text
    assert "StopLogging" in text


# ---- complete


@pytest.fixture(scope="module")
def complete(stacks: dict[str, Future[Stack]]) -> Stack:
    return stacks["complete"].result()


def test_a_second_plan_of_complete_is_empty(complete: Stack) -> None:
    assert complete.changes() == {}


def test_complete_brings_a_sign_in_of_root_home(complete: Stack) -> None:
    """From the other Region, by the notify function, to people; once."""
    heard(complete, complete.outputs["audit_queue_url"])
    (emitted,) = emit(complete, login(complete.account))
    assert (emitted["region"], emitted["routed"]) == (AWAY, True)
    (text,) = heard(complete, complete.outputs["audit_queue_url"])
    assert "signed in" in text
    assert "root" in text.lower()


def test_complete_excludes_the_pipeline_and_guards_in_dry_run(complete: Stack) -> None:
    """The pipeline may change the trail. That it narrows it is told, and not undone."""
    audit = complete.outputs["audit_queue_url"]
    run = complete.client("cloudtrail", pipeline(complete, user(complete)))
    assert complete.aws.drain()
    heard(complete, audit)
    run.update_trail(Name="estate", IsMultiRegionTrail=True)
    assert complete.aws.drain()
    assert heard(complete, audit) == []
    assert any("the platform's pipeline applies" in line for line in logged(complete, "notify"))

    run.update_trail(Name="estate", EnableLogFileValidation=False)
    assert complete.aws.drain()
    [text] = heard(complete, audit)
    assert text.startswith("run-7 (role pipeline) narrowed a trail with UpdateTrail")
    assert any("action planned" in line for line in logged(complete, "trails"))
    found = complete.client("cloudtrail").get_trail(Name="estate")["Trail"]
    assert found["LogFileValidationEnabled"] is False
