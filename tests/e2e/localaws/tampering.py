"""What can be done to a trail's files, a case each, and what validators must say of it.

`python -m tests.e2e.localaws.tampering` runs them all and prints a table: ours, the AWS CLI's.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from unittest import mock

from reactor.digest.engine import Engine
from reactor.digest.names import Shard
from reactor.digest.transport import Limits, Transport
from reactor.digest.validation import Span, validate
from reactor.digest.verdicts import Cover, Report, Verdict

from localaws.cloudtrail.trailwriter import (
    LogBody,
    SigningKey,
    SigningKeys,
    log_body,
    write_backfill,
    write_range,
)
from localaws.cloudtrail.trailwriter.files import sign_digest
from tests.e2e.localaws import aws_cli
from tests.harness.object_store import Object, ObjectStore, served

BEGIN = datetime(2026, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 10
START, END = BEGIN + 1.5 * HOUR, BEGIN + 9 * HOUR
NOW = END + 30 * HOUR
SHARD = Shard("trail-logs", "111122223333", "us-east-1", "main_trail-1", "us-east-1")
ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main_trail-1"
REPLICA = "trail-logs-replica"
ORGANIZATION = "o-exampleorgid"


@dataclass(frozen=True)
class Case:
    """A change to the files, and what must be found.

    `failures` are the objects' verdicts but valid, `intervals` those but covered, as hours after
    the first digest's start. `cli_exit` is what the AWS CLI ends with, right or wrong.
    """

    name: str
    change: Callable[[ObjectStore], object]
    failures: Mapping[Verdict, int] = field(default_factory=dict)
    intervals: tuple[tuple[Cover, float, float], ...] = ()
    cli_exit: int = 1
    start: datetime = START
    end: datetime = END
    shard: Shard = SHARD
    replicas: Mapping[str, str] = field(default_factory=dict)
    cli_arguments: tuple[str, ...] = ("--s3-bucket", SHARD.bucket)

    @property
    def proven(self) -> bool:
        """Whether everything is."""
        return not self.failures and not self.intervals


@cache
def keys() -> SigningKeys:
    """The Regions' keys: making one takes longer than all else."""
    return SigningKeys()


@cache
def body(number: int) -> LogBody:
    """A log file with a few events."""
    return log_body(
        [{"eventID": f"{number}-{i}", "eventTime": "2026-01-10T00:00:00Z"} for i in range(20)]
    )


def trail(shard: Shard = SHARD, stop: tuple[float, float] | None = None) -> ObjectStore:
    """Ten hours of a trail, stopped and started again where so given."""
    store = ObjectStore()
    store.keys = keys()
    store.buckets = {bucket: dict(objects) for bucket, objects in _made(shard, stop).items()}
    return store


@cache
def _made(shard: Shard, stop: tuple[float, float] | None) -> dict[str, dict[str, Object]]:
    store = ObjectStore()
    key = keys().of(shard.region)

    def bodies(slot: datetime) -> list[LogBody]:
        return [body(slot.minute)]

    if stop is None:
        write_range(store.put, shard, key, BEGIN, BEGIN + HOURS * HOUR, bodies)
    else:
        off, on = stop
        write_range(store.put, shard, key, BEGIN, BEGIN + off * HOUR, bodies)
        write_range(store.put, shard, key, BEGIN + on * HOUR, BEGIN + HOURS * HOUR, bodies)
    for name, found in list(store.buckets[shard.bucket].items()):
        time = re.search(r"_(\d{8}T\d{4})", name)
        assert time
        written = datetime.strptime(time[1], "%Y%m%dT%H%M").replace(tzinfo=UTC)
        store.store(shard.bucket, name, replace(found, modified=written))
    return store.buckets


def digest(hour: int, shard: Shard = SHARD) -> str:
    """The key of the digest that ends that many hours after the first one's start."""
    return shard.digest_key(BEGIN + hour * HOUR)


def log(hour: float, store: ObjectStore) -> str:
    """The key of the log file of that time."""
    time = BEGIN + hour * HOUR
    return store.list(SHARD.bucket, f"_CloudTrail_us-east-1_{time:%Y%m%dT%H%MZ}")[0]


def delete(*hours: int) -> Callable[[ObjectStore], object]:
    def change(store: ObjectStore) -> None:
        for hour in hours:
            store.delete(SHARD.bucket, digest(hour))

    return change


def flip_bit(store: ObjectStore) -> None:
    """One event of a log file is another one."""
    key = log(5.25, store)
    found = store.get(SHARD.bucket, key)
    content = gzip.decompress(found.body)
    altered = content.replace(b"15-7", b"15-8", 1)
    assert altered != content
    store.store(SHARD.bucket, key, replace(found, body=gzip.compress(altered)))


