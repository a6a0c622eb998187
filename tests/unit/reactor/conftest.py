"""A moto account, and a handler with its own configuration, logs and clients.

In the account it is always the time of the events.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import botocore.client
import pytest
from moto import mock_aws
from moto.sns.models import sns_backends
from reactor.reaction import Reaction
from reactor.reactions import ec2_launch_guard

from tests.unit.reactor.sample_reaction import make
from tests.unit.reactor.world import ACCOUNT, IMAGE, NOW, REGION, RESERVATIONS, TOPIC, fresh_session

__all__ = ["make"]

_NUMBERS = itertools.count()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in this process, with the alert topic."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("botocore.session.get_session", fresh_session)
    for module in ("ec2.models.instances", "ec2.models.elastic_block_store", "iam.models"):
        monkeypatch.setattr(f"moto.{module}.utcnow", lambda: NOW)
    with mock_aws():
        boto3.client("sns").create_topic(Name="alerts")
        yield


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reaction[Any]]:
    """Makes a fresh ec2-launch-guard, as a cold start would, with the environment given."""

    def fresh(mode: str | None = "enforce", settings: str = "{}", topic: str = TOPIC) -> Any:
        # A service of its own: Powertools keeps a logger and its stream for each.
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"guard-{next(_NUMBERS)}")
        monkeypatch.setenv("REACTION_NAME", "ec2-launch-guard")
        monkeypatch.setenv("REACTION_SETTINGS", settings)
        monkeypatch.setenv("ALERT_TOPIC_ARN", topic)
        monkeypatch.delenv("REACTION_MODE", raising=False)
        if mode is not None:
            monkeypatch.setenv("REACTION_MODE", mode)
        made = ec2_launch_guard.handler
        return Reaction(made.name, made.plan, made.settings, made.calls)

    return fresh


@pytest.fixture
def run_instances(aws: None) -> Callable[..., list[str]]:
    """Starts instances in the account and returns their ids."""

    def run(count: int = 1, **parameters: Any) -> list[str]:
        answer = boto3.client("ec2").run_instances(
            **{
                "ImageId": IMAGE,
                "InstanceType": "t3.micro",
                "MinCount": count,
                "MaxCount": count,
                **parameters,
            }
        )
        ids = [instance["InstanceId"] for instance in answer["Instances"]]
        RESERVATIONS.update(dict.fromkeys(ids, answer["ReservationId"]))
        return ids

    return run


@pytest.fixture
def react(aws: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reaction[Any]]:
    """Makes a fresh copy of a reaction, as a cold start would: its module, mode and settings."""

    def fresh(module: ModuleType, mode: str = "enforce", **settings: Any) -> Reaction[Any]:
        made: Reaction[Any] = module.handler
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"{made.name}-{next(_NUMBERS)}")
        monkeypatch.setenv("REACTION_MODE", mode)
        monkeypatch.setenv("REACTION_SETTINGS", json.dumps(settings))
        monkeypatch.setenv("ALERT_TOPIC_ARN", TOPIC)
        return Reaction(made.name, made.plan, made.settings, made.calls)

    return fresh


@pytest.fixture
def sent(aws: None) -> Callable[[], list[tuple[str, str]]]:
    """Subject and text of every alert that was sent."""

    def told() -> list[tuple[str, str]]:
        topic = sns_backends[ACCOUNT][REGION].topics[TOPIC]
        return [(str(note[2]), note[1]) for note in topic.sent_notifications]

    return told


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The calls that changed something, alerts aside, in their order."""
    calls: list[tuple[str, dict[str, Any]]] = []
    client: Any = botocore.client.BaseClient
    original = client._make_api_call
    reading = ("Get", "List", "Describe", "Publish", "Head")

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if not operation.startswith(reading):
            calls.append((operation, parameters))
        return original(self, operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", call)
    return calls
