"""Somebody who may write to the log's bucket, or send messages, against the proof of the log."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from reactor.digest import content, sweep
from reactor.digest.chain import Link
from reactor.digest.content import ContentError, LateError, SizeError, gunzip, sha256_of_gzip
from reactor.digest.document import parse
from reactor.digest.engine import Engine
from reactor.digest.transport import Transport
from reactor.digest.validation import Span, validate
from reactor.digest.verdicts import Cover, Finding, Kind, Report, Verdict

from localaws.cloudtrail.trailwriter import Stored, write_range
from localaws.cloudtrail.trailwriter.files import sign_digest
from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import BEGIN, END, HOUR, NOW, SHARD, START, digest, log
from tests.harness.object_store import Object, ObjectStore, served
from tests.unit.reactor.proofs import World, a_world, asked, metrics
from trailctl.validate import output
from trailctl.validate.hashing import ISAL

pytestmark = pytest.mark.unit

DAY = timedelta(days=1)
SPAN = Span(START, END, NOW)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with a_world(monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def trail() -> Iterator[ObjectStore]:
    with served(tampering.trail()) as store:
        yield store


@pytest.fixture
def store(trail: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A trail of ten hours; what a test does to it is undone."""
    before = {bucket: dict(objects) for bucket, objects in trail.buckets.items()}
    for name, value in trail.environment().items():
        monkeypatch.setenv(name, value)
    trail.requests.clear()
    yield trail
    trail.buckets = before
    trail.faults.clear()
    trail._sorted.clear()


def proven(span: Span = SPAN) -> Report:
    """The report of a span."""
    with closing(Transport("us-east-1", 8)) as transport, Engine(transport, 8) as made:
        return validate(made, SHARD, span)


def members(store: ObjectStore, hour: int = 5) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(store.get(SHARD.bucket, digest(hour)).body))
    return found


def put(
    store: ObjectStore, body: bytes, hour: int = 5, metadata: Mapping[str, str] | None = None
) -> None:
    """Overwrite a digest, and leave its signature where no metadata is given."""
    found = store.get(SHARD.bucket, digest(hour))
    told = found.metadata if metadata is None else metadata
    store.store(SHARD.bucket, digest(hour), replace(found, body=body, metadata=told))


# One overwritten digest

Change = Callable[[dict[str, Any]], object]


def member(name: str, value: object) -> Change:
    return lambda data: data.update({name: value})


def nested(depth: int) -> bytes:
    return b'{"digestEndTime":' + b"[" * depth + b"]" * depth + b"}"


TIMES = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z",
         "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "\ud800",
         "١٢٣٤-01-01T00:00:00Z", "x" * 99_999)  # fmt: skip
NO_TEXT: tuple[object, ...] = (None, 7, 1.5, True, [], {}, "", "\udfff", ["x"], {"a": "b"})
NAMES = ("awsAccountId", "digestStartTime", "digestEndTime", "digestS3Bucket", "digestS3Object",
         "digestPublicKeyFingerprint", "digestSignatureAlgorithm", "previousDigestS3Bucket",
         "previousDigestS3Object", "previousDigestHashValue", "previousDigestHashAlgorithm",
         "previousDigestSignature", "logFiles")  # fmt: skip
CHANGES: dict[str, Change] = {
    **{f"end {each[:30]}": member("digestEndTime", each) for each in TIMES},
    **{f"start {each[:30]}": member("digestStartTime", each) for each in TIMES},
    **{f"{name} = {each!r}": member(name, each) for name in NAMES for each in NO_TEXT},
    "fingerprint far in time": lambda data: data.update(
        digestPublicKeyFingerprint="f" * 32, digestEndTime="2999-01-01T00:00:00Z"
    ),
    "itself as previous": lambda data: data.update(
        previousDigestS3Object=data["digestS3Object"], previousDigestSignature="00"
    ),
    "another's bucket": member("digestS3Bucket", "somebody-elses"),
    "control characters": member("digestS3Object", "a\n\r\0\x1b[2J/b"),
    "log of no text": member("logFiles", [{"s3Bucket": "\ud800", "s3Object": 7}]),
    "log twice": lambda data: data["logFiles"].extend(data["logFiles"]),
}
BODIES: dict[str, bytes] = {
    "empty": b"",
    "no gzip": b"{}",
    "gzip of nothing": gzip.compress(b""),
    "huge integer": gzip.compress(b'{"digestEndTime":' + b"9" * 100_000 + b"}"),
    "deep": gzip.compress(nested(100_000)),
    "NaN": gzip.compress(b'{"digestEndTime": NaN}'),
    "a name twice": gzip.compress(b'{"digestEndTime":"a","digestEndTime":"b"}'),
    "UTF-16": gzip.compress('{"digestEndTime":"a"}'.encode("utf-16")),
    "no UTF-8": gzip.compress(b'{"digestEndTime":"\xff"}'),
    "a list": gzip.compress(b"[1]"),
    "null": gzip.compress(b"null"),
    "many members": gzip.compress(b"{}") * 1_000,
    "a million entries": gzip.compress(
        b'{"logFiles":[' + b'{"s3Object":"x"},' * 999_999 + b"{}]}", compresslevel=1
    ),
}


