"""The attacked handlers run as in the reactor's own tests, in a moto account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor.reaction import Reaction

from tests.unit.reactor.conftest import aws, react, run_instances, sent, writes
from tests.unit.reactor.sample_reaction import TABLE, make
from tests.unit.reactor.world import ACCOUNT, Context

__all__ = ["aws", "make", "react", "run_instances", "sent", "writes"]

LATER = {
    "REACTION_FAILURE_QUEUE": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:engine-failures",
    "REACTION_SCHEDULE_ROLE": f"arn:aws:iam::{ACCOUNT}:role/engine-later",
}


@pytest.fixture
def later(aws: None, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Whatever the reactions start later: by a call, as if its time had come."""
    for name, value in LATER.items():
        monkeypatch.setenv(name, value)
    return Later()


class Later:
    """The schedules in the account, with a ledger and a group for each reaction."""

    def __init__(self) -> None:
        self.client = boto3.client("scheduler")

    def prepare(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        """A ledger, and groups, for reactions that `make` did not make."""
        monkeypatch.setenv("REACTION_LEDGER_TABLE", TABLE)
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", names[0])
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        for name in names:
            self.client.create_schedule_group(Name=name)

    def all(self) -> list[dict[str, Any]]:
        """The schedules that wait, the first due first."""
        found = self.client.list_schedules(MaxResults=100)["Schedules"]
        whole = [
            self.client.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
            for each in found
        ]
        return sorted(whole, key=lambda each: each["ScheduleExpression"])

    def come(self, reaction: Reaction[Any], *, hour: bool = True) -> list[dict[str, Any]]:
        """All that waits starts the reaction; `hour`: in the next hour. Returns its answers."""
        if hour:
            turn_hour()
        answers = []
        for schedule in self.all():
            self.client.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
            answers.append(reaction(json.loads(schedule["Target"]["Input"]), Context()))
        return answers


def turn_hour() -> None:
    """Budgets are of an hour: without its items, the next has begun."""
    dynamodb = boto3.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        if item["id"]["S"].startswith("budget#"):
            dynamodb.delete_item(TableName=TABLE, Key={"id": item["id"]})


Make = Callable[..., Reaction[Any]]
