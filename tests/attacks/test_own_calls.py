"""Somebody who wants to pass as the reaction itself: its calls are left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor.event import read_event
from reactor.own_calls import may_be_own
from reactor.reaction import Reaction
from reactor.settings import Deployment
from reactor.testing import role_session

from tests.unit.reactor.sample_reaction import Settings, event, plan, watched
from tests.unit.reactor.world import ACCOUNT, Context

pytestmark = pytest.mark.unit

Make = Callable[..., Reaction[Any]]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reactions/engine-eu-west-1"
OTHER = "210987654321"
OWN = role_session("engine-eu-west-1", "engine", path="/reactions/")


def scoped(function: str) -> dict[str, Any]:
    """The session of Lambda's as CloudTrail tells it where it tells the function."""
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{function}"
    return {**OWN, "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": arn}}


def test_what_the_reaction_did_is_its_own_and_nothing_else_under_its_name(make: Make) -> None:
    reaction = make(REACTION_ROLE=ROLE)
    with watched() as calls:
        reaction(event("e-1"), Context())
    assert [name for name, _ in calls].count("PutParameter") == 1
    notes = boto3.client("dynamodb").scan(TableName="ledger")["Items"]
    (request,) = [i["id"]["S"].rpartition("#")[2] for i in notes if i["id"]["S"][:5] == "call#"]
    own = reaction(event("e-2", OWN, requestID=request), Context())
    assert (own["handled"], own.get("why")) == (False, "its own call")
    # Whoever has the role, under the function's name even, has not the reaction's request.
    assert reaction(event("e-3", OWN), Context())["handled"] is True
    assert reaction(event("e-4", OWN, requestID=""), Context())["handled"] is True


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (OWN, True),
        (scoped("engine"), True),
        # The role was given to a function of the attacker's, or assumed by him.
        (role_session("engine-eu-west-1", "evil", path="/reactions/"), False),
        (role_session("engine-eu-west-1", "engine", path="/other/"), False),
        (role_session("engine-eu-west-1", "engine", path="/reactions/", account=OTHER), False),
        (scoped("evil"), False),
        (scoped("my:function:engine-2"), False),
    ],
)
def test_who_may_be_the_reaction(
    who: dict[str, Any], may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "engine")
    deployment = Deployment("engine", "enforce", "", "{}", role_arn=ROLE)
    assert may_be_own(read_event(event(identity=who)), deployment) is may


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (role_session("member", "engine", path="/security/", account=OTHER), True),
        (role_session("member", "engine", path="/team/", account=OTHER), False),
        (role_session("member", "engine", path="/security/"), False),  # of the hub, not of there
        (role_session("member", "another", path="/security/", account=OTHER), False),
    ],
)
def test_who_may_be_the_reaction_elsewhere(
    who: dict[str, Any], may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "engine")
    deployment = Deployment("engine", "enforce", "", "{}", member_role="security/member")
    there = event(identity=who, recipientAccountId=OTHER)
    assert may_be_own(read_event(there), deployment) is may


def test_a_call_of_the_engine_itself_starts_nothing(make: Make) -> None:
    """Reads, and writes to its own table: nothing of them is in the ledger, and none may loop."""
    reaction = make(REACTION_ROLE=ROLE)
    read = event("e-1", OWN, readOnly=True)
    assert reaction(read, Context())["handled"] is False
    calls = {"dynamodb.amazonaws.com": {"PutItem"}}
    watcher = Reaction("engine", plan, Settings, calls)
    written = json.loads(
        json.dumps(
            event("e-2", OWN, eventSource="dynamodb.amazonaws.com", eventName="PutItem")
        ).replace('"aws.ec2"', '"aws.dynamodb"')
    )
    assert watcher(written, Context())["handled"] is False
    everything = Reaction("engine", plan, Settings, None)
    assert everything(event("e-3", OWN), Context())["handled"] is False