def looked_at(store: ObjectStore, hour: int = 5) -> Link:
    """What is said of one digest by itself."""
    with closing(Transport("us-east-1", 2)) as transport, Engine(transport, 2) as made:
        name = SHARD.digest_name(digest(hour))
        assert name is not None
        return made.fetch_digest(SHARD, SHARD.bucket, name).result().link


def test_whatever_a_digest_holds_is_its_verdict(store: ObjectStore) -> None:
    real = store.get(SHARD.bucket, digest(5))
    with closing(Transport("us-east-1", 4)) as transport, Engine(transport, 4) as made:
        name = SHARD.digest_name(digest(5))
        assert name is not None
        for told, change in CHANGES.items():
            data = members(store)
            change(data)
            body = gzip.compress(json.dumps(data).encode(), 1)
            store.store(SHARD.bucket, digest(5), replace(real, body=body))
            link = made.fetch_digest(SHARD, SHARD.bucket, name).result().link
            assert link.verdict in (Verdict.CHANGED, Verdict.FORGED), (told, link)
            store.store(SHARD.bucket, digest(5), real)
        for told, body in BODIES.items():
            store.store(SHARD.bucket, digest(5), replace(real, body=body))
            link = made.fetch_digest(SHARD, SHARD.bucket, name).result().link
            assert link.verdict in (Verdict.CHANGED, Verdict.FORGED), (told, link)
    # No lookup of keys for a time that the attacker chose.
    assert store.requests["ListPublicKeys"] <= 1


@pytest.mark.parametrize(
    "body", [BODIES["deep"], BODIES["a million entries"], gzip.compress(b"x")],
    ids=["deep", "a million entries", "no JSON"],
)  # fmt: skip
def test_one_overwritten_digest_stops_nothing(store: ObjectStore, body: bytes) -> None:
    put(store, body)
    report = proven()
    assert report.failures == {Verdict.CHANGED: 1}
    bad = [(i.cover, i.start, i.end) for i in report.intervals if i.cover is not Cover.COVERED]
    assert bad == [(Cover.GAP, BEGIN + 4 * HOUR, BEGIN + 5 * HOUR)]
    assert report.number(Kind.LOG, Verdict.VALID) == 8 * 12


