"""Everything goes wrong at once, and with a reaction's own ledger nothing is done twice."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
from reactor.actions import Action, Undo
from reactor.aws import Aws
from reactor.event import Event
from reactor.patterns.envelope import envelope
from reactor.reaction import Reaction, Step

from tests.unit.reactor.reconciled import (
    BEGIN,
    HOUR,
    HUB,
    KilledError,
    World,
    a_world,
    traffic,
)
from tests.unit.reactor.test_reconcile import BLIND, DAYS_BEFORE, FORWARDED, PLACES, counted
from tests.unit.reactor.world import Context

pytestmark = pytest.mark.unit

ADDED = BEGIN + timedelta(minutes=30)
SETTLED = ADDED + timedelta(minutes=5)
LEDGER = "ledger"


@dataclass(frozen=True)
class Settings:
    """There are none."""


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """A version more of a parameter, whatever is there: only the ledger holds it back."""
    name = f"/{event.id}"
    call = {"Name": name, "Value": "-", "Type": "String", "Overwrite": True}
    undo = Undo("ssm", "delete_parameter", {"Name": name})
    return [Action("ssm", "put_parameter", call, (name,), summary="set", done="set", undo=undo)]


@pytest.fixture
def react(aws: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """The engine, with a ledger in DynamoDB, in the account and Region of the rules."""
    environment = {
        "AWS_REGION": HUB[1],
        "AWS_DEFAULT_REGION": HUB[1],
        "AWS_LAMBDA_FUNCTION_NAME": "guard",
        "POWERTOOLS_SERVICE_NAME": "reconciled",
        "REACTION_LEDGER_TABLE": LEDGER,
        "REACTION_MODE": "enforce",
        "REACTION_SETTINGS": "{}",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("dynamodb").create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    reaction = Reaction("guard", plan, Settings, None)
    context = Context(invoked_function_arn=f"arn:aws:lambda:{HUB[1]}:{HUB[0]}:function:guard")
    return lambda event: reaction(event, context)


def acted(events: set[str]) -> dict[str, int]:
    """How often the reaction acted on each event."""
    ssm = boto3.client("ssm")
    return {
        id_: ssm.get_parameter(Name=f"/{id_}")["Parameter"]["Version"] for id_ in sorted(events)
    }


def work_again(world: World, chance: random.Random) -> None:
    """Some messages come again, in any order."""
    again = chance.choices(PLACES, k=4)
    world.worker().work(
        [
            {
                "messageId": str(number),
                "body": json.dumps({"account": place[0], "region": place[1]}),
            }
            for number, place in enumerate(again)
        ]
    )


def test_killed_repeated_late_and_in_any_order_nothing_is_missed_and_nothing_done_twice(
    react: Callable[[Any], Any],
) -> None:
    chance = random.Random(17)
    world = a_world()
    world.rules(["users"], DAYS_BEFORE, forwarded=FORWARDED)
    # The second rule is added in the middle of the hour.
    world.rules(["users", "denied"], ADDED, forwarded=FORWARDED)
    made = traffic(world, PLACES, 12_000, seed=5, blind=BLIND, since={"denied": SETTLED})
    # Of the lost, every fourth comes by itself after it was told as missed: nearly a day late.
    belated = {each for each in made.lost if chance.random() < 0.25}
    written = BEGIN + 6 * HOUR

    def run() -> None:
        world.kill_at = len(world.calls) + chance.randrange(200)
        world.after = chance.random() < 0.5
        try:
            world.run()
            work_again(world, chance)
        except KilledError:
            pass
        world.kill_at = -1

    # The digests come late: of the first half hour, then of all but one place, then of all.
    for until, places in (
        (BEGIN + HOUR / 2, PLACES),
        (BEGIN + HOUR, PLACES[:-1]),
        (BEGIN + HOUR, PLACES),
    ):
        for place in places:
            world.proven(place, until)
        for _ in range(6):
            run()
        world.now += HOUR
    world.now = written
    for id_, name in belated:
        world.seen(name, made.events[id_], written, written=written)
    for _ in range(12):
        run()
    while True:  # as long as SQS gives the messages again
        before = json.dumps(world.tables["state"], default=str)
        assert world.run() == {"batchItemFailures": []}
        if json.dumps(world.tables["state"], default=str) == before:
            break

    got = world.handed_on()
    assert {id_ for id_, _ in got} == {id_ for id_, _ in made.lost}
    total = counted(world)
    assert {**total, "repeated": made.repeated} == {
        "seen": made.seen,
        "repeated": made.repeated,
        "lost": len(made.lost) - len(belated),
        "late": len(belated),
        "redelivered": len(made.lost),
        "blind": made.blind,
    }

    # A sample, by the real engine with a real ledger: what the function got, some of it once more,
    # and what EventBridge brought after all.
    payloads = [json.loads(call["Payload"]) for call in world.made("lambda.invoke")]
    here = [e for e in payloads if (e["account"], e["region"]) == HUB]
    mine = {e["detail"]["eventID"] for e in here}
    assert len(mine) > 5
    late = [envelope(made.events[id_]) for id_, _ in belated if id_ in mine]
    every = [*here, *chance.choices(here, k=5), *late]
    chance.shuffle(every)
    for event in every:
        react(event)
    assert acted(mine) == dict.fromkeys(mine, 1)
