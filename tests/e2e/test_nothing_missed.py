"""The example end to end: an event that no rule saw is found in the log, and comes late."""

from __future__ import annotations

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
from trailctl import terraform as runner
from trailctl.terraform import clean_environment

pytestmark = pytest.mark.e2e

EXAMPLE, REGION = Path("examples/nothing-missed"), "us-east-1"
GIVEN = {"trail_name": TRAIL, "bucket_name": BUCKET, "key_prefix": PREFIX}


@dataclass
class World:
    """The local AWS, of this module's own since its clock is moved, and what stands there."""

    aws: RunningAws
    stack: Stack
    listener: Listener

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def advance(self, minutes: float) -> None:
        self.aws.advance(minutes * 60)
        assert self.aws.drain()

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
        applier = Applier(terraform, local, folder / "stacks", 0)
        try:
            stack = applier(EXAMPLE, GIVEN, account=ACCOUNT)
            topic = stack.outputs["alert_topic_arn"]
            listener = Listener(stack.client("sqs"), stack.client("sns"), topic)
            yield World(aws, stack, listener)
        finally:
            applier.close()


def test_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One story, since there is one clock: seen, lost, found, come late."""
    assert world.stack.changes() == {}
    iam, events = world.client("iam"), world.client("events")
    world.advance(10)
    iam.create_user(UserName="seen")
    assert world.heard(lambda text: "created the user seen" in text)

    # Somebody disables the rule, and nobody hears of the next one.
    rule = world.stack.outputs["rules"]["user-created"]["name"]
    events.disable_rule(Name=rule)
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
    [told] = [text for text in heard if "should have seen" in text]
    assert "disabled: iam.amazonaws.com CreateUser" in told
    assert f"rule {rule}: redelivered to people" in told
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

    # Whoever follows the runbook sees it. Changed: the same apply puts the rule back.
    environment = world.stack.aws.environment(account=ACCOUNT)
    follow("reconciliation-missed", follower(environment, monkeypatch), {})
    world.stack.apply({**GIVEN, "email_subscribers": ["ana@example.com"]})
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"