def append(store: ObjectStore) -> None:
    """Bytes after the end of a log file, which a careless reader reads."""
    key = log(5.25, store)
    found = store.get(SHARD.bucket, key)
    store.store(SHARD.bucket, key, replace(found, body=found.body + gzip.compress(b"{}")))


def truncate(store: ObjectStore) -> None:
    key = log(5.25, store)
    found = store.get(SHARD.bucket, key)
    store.store(SHARD.bucket, key, replace(found, body=found.body[:-9]))


def add_log(store: ObjectStore) -> None:
    """A log file that CloudTrail never delivered, written when its name says."""
    key = SHARD.log_key(BEGIN + 5.25 * HOUR, "AddedByHand00000")
    found = store.get(SHARD.bucket, log(5.25, store))
    store.store(SHARD.bucket, key, found)


def add_log_later(store: ObjectStore) -> None:
    """The same, written a day after the time in its name."""
    key = SHARD.log_key(BEGIN + 5.25 * HOUR, "AddedByHand00000")
    found = store.get(SHARD.bucket, log(5.25, store))
    store.store(SHARD.bucket, key, replace(found, modified=NOW - 4 * HOUR))


def replace_signature(store: ObjectStore) -> None:
    mine, others = store.get(SHARD.bucket, digest(5)), store.get(SHARD.bucket, digest(6))
    store.store(SHARD.bucket, digest(5), replace(mine, metadata=others.metadata))


def remove_signature(store: ObjectStore) -> None:
    found = store.get(SHARD.bucket, digest(5))
    store.store(SHARD.bucket, digest(5), replace(found, metadata={}))


def alter_digest(key: SigningKey | None, **members: str) -> Callable[[ObjectStore], object]:
    """Other members in the digest of the sixth hour; signed anew where a key is given."""

    def change(store: ObjectStore) -> None:
        found = store.get(SHARD.bucket, digest(6))
        document = json.loads(gzip.decompress(found.body)) | members
        if key is None:
            content = gzip.compress(json.dumps(document).encode())
            store.store(SHARD.bucket, digest(6), replace(found, body=content))
        else:
            document["digestPublicKeyFingerprint"] = key.fingerprint
            stored, _ = sign_digest(document, key)
            store.put(stored)

    return change


def sign_with_another_key(store: ObjectStore) -> None:
    """Attackers sign with a key of theirs, and name CloudTrail's fingerprint."""
    found = store.get(SHARD.bucket, digest(6))
    document = json.loads(gzip.decompress(found.body))
    document["logFiles"] = []
    store.put(sign_digest(document, SigningKey.make())[0])


def other_regions_key(store: ObjectStore) -> None:
    """A digest that another Region's key signed proves nothing here."""
    found = store.get(SHARD.bucket, digest(6))
    document = json.loads(gzip.decompress(found.body))
    other = keys().of("eu-west-1")
    document["digestPublicKeyFingerprint"] = other.fingerprint
    store.put(sign_digest(document, other)[0])


def overwrite_digest(content: bytes) -> Callable[[ObjectStore], object]:
    """Other content in the digest of the fifth hour, under its signature."""

    def change(store: ObjectStore) -> None:
        found = store.get(SHARD.bucket, digest(5))
        store.store(SHARD.bucket, digest(5), replace(found, body=gzip.compress(content, 1)))

    return change


def foretell(store: ObjectStore) -> None:
    """A digest of the last day of all, in the folder of this one."""
    key = digest(5).replace("20260110T05", "99991231T23")
    store.store(SHARD.bucket, key, store.get(SHARD.bucket, digest(5)))


def move(store: ObjectStore) -> None:
    """The digest of an earlier hour is put in a later one's place."""
    store.store(SHARD.bucket, digest(6), store.get(SHARD.bucket, digest(4)))


def backfill(change: Callable[[ObjectStore, str], object]) -> Callable[[ObjectStore], ObjectStore]:
    """Two backfill digests, and then something else."""

    def add(store: ObjectStore) -> ObjectStore:
        key = keys().of(SHARD.region)
        chain = write_backfill(store.put, SHARD, key, BEGIN + 4 * HOUR, body(1), BEGIN + 6 * HOUR)
        chain = write_backfill(
            store.put, SHARD, key, BEGIN + 6 * HOUR, body(2), BEGIN + 8 * HOUR, chain
        )
        change(store, store.list(SHARD.bucket, "late.json.gz")[0])
        return store

    return add


def replicate(store: ObjectStore) -> None:
    store.buckets[REPLICA] = store.buckets.pop(SHARD.bucket)


