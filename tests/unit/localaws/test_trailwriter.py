"""The trail writer by itself: what is late gets a backfill digest, a bucket that is gone no end."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from localaws.clock import MovableClock
from localaws.cloudtrail.trailwriter import SigningKeys, Stored, TrailWriter

pytestmark = pytest.mark.unit

HOUR = 3600.0


class World:
    def __init__(self) -> None:
        self.clock = MovableClock()
        self.stored: dict[str, Stored] = {}
        self.broken = False
        self.trail = SimpleNamespace(
            name="main",
            account="111122223333",
            home_region="us-east-1",
            arn="arn:aws:cloudtrail:us-east-1:111122223333:trail/main",
            settings={"S3BucketName": "logs", "LogFileValidationEnabled": True},
            logging=True,
        )
        self.writer = TrailWriter(self.clock, SigningKeys(), lambda: [self.trail], self.store)

    def store(self, account: str, region: str, stored: Stored, kms_key: str | None) -> None:
        assert (account, region, kms_key) == ("111122223333", "us-east-1", None)
        if self.broken:
            raise OSError("no such bucket")
        self.stored[stored.key] = stored

    def add(self, time: datetime, name: str) -> None:
        record = {"eventName": name, "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
        self.writer.add(time, "us-east-1", record, [self.trail.arn])

    def move(self, seconds: float) -> None:
        assert self.writer.drain(10)
        self.clock.advance(seconds)
        assert self.writer.drain(10)

    def digests(self, kind: str = "Z.json.gz") -> list[dict[str, Any]]:
        return [
            json.loads(gzip.decompress(stored.body))
            for key, stored in sorted(self.stored.items())
            if "CloudTrail-Digest" in key and key.endswith(kind)
        ]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.writer.start()
    made.writer.look(made.clock.now())
    yield made
    made.writer.close()


def test_what_is_late_is_in_a_backfill_digest(world: World) -> None:
    begun = world.clock.now()
    world.move(2 * HOUR + 30)
    world.add(begun + timedelta(minutes=20), "Late")
    world.move(HOUR)
    world.add(begun + timedelta(minutes=20), "Later")
    world.move(HOUR)

    first, second = world.digests("_backfill.json.gz")
    (entry,) = first["logFiles"]
    assert b"Late" in gzip.decompress(world.stored[entry["s3Object"]].body)
    assert first["previousDigestSignature"] is None
    assert second["previousDigestS3Object"] == first["digestS3Object"]
    metadata = [s.metadata for k, s in world.stored.items() if k.endswith("_backfill.json.gz")]
    assert all("backfill-generation-timestamp" in each for each in metadata)
    assert [each["logFiles"] for each in world.digests()] == [[], [], [], []]


def test_each_hour_names_the_one_before(world: World) -> None:
    for _ in range(3):
        world.add(world.clock.now(), "Call")
        world.move(HOUR)
    found = world.digests()
    assert [len(each["logFiles"]) for each in found] == [1, 1, 1]
    for before, after in itertools.pairwise(found):
        assert after["previousDigestS3Object"] == before["digestS3Object"]
        assert after["digestStartTime"] == before["digestEndTime"]
        signature = world.stored[before["digestS3Object"]].metadata["signature"]
        assert after["previousDigestSignature"] == signature


def test_a_bucket_that_is_gone_ends_nothing(world: World) -> None:
    world.broken = True
    world.move(HOUR)
    world.broken = False
    world.move(HOUR)
    (digest,) = world.digests()
    assert digest["previousDigestSignature"] is not None


def test_nothing_is_written_after_logging_ends(world: World) -> None:
    world.move(HOUR / 2)
    world.trail.logging = False
    world.writer.look(world.clock.now())
    world.move(5 * HOUR)
    assert len(world.digests()) == 1
