"""The example end to end: a trail made elsewhere, proven hour by hour as the clock is moved."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localaws.client.environment import TOKEN
from localaws.client.process import RunningAws, running
from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import REPOSITORY, LocalAws
from tests.harness.mail import Listener
from tests.harness.runbook import follow, follower
from trailctl import terraform as runner
from trailctl.terraform import clean_environment

pytestmark = pytest.mark.e2e

EXAMPLE = Path("examples/digest-validation")
ACCOUNT, REGION, TRAIL, BUCKET = "300000000008", "us-east-1", "made-elsewhere", "log-made-elsewhere"
PREFIX = "central"


@dataclass
class World:
    """The local AWS, of this module's own since its clock is moved, and what stands there."""

    aws: RunningAws
    stack: Stack
    outputs: dict[str, Any]
    listener: Listener

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def advance(self, hours: float) -> None:
        """Move the clock, and wait for the runs that became due."""
        self.aws.advance(hours * 3600)
        assert self.aws.drain()
        name = self.outputs["operations"]["queues"]["work"]["name"]
        url = self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        end = time.monotonic() + 120
        while True:
            answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
            if not any(map(int, answer["Attributes"].values())):
                return
            assert time.monotonic() < end, answer
            time.sleep(0.1)

    def checkpoint(self) -> dict[str, str]:
        table = self.outputs["checkpoint_table"]["name"]
        key = {"id": {"S": f"{TRAIL}_{REGION}/{ACCOUNT}/{REGION}"}}
        item = self.client("dynamodb").get_item(TableName=table, Key=key).get("Item", {})
        return {name: value["S"] for name, value in item.items() if "S" in value}

    def proven_until(self, when: datetime, seconds: float = 60) -> bool:
        """Whether the checkpoint comes to a time; the queue hands out work in its own time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            until = self.checkpoint().get("until")
            if until and datetime.fromisoformat(until) >= when:
                return True
            time.sleep(0.5)
        return False

    def heard(self, seconds: float = 60) -> list[str]:
        """The alerts that come within a time; returns with the first."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := [text for _, text in self.listener.heard()]:
                return found
            time.sleep(0.5)
        return []

    def metrics(self) -> list[dict[str, Any]]:
        """All that the function measured, in the order of time."""
        logs, group = self.client("logs"), self.outputs["log_group_name"]
        found = []
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                for line in event["message"].splitlines():
                    if '"_aws"' in line:
                        found.append(json.loads(line[line.index("{") :]))
        return sorted(found, key=lambda each: int(each["_aws"]["Timestamp"]))


@pytest.fixture(scope="module")
def world(terraform: runner.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("digest-validation")
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
            stack = applier(
                EXAMPLE,
                {"trail_name": TRAIL, "bucket_name": BUCKET, "key_prefix": PREFIX},
                account=ACCOUNT,
            )
            outputs = stack.outputs
            listener = Listener(
                stack.client("sqs"), stack.client("sns"), outputs["alert_topic_arn"]
            )
            yield World(aws, stack, outputs, listener)
        finally:
            applier.close()


def make_trail(local: LocalAws) -> None:
    """A trail with validation, by another hand than Terraform's."""
    s3, trails = (local.client(name, ACCOUNT, REGION) for name in ("s3", "cloudtrail"))
    s3.create_bucket(Bucket=BUCKET)
    source = {"aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}"}
    service = {"Service": "cloudtrail.amazonaws.com"}
    statements = [
        {
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringEquals": source},
        },
        {
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/{PREFIX}/AWSLogs/{ACCOUNT}/*",
            "Condition": {"StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    trails.create_trail(
        Name=TRAIL,
        S3BucketName=BUCKET,
        S3KeyPrefix=PREFIX,
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
    )
    trails.start_logging(Name=TRAIL)


def test_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One story, since there is one clock: proven, tampered with, stopped."""
    run = follower(world.stack.aws.environment(account=ACCOUNT), monkeypatch)
    assert world.stack.changes() == {}
    begun = world.aws.now()

    # Proven.
    for _ in range(4):
        world.advance(1)
    # A run at ten past proves what ended 90 minutes before.
    assert world.proven_until(begun + timedelta(hours=1), 120)
    assert world.heard(2) == []
    assert all(each["Findings"] == [0] for each in world.metrics() if "Findings" in each)

    # A log file is removed, one is added: the last, which no run has looked at yet.
    s3 = world.client("s3")
    world.client("sqs").list_queues()
    assert world.aws.drain()
    world.aws.advance(600)
    assert world.aws.drain()
    logs = [
        each["Key"]
        for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        if "_CloudTrail_us-east-1" in each["Key"]
    ]
    removed = logs[-1]
    body = s3.get_object(Bucket=BUCKET, Key=removed)["Body"].read()
    s3.delete_object(Bucket=BUCKET, Key=removed)
    added = removed.replace(removed[-24:-8], "00000AddedByHand")
    s3.put_object(Bucket=BUCKET, Key=added, Body=body)
    alerts: list[str] = []
    for _ in range(4):
        world.advance(1)
        alerts += world.heard(20)
        if all(any(key in alert for alert in alerts) for key in (removed, added)):
            break
    assert any(f"missing: s3://{BUCKET}/{removed}" in alert for alert in alerts)
    assert any(f"unlisted log: s3://{BUCKET}/{added}" in alert for alert in alerts)

    # Somebody follows the runbook, and sees the same without the function.
    times = (f"{when:%Y-%m-%dT%H:%M:%SZ}" for when in (begun, world.aws.now()))
    page = dict(zip(("2026-11-28T00:00:00Z", "2026-11-28T06:00:00Z"), times, strict=True))
    follow("digest-validation-findings", run, page)

    # The trail is stopped: its proof grows old.
    world.client("cloudtrail").stop_logging(Name=TRAIL)
    stale: list[str] = []
    for _ in range(7):
        world.advance(1)
        stale += [alert for alert in world.heard(5) if "stale: " in alert]
    assert len(stale) == 1
    ages = [max(each["ProofAgeMinutes"]) for each in world.metrics() if "ProofAgeMinutes" in each]
    assert ages[-1] > 240 >= ages[0]
    assert sum(each.get("FindingsStale", [0])[0] for each in world.metrics()) == 1
    follow("digest-validation-silence", run, {})
    assert world.client("cloudtrail").get_trail_status(Name=TRAIL)["IsLogging"]