def organization(store: ObjectStore) -> None:
    store.trails = [
        {
            "TrailARN": ARN,
            "S3BucketName": SHARD.bucket,
            "S3KeyPrefix": "central/logs",
            "IsOrganizationTrail": True,
        }
    ]


def fault(name: str, what: Callable[[ObjectStore], str]) -> Callable[[ObjectStore], object]:
    return lambda store: store.fail(SHARD.bucket, what(store), name)


def untouched(_: ObjectStore, *__: object) -> None:
    """Nothing."""


MEMBER = replace(SHARD, account="444455556666", prefix="central/logs", organization_id=ORGANIZATION)
FOREIGN = "0" * 64
V, C = Verdict, Cover
CASES = (
    Case("untampered", untouched, cli_exit=0),
    Case("log: one event changed", flip_bit, {V.CHANGED: 1}),
    Case("log: bytes appended", append, {V.CHANGED: 1}),
    Case("log: cut short", truncate, {V.CHANGED: 1}),
    Case("log deleted", lambda s: s.delete(SHARD.bucket, log(5.25, s)), {V.MISSING: 1}),
    Case("log added", add_log, {V.UNLISTED: 1}, cli_exit=0),
    Case("log added a day later", add_log_later, {V.UNLISTED: 1}, cli_exit=0),
    Case("digest deleted in the middle", delete(5), {V.MISSING: 1}, ((C.GAP, 4, 5),)),
    Case("two digests in a row deleted", delete(5, 6), {V.MISSING: 2}, ((C.GAP, 4, 6),)),
    Case(
        "oldest digests deleted",
        delete(1, 2, 3),
        {V.MISSING: 2},
        ((C.GAP, 1.5, 3),),
    ),
    Case("newest digest deleted", delete(9, 10), {}, ((C.STALE, 8, 9),), cli_exit=0),
    Case("newest of the range deleted", delete(9), {V.MISSING: 1}, ((C.GAP, 8, 9),)),
    Case(
        "all digests deleted", delete(*range(1, 11)), {}, ((C.STALE, 1.5, 9),), cli_exit=0
    ),
    Case("signature replaced", replace_signature, {V.FORGED: 1}, ((C.GAP, 4, 5),)),
    Case("signature removed", remove_signature, {V.FORGED: 1}, ((C.GAP, 4, 5),)),
    Case("signed by another key", sign_with_another_key, {V.CHANGED: 1}, ((C.GAP, 5, 6),)),
    Case("signed by another Region's key", other_regions_key, {V.CHANGED: 1}, ((C.GAP, 5, 6),)),
    Case(
        "previous hash altered",
        alter_digest(None, previousDigestHashValue=FOREIGN),
        {V.CHANGED: 1},
        ((C.GAP, 5, 6),),
    ),
    Case(
        "previous hash altered, validly signed",
        lambda s: alter_digest(keys().of("us-east-1"), previousDigestHashValue=FOREIGN)(s),
        {V.BROKEN_CHAIN: 2},
        cli_exit=0,
    ),
    Case(
        "previous signature altered, validly signed",
        lambda s: alter_digest(keys().of("us-east-1"), previousDigestSignature="ab" * 256)(s),
        {V.BROKEN_CHAIN: 2},
        cli_exit=0,
    ),
    Case("digest: deep JSON", overwrite_digest(b"[" * 200_000), {V.CHANGED: 1}, ((C.GAP, 4, 5),)),
    Case("digest: a bomb", overwrite_digest(bytes(80 << 20)), {V.CHANGED: 1}, ((C.GAP, 4, 5),)),
    Case(
        "digest: no time of the calendar",
        alter_digest(None, digestEndTime="0001-01-01T00:00:00+23:59"),
        {V.CHANGED: 1},
        ((C.GAP, 5, 6),),
    ),
    Case("digest of a time yet to come", foretell, cli_exit=0),
    Case("digest moved", move, {V.CHANGED: 1}, ((C.GAP, 5, 6),)),
    Case("stopped and started", untouched, {}, ((C.STOPPED, 4.5, 5.75),), cli_exit=0),
    Case("range begins before the trail", untouched, {}, ((C.STOPPED, -3, 0),), cli_exit=0,
         start=BEGIN - 3 * HOUR),
    Case("log in Glacier", fault("archived", lambda s: log(5.25, s)), {V.ARCHIVED: 1}, (), 255),
    Case("digest in Glacier", fault("archived", lambda _: digest(5)), {V.ARCHIVED: 1},
         ((C.GAP, 4, 5),), 255),
    Case("log: access denied", fault("denied", lambda s: log(5.25, s)), {V.UNREADABLE: 1}, (), 255),
    Case("log: time-out", fault("hang", lambda s: log(5.25, s)), {V.UNREADABLE: 1}),
    Case("log: throttled once, cut off once", untouched),
    Case("backfill", backfill(untouched), cli_exit=0),
    Case("backfill: its log deleted", backfill(lambda s, key: s.delete(SHARD.bucket, key)),
         {V.MISSING: 1}),
    Case(
        "backfill digest deleted",
        backfill(lambda s, _: s.delete(SHARD.bucket, SHARD.digest_key(BEGIN + 4 * HOUR, True))),
        {V.MISSING: 1, V.UNLISTED: 1},
    ),
    Case("organization layout", organization, shard=MEMBER, cli_exit=0,
         cli_arguments=("--account-id", MEMBER.account)),
    Case("organization layout, bucket named", organization, shard=MEMBER, cli_exit=0,
         cli_arguments=("--account-id", MEMBER.account, "--s3-bucket", SHARD.bucket,
                        "--s3-prefix", "central/logs")),
    Case("replica", replicate, shard=replace(SHARD, bucket=REPLICA),
         replicas={SHARD.bucket: REPLICA}, cli_arguments=("--s3-bucket", REPLICA)),
)  # fmt: skip
NAMES = [case.name for case in CASES]


