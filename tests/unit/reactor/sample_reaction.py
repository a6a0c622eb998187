"""A reaction to try the executor with: it puts a text into parameters, and alerts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore import client as botocore_client
from botocore.exceptions import ClientError
from moto.sns.models import sns_backends
from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.event import Event
from reactor.reaction import Reaction, Step
from reactor.settings import Deployment

from tests.unit.reactor.world import ACCOUNT, REGION, TOPIC, envelope, launch

BaseClient: Any = botocore_client.BaseClient
TABLE = "ledger"
SWITCH = "/reactor/mode"


@dataclass(frozen=True)
class Settings:
    """What the reaction of these tests does: puts a text into a parameter each."""

    parameters: tuple[str, ...] = ("/a",)
    tag: str = ""


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """A parameter that holds the text already needs nothing."""
    steps: list[Step] = []
    for name in settings.parameters:
        answer = aws.read("ssm", "get_parameter", {"Name": name}, none_on=("ParameterNotFound",))
        before = answer and answer["Parameter"]["Value"]
        if before == event.id:
            continue
        call = {"Name": name, "Value": event.id, "Type": "String", "Overwrite": True}
        steps.append(
            Action(
                "ssm",
                "put_parameter",
                call,
                (name,),
                summary=f"set {name}",
                done=f"set {name}",
                undo=Undo("ssm", "delete_parameter", {"Name": name}),
                before={"Value": before},
                after={"Value": event.id},
                tags={name: {"exempt": "yes"} if settings.tag else {}},
            )
        )
    return [*steps, Alert("high", "it happened", "alice did it")]


_NUMBERS = itertools.count()  # a service of its own: Powertools keeps a logger for each
Call = tuple[str, dict[str, Any]]
Make = Callable[..., Reaction[Settings]]


@pytest.fixture
def make(aws: None, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes the reaction anew, of settings and environment. Ledger, switch and bus are there."""
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    boto3.client("ssm").put_parameter(Name=SWITCH, Value="enforce", Type="String")
    boto3.client("events").create_event_bus(Name="audit")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "engine")

    def made(settings: Any = None, **environment: str) -> Reaction[Settings]:
        base = {
            "ALERT_TOPIC_ARN": TOPIC,
            "POWERTOOLS_SERVICE_NAME": f"engine-{next(_NUMBERS)}",
            "REACTION_LEDGER_TABLE": TABLE,
            "REACTION_MODE": "enforce",
            "REACTION_SETTINGS": json.dumps(settings or {}),
        }
        for name in Deployment.__dataclass_fields__:
            monkeypatch.delenv(f"REACTION_{name.upper()}", raising=False)
        for name, value in {**base, **environment}.items():
            monkeypatch.setenv(name, value)
        calls = {"ec2.amazonaws.com": {"RunInstances"}}
        return Reaction("engine", plan, Settings, calls)

    return made


@contextmanager
def watched(failing: dict[str, list[str]] | None = None) -> Iterator[list[Call]]:
    """All writing calls that are made, in order; `failing` has the codes to answer with.

    By operation, or by operation and the Name that it is about.
    """
    original, left = BaseClient._make_api_call, dict(failing or {})
    calls: list[Call] = []

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        codes = left.get(f"{operation} {parameters.get('Name')}") or left.get(operation)
        if codes:
            code = codes[0] if len(codes) == 1 else codes.pop(0)
            if code:
                raise ClientError({"Error": {"Code": code, "Message": "told"}}, operation)
        calls.append((operation, parameters))
        return original(self, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", call):
        yield calls


def names(calls: list[Call]) -> list[str]:
    """What was done to the world; the ledger's own calls left out."""
    return [name for name, _ in calls if name in ("PutParameter", "Publish", "PutEvents")]


def event(id_: str = "e-1", identity: dict[str, Any] | None = None, **more: Any) -> Any:
    """The event that the reaction is for: a launch by alice, unless another identity is given."""
    return envelope(launch(["i-1"], identity=identity, eventID=id_, **more))


def sent() -> list[tuple[str, str]]:
    """Subject and text of the alerts on the topic."""
    found = sns_backends[ACCOUNT][REGION].topics[TOPIC].sent_notifications
    return [(str(each[2]), each[1]) for each in found]