def test_an_error_that_nobody_thought_of_is_a_verdict(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = iter(range(100))

    def fails(body: bytes) -> Any:
        if next(number) == 3:
            raise MemoryError
        return parse(body)

    monkeypatch.setattr("reactor.digest.engine.parse", fails)
    report = proven()
    assert report.failures == {Verdict.UNREADABLE: 1}
    assert any("MemoryError" in each.reason for each in report.findings)


def test_the_hours_after_it_are_proven_and_the_hour_is_read_once_it_can_be(world: World) -> None:
    real = world.store.get(SHARD.bucket, digest(4))
    changed = log(3.25, world.store)
    world.store.store(
        SHARD.bucket, changed, Object(gzip.compress(b"{}"), modified=BEGIN + 3.25 * HOUR)
    )
    put(world.store, BODIES["deep"], 4)
    (alert,) = world.run(6)
    assert f"changed: s3://{SHARD.bucket}/{digest(4)}" in alert
    assert world.until() == 4.5
    # The digest is put back: what it names must be read, though its hour was passed.
    world.store.store(SHARD.bucket, digest(4), real)
    (alert,) = world.run(7)
    assert f"changed: s3://{SHARD.bucket}/{changed}" in alert


ODD_NAMES = {
    "of no time yet, in today's folder": digest(5)
    .replace("T050000Z", "T050001Z")
    .replace("20260110T", "99991231T"),
    "with other digits": digest(5).replace("20260110T", "٢٠٢٦0110T"),
    "of year 1": digest(5).replace("20260110T", "00010101T"),
    "with folders": digest(5).replace("main_trail-1", "x/main_trail-1"),
    "with control characters": digest(5).replace("main_trail-1", "\x1b[2J\n\rmain_trail-1"),
}


@pytest.mark.parametrize("key", ODD_NAMES.values(), ids=ODD_NAMES)
def test_a_name_hides_no_digest_after_it(store: ObjectStore, key: str) -> None:
    store.store(SHARD.bucket, key, store.get(SHARD.bucket, digest(5)))
    report = proven()
    assert report.proven, (report.findings, report.intervals)
    assert report.number(Kind.DIGEST, Verdict.VALID) == 9


def test_nothing_that_a_name_says_is_printed_raw(store: ObjectStore) -> None:
    key = SHARD.log_folder + "2026/01/10/\x1b]0;owned\x07\r\n\ud83d"
    finding = Finding(Kind.LOG, "b", key, Verdict.UNLISTED, "no digest names it")
    for text in (output.line(finding), finding.json()["object"]):
        assert "\x1b" not in text
        assert "\n" not in text.strip()
        text.encode()


# Bombs


class Endless:
    """A body that says how large it is and must not be read."""

    headers: Mapping[str, str] = {"content-length": str(5 << 30)}

    def read(self, size: int) -> bytes:
        raise AssertionError("it was downloaded")


class Packed(io.BytesIO):
    """Bytes with a signature beside them."""

    headers: Mapping[str, str] = {"x-amz-meta-signature": "00"}


class One:
    """A transport that has one object."""

    def __init__(self, body: Endless | Packed) -> None:
        self.body = body

    def get(self, bucket: str, key: str, consume: Callable[[Any], Any]) -> Any:
        if isinstance(self.body, Packed):
            self.body.seek(0)
        return consume(self.body)

    def direct(self, bucket: str) -> None:
        return None

    def call(self, *_: object) -> dict[str, Any]:
        return {}


def link_of(body: Endless | Packed) -> Link:
    """What is said of a digest with these bytes."""
    one: Any = One(body)
    name = SHARD.digest_name(digest(5))
    assert name is not None
    with Engine(one, 2) as reader:
        return reader.fetch_digest(SHARD, SHARD.bucket, name).result().link


def test_a_bomb_takes_no_memory() -> None:
    # Zeros pack a thousand to one; JSON can take twenty times its size.
    zeros = gzip.compress(bytes(80 << 20), 1)
    lists = gzip.compress(b'{"logFiles":[' + b"[]," * (4 << 20) + b"[]]}", 1)
    for body in (zeros, lists):
        tracemalloc.start()
        link = link_of(Packed(body))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert link.verdict in (Verdict.CHANGED, Verdict.FORGED)
        assert peak < 160 << 20, peak


def test_a_large_digest_of_cloudtrails_is_read(store: ObjectStore) -> None:
    data = members(store)
    entry = data["logFiles"][0]
    data["logFiles"] = [{**entry, "s3Object": f"{entry['s3Object']}{n}"} for n in range(2_000)]
    stored, _ = sign_digest(data, tampering.keys().of(SHARD.region))
    assert len(gzip.decompress(stored.body)) > content.SMALL_DIGEST
    store.put(stored)
    assert looked_at(store).verdict is Verdict.VALID
    # And one byte more, which nobody signed, is not.
    put(store, gzip.compress(gzip.decompress(stored.body) + b" "), 5, stored.metadata)
    assert looked_at(store).verdict is Verdict.FORGED


@pytest.mark.parametrize("inflater", [content.ZLIB, ISAL], ids=["zlib", "isal"])
def test_a_log_file_has_a_limit_and_a_time(inflater: content.Inflater) -> None:
    packed = gzip.compress(bytes(8 << 20))
    with pytest.raises(SizeError, match="4 MB uncompressed"):
        sha256_of_gzip(io.BytesIO(packed), inflater, 4 << 20)
    with pytest.raises(LateError):
        sha256_of_gzip(io.BytesIO(packed), inflater, deadline=time.monotonic() - 1)
    with pytest.raises(ContentError):
        sha256_of_gzip(io.BytesIO(gzip.compress(b"x") * 10_000), inflater)
    assert sha256_of_gzip(io.BytesIO(packed), inflater, 8 << 20)


def test_what_is_packed_has_a_limit_where_no_length_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(content, "MAX_PACKED", 1 << 20)
    stored = zlib.compressobj(0, wbits=31)
    body = stored.compress(bytes(2 << 20)) + stored.flush()
    for read in (sha256_of_gzip, gunzip):
        with pytest.raises(SizeError, match="larger than 1 MB"):
            read(io.BytesIO(body))


def test_an_object_of_five_gigabytes_is_not_downloaded() -> None:
    assert link_of(Endless()).verdict is Verdict.CHANGED
    found: list[Finding] = []
    one: Any = One(Endless())
    with Engine(one, 2) as reader:
        entry = parse(_real_digest()).logs[0]
        reader.hash_log(entry, found.append).result()
    assert [each.verdict for each in found] == [Verdict.CHANGED]
    assert "larger than 64 MB" in found[0].reason


def _real_digest() -> bytes:
    return gzip.decompress(tampering.trail().get(SHARD.bucket, digest(5)).body)


def test_the_command_line_does_not_download_it_either(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trailctl.validate import hashing

    with pytest.raises(SizeError):
        hashing._hashed(Endless())  # type: ignore[arg-type]


def test_a_run_that_has_no_time_left_keeps_what_it_has(store: ObjectStore) -> None:
    report = proven(replace(SPAN, seconds=0.0))
    # One hour at least, or the next run would end there again.
    assert report.end == BEGIN + 2 * HOUR
    assert report.failures == {Verdict.UNREADABLE: 12}
    assert {each.reason for each in report.findings} == {"there was no time left to read it"}


def test_a_flood_of_one_kind_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report("1", "r", BEGIN, END)
    for number in range(10_100):
        report.add(Finding(Kind.LOG, "b", f"{number}", Verdict.UNLISTED))
    report.add(Finding(Kind.LOG, "b", "the one", Verdict.CHANGED))
    assert report.findings[-1].key == "the one"
    assert len(report.findings) == 10_001


# What is changed after its proof


def later(world: World, first: int, last: int) -> list[str]:
    """The alerts of a run a day, without those that nothing new comes."""
    found = [alert for day in range(first, last + 1) for alert in world.run(10 + 24 * day)]
    return [alert for alert in found if "stale" not in alert.split("\n", 1)[0]]


@pytest.fixture
def aged(world: World) -> World:
    """A trail of ten hours, proven as they came."""
    world.settings(reprove_days=2)
    for hour in (5, 12):
        assert world.run(hour) == []
    return world


def test_a_log_file_removed_after_its_proof_is_found(aged: World) -> None:
    key = log(1.25, aged.store)
    aged.store.delete(SHARD.bucket, key)
    alerts = later(aged, 1, 6)
    assert len(alerts) == 1, alerts
    assert f"missing: s3://{SHARD.bucket}/{key}" in alerts[0]


@pytest.mark.parametrize("hours", [(3,), (3, 4, 5), (1,)], ids=str)
def test_digests_removed_after_their_proof_are_found(aged: World, hours: tuple[int, ...]) -> None:
    for hour in hours:
        aged.store.delete(SHARD.bucket, digest(hour))
    aged.settings(reprove_days=2, retention_days=7)
    alerts = later(aged, 1, 5)
    assert any("missing" in alert for alert in alerts)
    # Without the first, every hour that may have been before it is missing.
    assert hours == (1,) or all(digest(hour) in "".join(alerts) for hour in hours), alerts


def test_a_log_file_replaced_after_its_proof_is_found_within_two_days(aged: World) -> None:
    aged.settings(reprove_days=0)
    key = log(1.25, aged.store)
    aged.store.store(SHARD.bucket, key, Object(gzip.compress(b"{}"), modified=BEGIN + 20 * HOUR))
    alerts = later(aged, 1, 3)
    assert len(alerts) == 1, alerts
    assert f"changed: s3://{SHARD.bucket}/{key}" in alerts[0]


def test_a_digest_replaced_after_its_proof_is_found_within_two_days(aged: World) -> None:
    aged.settings(reprove_days=0)
    found = aged.store.get(SHARD.bucket, digest(2))
    body = gzip.compress(b"{}")
    put_back = replace(found, body=body, modified=BEGIN + 20 * HOUR)
    aged.store.store(SHARD.bucket, digest(2), put_back)
    alerts = later(aged, 1, 3)
    assert len(alerts) == 1, alerts
    assert f"changed: s3://{SHARD.bucket}/{digest(2)}" in alerts[0]


def test_without_it_nobody_looks(aged: World) -> None:
    aged.settings(reprove_days=0)
    aged.store.delete(SHARD.bucket, log(1.25, aged.store))
    assert later(aged, 1, 4) == []


def test_archived_files_are_skipped_and_counted(
    aged: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in (log(1.25, aged.store), log(0.75, aged.store), digest(3), digest(4)):
        aged.store.fail(SHARD.bucket, key, "archived")
    capsys.readouterr()
    assert later(aged, 1, 3) == []
    assert metrics(capsys.readouterr().out)["ArchivedSkipped"] >= 4


def test_a_share_a_day_and_all_in_a_round(aged: World, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    minutes = []
    for day in range(1, 7):
        aged.run(10 + 24 * day)
        minutes.append(metrics(capsys.readouterr().out)["ReprovenMinutes"])
    # Half of the ten hours and the other half, then anew.
    assert 240 <= minutes[0] <= 360
    assert sum(minutes[:2]) >= 540
    assert sum(minutes[2:]) >= 540


def test_forged_digests_before_the_first_stop_no_proof_anew(aged: World) -> None:
    for number in range(5):
        aged.store.store(SHARD.bucket, SHARD.digest_key(BEGIN - (400 + number) * DAY), Object(b""))
    key = log(1.25, aged.store)
    aged.store.delete(SHARD.bucket, key)
    told = "".join(later(aged, 1, 6))
    assert f"missing: s3://{SHARD.bucket}/{key}" in told


# Files that no digest names


def test_unlisted_files_are_found_wherever_they_lie(world: World) -> None:
    root, folder = f"AWSLogs/{SHARD.account}/", SHARD.log_folder
    name = SHARD.log_key(BEGIN + 3.25 * HOUR, "AddedByHand00000")
    added = [
        name.replace("2026/01/10", "2099/01/01").replace("20260110T", "20990101T"),
        name.replace("2026/01/10", "2026/1/1"),
        name.replace("2026/01/10", "2025/01/10").replace("20260110T", "20250110T"),
        name.replace("2026/01/10", "2026/01/09"),
        name.replace(".json.gz", ".json"),
        name.replace(".json.gz", ".json.gz.bak"),
        name.replace("2026/01/10", "2026/01/10/more"),
        f"{folder}2026/01/10/",
        f"{folder}x",
        f"{SHARD.digest_folder}2026/1/1/{digest(5).rpartition('/')[2]}",
        f"{SHARD.digest_folder}x.json.gz",
        SHARD.digest_key(BEGIN + 9_999 * DAY),
        SHARD.digest_key(BEGIN - 900 * DAY),
        f"{root}CloudTrail/x.json.gz",
    ]
    folders = [
        f"{root}CloudTrail/no-region/",
        f"{root}CloudTrail/us-east-12345/",
        f"AWSLogs/999999999999/CloudTrail/{SHARD.region}/",
    ]
    written = {"modified": BEGIN + 1.5 * HOUR}
    for key in added:
        world.store.store(SHARD.bucket, key, Object(b"x", **written))  # type: ignore[arg-type]
    for key in folders:
        world.store.store(SHARD.bucket, f"{key}2026/01/10/x.json.gz", Object(b"x"))
    told = "".join(world.run(6))
    missed = [key for key in [*added, *folders] if f"s3://{SHARD.bucket}/{key} (" not in told]
    assert missed == []
    # Once, though every day is looked at.
    assert [a for a in later(world, 1, 3) if "stray" in a or "unlisted" in a] == []


def test_a_neighbour_with_a_trail_of_its_own_is_no_finding(world: World) -> None:
    other = replace(SHARD, account="999999999999", trail_name="theirs")
    key = tampering.keys().of(SHARD.region)
    write_range(world.store.put, other, key, BEGIN, BEGIN + 2 * HOUR, lambda _: [])
    world.store.store(SHARD.bucket, f"AWSLogs/{other.account}/vpcflowlogs/x", Object(b"x"))
    world.store.store(SHARD.bucket, other.log_folder + "2026/01/10/x", Object(b"x"))
    assert world.run(6) == []


def test_a_file_at_the_windows_edge_is_found(world: World) -> None:
    """Too new to be judged by one run, out of range for the next."""
    for hour in (6, 7, 8):
        world.run(hour)
    # The oldest minute that the next run looks at, written this minute.
    added = SHARD.log_key(BEGIN + 2.5 * HOUR, "AddedByHand00000")
    world.store.store(SHARD.bucket, added, Object(b"x", modified=BEGIN + 8 * HOUR))
    told = "".join(alert for hour in (8.1, 9, 10, 11, 35, 59) for alert in world.run(hour))
    assert f"unlisted log: s3://{SHARD.bucket}/{added}" in told


def test_a_sweep_goes_on_where_it_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_MOST_LOOKED_AT", 50)
    last = f"{SHARD.log_folder}zzz"
    world.store.store(SHARD.bucket, last, Object(b"x"))
    told = []
    for hour in (6, 7, 8):
        told.append(any(last in alert for alert in world.run(hour)))
    assert told == [False, False, True]
    assert world.checkpoint()["after"] == ""


# Messages


NOWS = ("2099-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:00", "", "x", None, 7)  # fmt: skip


def test_a_message_does_not_say_what_time_it_is(world: World) -> None:
    world.run(6)
    world.clock = BEGIN + 7 * HOUR
    for now in NOWS:
        world.deliver({**json.loads(asked(7)), "now": now})
        assert world.until() <= 5.5, now
    assert world.run(8) == []
    assert world.until() == 6.5


def test_neither_does_an_event(world: World) -> None:
    world.run(6)
    from reactor.digest import scheduled

    scheduled.handler({"scheduled_time": "2099-01-01T00:00:00Z"})
    (message,) = world.messages(world.work)
    assert message["now"] == "2026-01-10T06:00:00Z"


PLACES: dict[str, dict[str, object]] = {
    "another trail": {"trail": "other_us-east-1"},
    "another account": {"account": "999999999999"},
    "no account": {"account": "../x"},
    "another Region": {"region": "eu-west-3"},
    "no Region": {"region": ""},
    "the function's own notes": {"account": "around", "region": ""},
    "a list": {"account": ["111122223333"]},
    "nothing": {"account": None, "region": None},
}


BODIES_OF_MESSAGES = ("", "[]", "null", '"x"', "{}", "[" * 99_999, "7")


def test_a_message_names_no_place_that_was_not_found(world: World) -> None:
    world.run(6)
    before = len(world.dynamodb.scan(TableName="proofs")["Items"])
    for told, given in PLACES.items():
        assert world.deliver({**json.loads(asked(7)), **given}) == ["0"], told
    for body in BODIES_OF_MESSAGES:
        assert world.deliver(body, asked(6)) == ["0"], body[:9]
    assert len(world.dynamodb.scan(TableName="proofs")["Items"]) == before


# Silence


def second_region(world: World, hours: int) -> None:
    other = replace(SHARD, region="eu-west-1")
    key = tampering.keys().of(other.region)

    def put_then(stored: Stored) -> None:
        world.store.put(stored, BEGIN + 1 * HOUR)

    write_range(put_then, other, key, BEGIN, BEGIN + hours * HOUR, lambda _: [])


def age(world: World, hour: float, capsys: pytest.CaptureFixture[str]) -> float:
    capsys.readouterr()
    world.run(hour)
    return metrics(capsys.readouterr().out)["ProofAgeMinutes"]


def test_one_lively_region_hides_no_silent_one(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    second_region(world, 5)
    for hour in (6, 8, 10):
        world.run(hour)
    capsys.readouterr()
    world.run(11)
    said = capsys.readouterr().out
    assert metrics(said)["ProofAgeMinutes"] == 360
    last = [each for each in caplog.records if each.message == "oldest proof"][-1]
    assert vars(last)["region"] == "eu-west-1"


def test_a_region_whose_proof_fails_grows_silent(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    second_region(world, 10)
    world.run(6)
    ages = []
    for hour in (8, 10, 12):
        capsys.readouterr()
        world.start(hour)
        ages.append(metrics(capsys.readouterr().out)["ProofAgeMinutes"])
        lively = [m for m in world.messages(world.work) if m["region"] == SHARD.region]
        world.deliver(*lively)
    assert ages == [180, 300, 420]


def test_a_folder_that_somebody_made_keeps_no_alarm_up(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    key = f"AWSLogs/{SHARD.account}/CloudTrail/us-west-9/2026/01/10/x.json.gz"
    world.store.store(SHARD.bucket, key, Object(b"x"))
    told = "".join(alert for hour in (6, 7, 8, 9, 10, 11) for alert in world.run(hour))
    assert "us-west-9" in told
    assert age(world, 12, capsys) < 240


def test_many_folders_are_no_flood_of_messages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactor.digest.places._MOST_REGIONS", 8)
    for number in range(20):
        key = f"AWSLogs/{SHARD.account}/CloudTrail/us-many-{number}/x"
        world.store.store(SHARD.bucket, key, Object(b"x"))
    assert world.start(6)["shards"] == 8
