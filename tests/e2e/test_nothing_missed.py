"""The example end to end: an event that no rule saw is found in the log, and comes late.

Beside it, over the same trail, a reconciliation of a rule that was made by hand, without digest
validation; and `trailctl reconcile`, which finds and does the same as the function.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localaws.client.environment import TOKEN
from localaws.client.process import RunningAws, running
from tests.e2e.test_digest_validation import ACCOUNT as ACCOUNT
from tests.e2e.test_digest_validation import BUCKET, PREFIX, TRAIL, make_trail
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REPOSITORY, LocalAws
from tests.harness.mail import Listener
from tests.harness.runbook import follow, follower
from tests.plan.calls import call
from trailctl import terraform as runner
from trailctl.terraform import clean_environment

pytestmark = pytest.mark.e2e

EXAMPLE, REGION = Path("examples/nothing-missed"), "us-east-1"
GIVEN = {"trail_name": TRAIL, "bucket_name": BUCKET, "key_prefix": PREFIX}
BY_HAND = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/by-hand"
PATTERN = json.dumps({"source": ["aws.iam"], "detail": {"eventName": ["CreateUser"]}})
BESIDE = {
    **GIVEN,
    "name": "beside",
    "redeliver": False,
    "rules": {"own": {"deployed": {"rules": {"by-hand": {"arn": BY_HAND, "pattern": PATTERN}}}}},
}


@dataclass
class World:
    """The local AWS, of this module's own since its clock is moved, and what stands there."""

    aws: RunningAws
    stack: Stack
    beside: Stack
    listener: Listener
    variables: dict[str, str]

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def advance(self, minutes: float) -> None:
        self.aws.advance(minutes * 60)
        assert self.aws.drain()

    def reconcile(self, *arguments: str, expected: int) -> str:
        """What `trailctl reconcile` prints, with its blanks made one each."""
        port = self.aws.url.rpartition(":")[2]
        trailctl = [sys.executable, "-m", "trailctl"]
        where = ["local", "exec", "--port", port, "--account", ACCOUNT, "--region", REGION, "--"]
        done = subprocess.run(
            [*trailctl, *where, *trailctl, "reconcile", *arguments],
            env={**self.variables, "COLUMNS": "80"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == expected, (done.stdout, done.stderr)
        assert max(map(len, done.stdout.splitlines()), default=0) <= 80
        return " ".join((done.stdout or done.stderr).split())

    def item(self, table: str, key: str) -> dict[str, Any]:
        name = self.stack.outputs[table]["name"]
        found = self.client("dynamodb").get_item(TableName=name, Key={"id": {"S": key}})
        item: dict[str, Any] = found.get("Item", {})
        return item

    def until(self, table: str, key: str) -> datetime | None:
        told = self.item(table, key).get("until")
        return datetime.fromisoformat(told["S"]) if told else None

    def heard(self, enough: Callable[[str], bool], seconds: float = 60) -> list[str]:
        """What comes to the topic until something is enough."""
        found: list[str] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end and not any(map(enough, found)):
            found += [text for _, text in self.listener.heard()]
            time.sleep(0.2)
        return found


@pytest.fixture(scope="module")
def world(terraform: runner.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("nothing-missed")
    (folder / "home").mkdir()
    variables = {
        **clean_environment(home=folder / "home"),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}",
    }
    with running(variables, folder / "aws.log", ACCOUNT, REGION) as aws:
        port = int(aws.url.rpartition(":")[2])
        local = LocalAws(port, folder / "aws.log", aws.environment[TOKEN])
        make_trail(local)
        applier, second = (Applier(terraform, local, folder / name, 0) for name in ("a", "b"))
        try:
            events = local.client("events", ACCOUNT, REGION)
            events.put_rule(Name="by-hand", EventPattern=PATTERN)
            text = call("reconciliation", BESIDE)
            stacks = (
                applier.start(EXAMPLE, GIVEN, account=ACCOUNT),
                second.start(text, account=ACCOUNT),
            )
            stack, beside = (each.result() for each in stacks)
            witness_by_hand(events, beside.outputs["this"]["witness"])
            topic = stack.outputs["alert_topic_arn"]
            listener = Listener(stack.client("sqs"), stack.client("sns"), topic)
            yield World(aws, stack, beside, listener, variables)
            events.remove_targets(Rule="by-hand", Ids=["witness"])
        finally:
            second.close()
            applier.close()


def witness_by_hand(events: Any, witness: Any) -> None:
    """The witness as a target of a rule that Terraform did not make, as the README shows it."""
    template = (
        '{"account":<account>,"region":<region>,"id":<id>,"rule":<aws.events.rule-arn>,'
        '"time":<aws.events.event.ingestion-time>}'
    )
    paths = {"account": "$.account", "id": "$.detail.eventID", "region": "$.region"}
    target = {
        "Id": "witness",
        "Arn": witness["delivery_stream"]["arn"],
        "RoleArn": witness["role"]["arn"],
        "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template},
    }
    assert events.put_targets(Rule="by-hand", Targets=[target])["FailedEntryCount"] == 0


def test_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One story, since there is one clock: seen, lost, found, come late."""
    assert world.stack.changes() == {}
    iam, events = world.client("iam"), world.client("events")
    for minutes in (30, 30, 10):  # into another hour than the machine's
        world.advance(minutes)
    iam.create_user(UserName="seen")
    assert world.heard(lambda text: "created the user seen" in text)

    # Somebody disables the rule, and nobody hears of the next one.
    rule = world.stack.outputs["rules"]["user-created"]["name"]
    events.disable_rule(Name=rule)
    events.disable_rule(Name="by-hand")
    iam.create_user(UserName="lost")
    assert world.aws.drain()
    lost_at = world.aws.now()

    # Hours later it is proven that the call was made.
    place, proven = f"{ACCOUNT}/{REGION}", f"{TRAIL}_{REGION}/{ACCOUNT}/{REGION}"
    heard: list[str] = []
    for _ in range(10):
        world.advance(30)
        heard += world.heard(lambda text: "created the user lost" in text, 4)
        if any("created the user lost" in text for text in heard):
            break
    late = [text for text in heard if "created the user lost" in text]
    assert len(late) == 1, (heard, world.until("checkpoint_table", proven))
    assert "late: EventBridge did not deliver it, and the log has it." in late[0]
    heard += world.heard(lambda text: "should have seen" in text, 20)
    # Two workers at once may both tell of it: who is slow says that it was redelivered before.
    told = [text for text in heard if "should have seen" in text]
    assert all("disabled: iam.amazonaws.com CreateUser" in text for text in told)
    assert sum(f"rule {rule}: redelivered to people" in text for text in told) == 1, told
    # What the rule saw is counted, and comes to nobody again.
    assert not [text for text in heard if "created the user seen" in text]
    until = world.until("state_table", place)
    end = time.monotonic() + 60  # the function saves it last
    while until is None or until < lost_at:
        assert time.monotonic() < end, until
        time.sleep(0.2)
        until = world.until("state_table", place)
    assert '"seen": 1' in world.item("state_table", place)["days"]["S"]

    assert until - lost_at < timedelta(hours=3)
    at_the_keyboard(world, rule)

    # Whoever follows the runbook sees it. Changed: the same apply puts the rule back.
    environment = world.stack.aws.environment(account=ACCOUNT)
    follow("reconciliation-missed", follower(environment, monkeypatch), {})
    world.stack.apply({**GIVEN, "email_subscribers": ["ana@example.com"]})
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"


def at_the_keyboard(world: World, rule: str) -> None:
    """`trailctl reconcile` tells what the function found, and hands on what was not handed on."""
    assert world.reconcile(expected=2).endswith(
        "there are beside, nothing-missed: choose with --function"
    )
    mine = ("--function", "nothing-missed", "--hours", "12")
    told = world.reconcile(*mine, expected=0)
    assert f"{rule} {ACCOUNT} {REGION} 1 0 1 0 disabled 1, redelivered 1" in told
    assert told.endswith("1 account and 1 Region: 1 missed; 1 redelivered.")
    assert "there is nothing to redeliver" in world.reconcile(*mine, "--redeliver", expected=0)

    # As if the function had not been there yet.
    table = world.stack.outputs["state_table"]["name"]
    dynamodb = world.client("dynamodb")
    [note] = [
        item["id"]["S"]
        for item in dynamodb.scan(TableName=table)["Items"]
        if item["id"]["S"].startswith("redelivered/")
    ]
    dynamodb.delete_item(TableName=table, Key={"id": {"S": note}})
    asked = world.reconcile(*mine, "--redeliver", expected=1)
    assert "would redeliver: disabled: iam.amazonaws.com CreateUser" in asked
    assert asked.endswith("nothing was redelivered: add --yes to do it")
    done = world.reconcile(*mine, "--redeliver", "--yes", expected=0)
    assert done.endswith(": redelivered to people")
    [late] = [each for each in world.heard(lambda text: "user lost" in text) if "user lost" in each]
    assert "late: EventBridge did not deliver it" in late
    again = world.reconcile(*mine, "--redeliver", "--yes", expected=0)
    assert again.endswith("there is nothing to redeliver")
    assert not [text for text in world.heard(lambda _: True, 2) if "user lost" in text]

    # Beside a trail and a rule that were made by hand, and without digest validation.
    theirs = ("--function", "beside", "--hours", "12")
    told = world.reconcile(*theirs, expected=1)
    assert f"by-hand {ACCOUNT} {REGION} 1 0 1 0 disabled 1" in told
    assert told.endswith("The log itself is not proven: no digest validation is there.")
    refused = world.reconcile(*theirs, "--redeliver", "--yes", expected=2)
    assert "beside has no digest_validation" in refused
    name = world.beside.outputs["this"]["state_table"]["name"]
    item = dynamodb.get_item(TableName=name, Key={"id": {"S": f"{ACCOUNT}/{REGION}"}})["Item"]
    days = json.loads(item["days"]["S"])
    for what in ("seen", "disabled"):
        assert sum(day.get(what, 0) for day in days.values()) == 1, days
    assert not any(day.get("redelivered") for day in days.values())
