"""The scheduled validator: fan-out, checkpoints, what is told once and what again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from reactor.digest import scheduled
from reactor.digest.checkpoint import Checkpoints, TakenError
from reactor.settings import SettingsError

from localaws.cloudtrail.trailwriter import LogBody, write_range
from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import BEGIN, HOUR, SHARD, digest, log
from tests.harness.object_store import ObjectStore, served

pytestmark = pytest.mark.unit

TABLE, NAME = "proofs", "digest-validation"


class World:
    """A trail in a bucket, and the queues, table and topic of the function."""

    def __init__(self, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.sqs = boto3.client("sqs", "us-east-1")
        self.dynamodb = boto3.client("dynamodb", "us-east-1")
        sns = boto3.client("sns", "us-east-1")
        self.work = self.sqs.create_queue(QueueName="work")["QueueUrl"]
        self.inbox = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        self.dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.inbox, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        self.monkeypatch = monkeypatch
        monkeypatch.setenv("ALERT_TOPIC_ARN", topic)
        monkeypatch.setenv("REACTION_NAME", NAME)
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "CloudTrailReactor")
        self.settings()

    def settings(self, **given: Any) -> None:
        settings = {
            "bucket": SHARD.bucket,
            "trail_name": SHARD.trail_name,
            "home_region": SHARD.home_region,
            "account_id": SHARD.account,
            "work_queue_url": self.work,
            "checkpoint_table": TABLE,
            "lookback_hours": 4,
            "concurrency": 4,
        }
        self.monkeypatch.setenv("REACTION_SETTINGS", json.dumps(settings | given))

    def messages(self, url: str) -> list[dict[str, Any]]:
        found = []
        while batch := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in batch:
                found.append(json.loads(each["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return found

    def alerts(self) -> list[str]:
        return [str(each["Message"]) for each in self.messages(self.inbox)]

    def start(self, hour: float) -> dict[str, Any]:
        now = BEGIN + hour * HOUR
        return scheduled.handler({"scheduled_time": f"{now:%Y-%m-%dT%H:%M:%SZ}"}, SimpleNamespace())

    def run(self, hour: float) -> list[str]:
        """A whole run at that hour; the alerts it sent."""
        self.start(hour)
        bodies = self.messages(self.work)
        records = [
            {"messageId": str(number), "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
        assert scheduled.handler({"Records": records}) == {"batchItemFailures": []}
        return self.alerts()

    def checkpoint(self) -> dict[str, Any]:
        key = {"id": {"S": f"{SHARD.trail}/{SHARD.account}/{SHARD.region}"}}
        item = self.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def until(self) -> float:
        return (datetime.fromisoformat(self.checkpoint()["until"]) - BEGIN) / HOUR


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SHARD.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", SHARD.region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", SHARD.region)
    with served(tampering.trail()) as store, mock_aws():
        for service in ("S3", "CLOUDTRAIL"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{store.port}")
        yield World(store, monkeypatch)


def asked(hour: float) -> str:
    """A message of the work queue, sent at that hour."""
    now = f"{BEGIN + hour * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps({"account": SHARD.account, "region": SHARD.region, "now": now})


def metrics(text: str) -> dict[str, float]:
    """The metrics of the last line of embedded metric format."""
    lines = [json.loads(line) for line in text.splitlines() if '"_aws"' in line]
    named = lines[-1]["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    return {each["Name"]: sum(lines[-1][each["Name"]]) for each in named}


def test_hour_by_hour_all_is_proven_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(6) == []
    # A lag of 90 minutes after the hour: what ended by 04:30 is proven.
    assert world.until() == 4.5
    first = metrics(capsys.readouterr().out)
    # The trail began at 00:00; before that there was nothing to prove.
    assert first == {"ProvenMinutes": 240, "Findings": 0, "ProofAgeMinutes": 60}
    requests = world.store.requests["get"]
    assert world.run(7) == []
    assert world.until() == 5.5
    assert metrics(capsys.readouterr().out)["ProvenMinutes"] == 60
    # The digests that overlap are read again, log files only of the hours that are new.
    assert world.store.requests["get"] - requests < 40


def test_a_repeated_run_does_nothing(world: World) -> None:
    world.run(6)
    before, requests = world.checkpoint(), world.store.requests["get"]
    assert world.run(6) == []
    assert world.checkpoint() == before
    assert world.store.requests["get"] == requests


def test_a_finding_is_told_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    key = log(3.25, world.store)
    world.store.delete(SHARD.bucket, key)
    (alert,) = world.run(6)
    assert f"missing: s3://{SHARD.bucket}/{key}" in alert
    assert f"trail {SHARD.trail_name} in account {SHARD.account}, {SHARD.region}" in alert
    assert metrics(capsys.readouterr().out)["FindingsMissing"] == 1
    assert world.run(7) == []
    assert metrics(capsys.readouterr().out)["Findings"] == 0
    assert world.until() == 5.5


def test_a_gap_is_told_once_though_the_range_moves(world: World) -> None:
    for hour in (3, 4):
        world.store.delete(SHARD.bucket, digest(hour))
    (alert,) = world.run(7)
    assert "gap: 2026-01-10T02:00:00Z to 2026-01-10T04:00:00Z (2 digests are missing)" in alert
    for hour in (8, 9, 10):
        assert world.run(hour) == []


def test_a_log_file_added_to_a_proven_hour_is_found(world: World) -> None:
    assert world.run(6) == []
    found = world.store.get(SHARD.bucket, log(3.25, world.store))
    added = SHARD.log_key(BEGIN + 3.25 * HOUR, "AddedByHand00000")
    world.store.store(SHARD.bucket, added, replace(found, modified=BEGIN + 6.1 * HOUR))
    alerts = [alert for hour in (7, 8, 9, 10) for alert in world.run(hour)]
    assert len(alerts) == 1
    assert f"unlisted log: s3://{SHARD.bucket}/{added}" in alerts[0]


def test_a_trail_that_stopped_is_stale_and_told_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(10) == []
    assert world.run(13) == []
    alerts = world.run(15)
    assert len(alerts) == 1
    assert "stale: 2026-01-10T10:00:00Z" in alerts[0]
    said = metrics(capsys.readouterr().out)
    assert (said["FindingsStale"], said["ProofAgeMinutes"]) == (1, 300)
    assert world.run(16) == []
    assert metrics(capsys.readouterr().out)["ProofAgeMinutes"] == 360
    assert world.until() == 10


def test_a_trail_that_starts_again_days_later_is_taken_up(world: World) -> None:
    for hour in (8, 11, 15):
        world.run(hour)
    key = world.store.keys.of(SHARD.region)

    def bodies(slot: datetime) -> list[LogBody]:
        return [tampering.body(slot.minute)]

    write_range(world.store.put, SHARD, key, BEGIN + 82 * HOUR, BEGIN + 90 * HOUR, bodies)
    alerts = [alert for hour in range(86, 91) for alert in world.run(hour)]
    assert any("stopped and restarted" in alert for alert in alerts)
    assert world.until() == 88.5


def test_what_can_not_be_read_is_tried_again(world: World) -> None:
    key = log(3.25, world.store)
    world.store.fail(SHARD.bucket, key, "denied")
    (alert,) = world.run(6)
    assert "unreadable" in alert
    before = world.until() if "until" in world.checkpoint() else None
    assert before is None
    world.store.faults.clear()
    assert world.run(7) == []
    assert world.until() == 5.5


def test_all_digests_of_a_region_deleted_is_not_silence(world: World) -> None:
    world.run(6)
    for key in world.store.list(SHARD.bucket):
        world.store.delete(SHARD.bucket, key)
    assert world.start(9) == {"shards": 1}
    alerts = world.run(10)
    assert len(alerts) == 1
    assert "stale" in alerts[0]


def test_fan_out_over_accounts_and_regions(world: World) -> None:
    world.settings(organization_id="o-exampleorgid", prefix="central/logs")
    for account in ("444455556666", "777788889999"):
        for region in ("us-east-1", "eu-west-1"):
            shard = replace(tampering.MEMBER, account=account, region=region)
            any_object = world.store.get(SHARD.bucket, digest(1))
            world.store.store(shard.bucket, shard.digest_key(BEGIN), any_object)
    assert world.start(6) == {"shards": 4}
    places = {(each["account"], each["region"]) for each in world.messages(world.work)}
    assert places == {
        (account, region)
        for account in ("444455556666", "777788889999")
        for region in ("us-east-1", "eu-west-1")
    }


def test_one_that_fails_comes_again_and_holds_up_no_other(world: World) -> None:
    world.store.fail("", "ListPublicKeys", "denied", 1)
    body = asked(6)
    records = [{"messageId": name, "body": body} for name in ("first", "second")]
    answer = scheduled.handler({"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "first"}]}
    assert world.until() == 4.5


def test_of_two_workers_one_is_refused(world: World) -> None:
    world.run(6)
    checkpoints = Checkpoints(world.dynamodb, TABLE, SHARD.trail)
    one, other = (checkpoints.load(SHARD.account, SHARD.region) for _ in range(2))
    checkpoints.save(one)
    with pytest.raises(TakenError):
        checkpoints.save(other)


def test_who_comes_second_proves_what_the_first_did_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(4)
    load = Checkpoints.load
    overtaken = iter([True])

    def load_and_be_overtaken(self: Checkpoints, account: str, region: str) -> Any:
        found = load(self, account, region)
        if next(overtaken, False):
            record = {"messageId": "earlier", "body": asked(5)}
            assert scheduled.handler({"Records": [record]}) == {"batchItemFailures": []}
            assert world.until() == 3.5
        return found

    monkeypatch.setattr(Checkpoints, "load", load_and_be_overtaken)
    record = {"messageId": "later", "body": asked(6)}
    assert scheduled.handler({"Records": [record]}) == {"batchItemFailures": []}
    assert world.until() == 4.5


@pytest.mark.parametrize(
    ("given", "told"),
    [({"lookback_hours": 1}, "lookback_hours"), ({"concurrency": 0}, "concurrency"),
     ({"lag_minute": 5}, "lag_minutes")],
)  # fmt: skip
def test_wrong_settings_are_refused(world: World, given: dict[str, Any], told: str) -> None:
    world.settings(**given)
    with pytest.raises(SettingsError, match=told):
        world.start(6)
