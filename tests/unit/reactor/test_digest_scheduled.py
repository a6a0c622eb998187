"""The scheduled validator: fan-out, checkpoints, what is told once and what again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from reactor.digest.checkpoint import Checkpoints, TakenError
from reactor.settings import SettingsError

from localaws.cloudtrail.trailwriter import LogBody, write_range
from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import BEGIN, HOUR, SHARD, digest, log
from tests.unit.reactor.proofs import TABLE, World, a_world, asked, metrics

pytestmark = pytest.mark.unit


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with a_world(monkeypatch) as made:
        yield made


def test_hour_by_hour_all_is_proven_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(6) == []
    # A lag of 90 minutes after the hour: what ended by 04:30 is proven.
    assert world.until() == 4.5
    first = metrics(capsys.readouterr().out)
    # The trail began at 00:00; before that there was nothing to prove.
    told = {"ProvenMinutes": 240, "Findings": 0, "ProofAgeMinutes": 0, "Shards": 1}
    assert first == {**told, "NamesSwept": 130}
    requests = world.store.requests["get"]
    assert world.run(7) == []
    assert world.until() == 5.5
    second = metrics(capsys.readouterr().out)
    # What is measured is what the run before has proven: up to 05:00, with the digest that ended.
    assert (second["ProvenMinutes"], second["ProofAgeMinutes"]) == (60, 120)
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


def test_an_unreadable_object_is_tried_again(world: World) -> None:
    key = log(3.25, world.store)
    world.store.fail(SHARD.bucket, key, "denied")
    (alert,) = world.run(6)
    assert "unreadable" in alert
    before = world.until() if "until" in world.checkpoint() else None
    assert before is None
    world.store.faults.clear()
    assert world.run(7) == []
    assert world.until() == 5.5


def test_deleting_all_digests_of_a_region_is_a_finding(world: World) -> None:
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


def test_a_failed_message_comes_again_and_holds_up_no_other(world: World) -> None:
    world.start(6)
    world.store.fail("", "ListPublicKeys", "denied", 1)
    assert world.deliver(asked(6), asked(6)) == ["0"]
    assert world.until() == 4.5


def test_of_two_workers_one_is_refused(world: World) -> None:
    world.run(6)
    checkpoints = Checkpoints(world.dynamodb, TABLE, SHARD.trail)
    one, other = (checkpoints.load(SHARD.account, SHARD.region) for _ in range(2))
    checkpoints.save(one)
    with pytest.raises(TakenError):
        checkpoints.save(other)


def test_the_second_worker_proves_what_the_first_did_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(4)
    load = Checkpoints.load
    overtaken = iter([True])

    def load_and_be_overtaken(self: Checkpoints, account: str, region: str) -> Any:
        found = load(self, account, region)
        if next(overtaken, False):
            assert world.deliver(asked(5)) == []
            assert world.until() == 3.5
        return found

    monkeypatch.setattr(Checkpoints, "load", load_and_be_overtaken)
    world.clock = BEGIN + 6 * HOUR
    assert world.deliver(asked(6)) == []
    assert world.until() == 4.5


def test_who_is_always_overtaken_has_not_failed(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Others are at work there: no message comes again, and no metric that an alarm looks at."""
    world.run(4)
    load = Checkpoints.load
    mine = Checkpoints(world.dynamodb, TABLE, SHARD.trail)

    def load_and_be_overtaken(self: Checkpoints, account: str, region: str) -> Any:
        found = load(self, account, region)
        mine.save(load(mine, account, region))
        return found

    monkeypatch.setattr(Checkpoints, "load", load_and_be_overtaken)
    world.clock = BEGIN + 6 * HOUR
    capsys.readouterr()
    assert world.deliver(asked(6)) == []
    assert "ValidationsFailed" not in capsys.readouterr().out
    assert "validation failed" not in caplog.messages
    first = "another worker saved this place first: "
    assert f"{first}going on from where it is" in caplog.messages
    assert f"{first}what is left is the next run's" in caplog.messages


@pytest.mark.parametrize(
    ("given", "told"),
    [({"lookback_hours": 3}, "lookback_hours"), ({"concurrency": 0}, "concurrency"),
     ({"lag_minute": 5}, "lag_minutes")],
)  # fmt: skip
def test_wrong_settings_are_refused(world: World, given: dict[str, Any], told: str) -> None:
    world.settings(**given)
    with pytest.raises(SettingsError, match=told):
        world.start(6)