def prepared(case: Case) -> ObjectStore:
    """The trail, tampered with."""
    stop = (4.5, 5.75) if case.name == "stopped and started" else None
    original = SHARD if case.shard.bucket == REPLICA else case.shard
    store = trail(original, stop)
    case.change(store)
    if "throttled once" in case.name:
        store.faults[SHARD.bucket, log(5.25, store)] = ["cut", "throttled"]
    return store


def ours(case: Case, store: ObjectStore) -> Report:
    """Our report of a case."""
    # Short only where waiting is the point, and even there a busy machine is no time-out.
    patience = 3.0 if "time-out" in case.name else 30.0
    limits = Limits(connect=10, read=patience, tries=3, longest_pause=0.2)
    with mock.patch.dict("os.environ", store.environment()):
        transport = Transport("us-east-1", 8, limits)
        with closing(transport), Engine(transport, 8, case.replicas) as engine:
            return validate(engine, case.shard, Span(case.start, case.end, NOW))


def the_clis(case: Case, store: ObjectStore) -> tuple[int, str]:
    """The AWS CLI's exit code and what it says is wrong."""
    patience = "3" if "time-out" in case.name else "30"
    command = ["--cli-read-timeout", patience, "cloudtrail", "validate-logs"]
    command += ["--trail-arn", ARN, *case.cli_arguments]
    command += ["--start-time", f"{case.start:%Y-%m-%dT%H:%M:%SZ}"]
    command += ["--end-time", f"{case.end:%Y-%m-%dT%H:%M:%SZ}"]
    code, out, err = aws_cli.run(command, {**store.environment(), "AWS_MAX_ATTEMPTS": "3"})
    said = Counter(re.findall(r"INVALID: ([^:\n]{,40})", err))
    said += Counter(re.findall(r"(An error occurred \(\w+\))", err))
    said += Counter(re.findall(r"(No log files were delivered)", err))
    said += Counter(re.findall(r"(No digests found|No valid digests)", out))
    return code, ", ".join(f"{n} {what}" for what, n in said.items()) or "valid"


def told(report: Report) -> str:
    """What a report finds, in few words."""
    parts = [f"{n} {verdict}" for verdict, n in sorted(report.failures.items())]
    for each in report.intervals:
        if each.cover is not Cover.COVERED:
            parts.append(f"{each.cover} {each.start:%H:%M} to {each.end:%H:%M}")
    return ", ".join(parts) or "proven"


def right(case: Case, report: Report) -> bool:
    """Whether a report finds what it must, and nothing else."""
    intervals = tuple(
        (each.cover, (each.start - BEGIN) / HOUR, (each.end - BEGIN) / HOUR)
        for each in report.intervals
        if each.cover is not Cover.COVERED
    )
    return (
        report.failures == dict(case.failures)
        and intervals == case.intervals
        and report.proven == case.proven
    )


def main() -> int:
    """Print the table."""
    wrong = 0
    print(f"{'case':<43} {'ours':<58} {'':>4} AWS CLI")
    for case in CASES:
        with served(prepared(case)) as store:
            report = ours(case, store)
        with served(prepared(case)) as store:
            code, said = the_clis(case, store)
        good = right(case, report)
        wrong += not good
        print(
            f"{case.name:<43} {told(report):<58} {int(not report.proven)}{' ' if good else '!'} | "
            f"{code:<3} {said}"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
