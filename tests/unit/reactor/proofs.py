"""A trail in a bucket and the scheduled validator beside it, in a moto account."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from reactor.aws import Aws
from reactor.digest import checkpoint, places, scheduled
from reactor.digest.transport import Transport

from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import BEGIN, HOUR, SHARD
from tests.harness.object_store import ObjectStore, served
from tests.unit.reactor.world import fresh_session

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
        self.clock = BEGIN
        monkeypatch.setattr(checkpoint, "told_time", lambda _: self.clock)
        # Making clients and sessions takes longer than all else.
        aws, session = Aws(), fresh_session()
        monkeypatch.setattr(scheduled, "Aws", lambda: aws)
        monkeypatch.setattr(places, "Transport", partial(Transport, session=lambda: session))
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
        self.clock = now = BEGIN + hour * HOUR
        return scheduled.handler({"scheduled_time": f"{now:%Y-%m-%dT%H:%M:%SZ}"}, SimpleNamespace())

    def deliver(self, *bodies: object) -> list[str]:
        """Messages of the work queue, as they are; the ids of those that failed."""
        records = [
            {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
        failed = scheduled.handler({"Records": records})["batchItemFailures"]
        return [each["itemIdentifier"] for each in failed]

    def run(self, hour: float) -> list[str]:
        """A whole run at that hour; the alerts it sent."""
        self.start(hour)
        assert self.deliver(*self.messages(self.work)) == []
        return self.alerts()

    def checkpoint(self, region: str = SHARD.region) -> dict[str, Any]:
        key = {"id": {"S": f"{SHARD.trail}/{SHARD.account}/{region}"}}
        item = self.dynamodb.get_item(TableName=TABLE, Key=key).get("Item", {})
        return {name: next(iter(value.values())) for name, value in item.items()}

    def until(self) -> float:
        return (datetime.fromisoformat(self.checkpoint()["until"]) - BEGIN) / HOUR


@contextmanager
def a_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The trail of ten hours, and the function's surroundings."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SHARD.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", SHARD.region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", SHARD.region)
    monkeypatch.setattr("botocore.session.get_session", fresh_session)
    with served(tampering.trail()) as store, mock_aws():
        for service in ("S3", "CLOUDTRAIL"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{store.port}")
        yield World(store, monkeypatch)


def asked(hour: float) -> str:
    """A message of the work queue, sent at that hour."""
    now = f"{BEGIN + hour * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    place = {"account": SHARD.account, "region": SHARD.region}
    return json.dumps({"trail": SHARD.trail, **place, "now": now})


def metrics(text: str) -> Counter[str]:
    """The metrics of all lines of embedded metric format, added up; of the age, the last."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        if '"_aws"' in line:
            told = json.loads(line)
            for each in told["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                name = each["Name"]
                before = 0 if name == "ProofAgeMinutes" else found[name]
                found[name] = before + sum(told[name])
    return found
