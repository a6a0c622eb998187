"""Replay of log files against rules, end to end: from .json.gz to hits.

    make bench BENCH=replay

The same generated log files go through `trailctl replay`'s scan and through moto's and ministack's
matchers, turn by turn in one process; the two get the quickest ordinary way from file to event
(gzip, json) and as many records as keep the run short, since each takes them the same time. Ours
with 3,000 rules stands beside ours with 30. The command itself runs over many small files, with one
job and with two, and over an S3 prefix that takes 30 ms a request, beside boto3 that reads one
object after the other. What a step of replay
takes by itself: python -m tests.benchmarks.bench_replay
"""

from __future__ import annotations

import gc
import gzip
import json
import os
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from reactor.detections import Known
from reactor.patterns.envelope import envelope

from tests.benchmarks.bench_patterns import make_events, make_rules, ministack, moto
from tests.benchmarks.measuring import Figure, Line, Row, Used, call, command, compiled
from tests.harness.object_store import Object, ObjectStore, served
from trailctl.replay.rules import Rule
from trailctl.replay.scan import Scanner, unpacked
from trailctl.replay.tally import Tallier, Tally

ROOT = Path(__file__).resolve().parents[2]
MUST = {"ministack": 9.0, "moto": 50.0}
AIM = {"ministack": 40.0, "moto": 400.0}
KEPT = 0.8  # of the rate with 30 rules, with 3,000
RECORDS = 60_000
FILES, OBJECTS = 20_000, 300
_PER_FILE = 180  # records in a log file of a busy Region
_FEW = 3  # records in a log file of a quiet one
Files = Sequence[bytes]


def log_files(folder: Path, records: int) -> list[Path]:
    """Log files of so many records, always the same ones."""
    rng = random.Random(3)
    details = [event["detail"] for event in make_events(records)]
    paths = []
    for start in range(0, records, _PER_FILE):
        found = details[start : start + _PER_FILE]
        for number, record in enumerate(found, start):
            _complete(record, number, rng)
        path = folder / f"111122223333_CloudTrail_eu-west-1_{start:08}.json.gz"
        text = json.dumps({"Records": found}, separators=(",", ":")).encode()
        path.write_bytes(gzip.compress(text, 6))
        paths.append(path)
    return paths


def _complete(record: dict[str, Any], number: int, rng: random.Random) -> None:
    """What a record of the kind has and rules seldom look at, as random as it is in life."""
    who = record["userIdentity"]
    role = who["sessionContext"]["sessionIssuer"]["userName"]
    seconds = number * 86_400 // 260_000 % 86_400
    session = f"i-0{rng.getrandbits(64):016x}"
    who["principalId"] = f"AROAEXAMPLE{role.upper()}:{session}"
    who["arn"] = f"arn:aws:sts::111122223333:assumed-role/{role}/{session}"
    who["accessKeyId"] = f"ASIA{rng.getrandbits(64):016X}"
    who["sessionContext"]["sessionIssuer"] |= {
        "principalId": f"AROAEXAMPLE{role.upper()}",
        "arn": f"arn:aws:iam::111122223333:role/{role}",
        "accountId": "111122223333",
    }
    who["sessionContext"]["attributes"]["creationDate"] = "2030-05-01T09:58:11Z"
    record["eventTime"] = (
        f"2030-05-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"
    )
    record["userAgent"] = "aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux m/E"
    record["requestID"] = f"{rng.getrandbits(128):032x}"
    record["eventID"] = f"{rng.getrandbits(128):032x}"
    record["tlsDetails"]["clientProvidedHostHeader"] = "ec2.eu-west-1.amazonaws.com"
    if not record["readOnly"]:
        record["responseElements"] = {"requestId": record["requestID"], "_return": True}


def ours(rules: dict[str, dict[str, Any]]) -> Callable[[Files], int]:
    """Replay's scan: files to the number of hits."""
    scanner = Scanner(rules)

    def run(files: Files) -> int:
        hits = 0

        def hit(number: int, head: Any, names: frozenset[str] | set[str]) -> None:
            nonlocal hits
            hits += len(names)

        for data in files:
            scanner.scan(scanner.open(unpacked(data)), hit)
        return hits

    return run


def counted(rules: dict[str, dict[str, Any]]) -> Callable[[Files], int]:
    """All that the command does but to show it."""
    tallier = Tallier([Rule(name, json.dumps(each)) for name, each in rules.items()], [], Known())

    def run(files: Files) -> int:
        tally = Tally()
        for data in files:
            tallier.count(unpacked(data), tally)
        return sum(rule.matches for rule in tally.rules.values())

    return run


def theirs(match: Callable[[dict[str, Any]], set[str]]) -> Callable[[Files], int]:
    """Another matcher, with the standard library's way from a file to events."""

    def run(files: Files) -> int:
        hits = 0
        for data in files:
            for record in json.loads(gzip.decompress(data))["Records"]:
                hits += len(match(envelope(record)))
        return hits

    return run


def first_of(files: Files, records: int) -> list[bytes]:
    """Files with about the first so many records."""
    if records >= _PER_FILE:
        return list(files[: records // _PER_FILE])
    found = json.loads(gzip.decompress(files[0]))["Records"][:records]
    return [gzip.compress(json.dumps({"Records": found}).encode())]


def number_of(files: Files) -> int:
    """How many records files have."""
    return sum(len(json.loads(gzip.decompress(data))["Records"]) for data in files)


class Rate:
    """A run over files and what it takes: for a record, as the others can't take as many."""

    def __init__(self, run: Callable[[Files], int], files: Files) -> None:
        self._run, self._files = run, files
        self._records = number_of(files)
        run(files[:20])  # what kinds of records there are, is learned once

    def used(self) -> Used:
        """Seconds a million records."""
        gc.collect()
        used = call(lambda: self._run(self._files))
        each = 1e6 / self._records
        return Used(used.wall * each, used.cpu * each)


def lines(rounds: int) -> Iterator[Line]:
    """What was measured, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        files = [path.read_bytes() for path in log_files(Path(folder), RECORDS)]
    yield from matchers(files, rounds)
    yield from many_files(rounds)
    yield from objects(rounds)


def matchers(files: Files, rounds: int) -> Iterator[Line]:
    """Ours and others with 30 and 3,000 rules; seconds are for a million records."""
    kept = Row("replay", "3,000 rules beside 30", must=0.55, aim=KEPT, cpu_only=True)
    told = Row("replay", "30 rules, hits counted, beside hits alone", must=0.6, cpu_only=True)
    few: list[Used] = []
    for count in (30, 3000):
        rules = make_rules(count)
        own = Rate(ours(rules), files)
        whole = Rate(counted(rules), files)
        others = {
            "ministack": Rate(theirs(ministack(rules)), first_of(files, 540_000 // count)),
            "moto": Rate(theirs(moto(rules)), first_of(files, 54_000 // count)),
        }
        rows = {
            name: Row("replay", f"{count:,} rules beside {name}", must=MUST[name], aim=AIM[name],
                      cpu_only=True)
            for name in others
        }  # fmt: skip
        for number in range(rounds):
            used = own.used()
            for name, other in others.items():
                rows[name].add(used, other.used())
            if count == 30:
                few.append(used)
                told.add(whole.used(), used)
            else:
                kept.add(used, few[number])
        yield from rows.values()
        if count == 30:
            yield told
    yield kept


def small_files(folder: Path) -> None:
    """A trail's folder of many files with few records each."""
    rng = random.Random(3)
    records = [event["detail"] for event in make_events(1_000 * _FEW)]
    for number, record in enumerate(records):
        _complete(record, number, rng)
    texts = [
        gzip.compress(json.dumps({"Records": records[n : n + _FEW]}).encode(), 6)
        for n in range(0, len(records), _FEW)
    ]
    for number in range(FILES):
        place = folder / f"CloudTrail/eu-west-1/2030/05/{number // 1_000:03}"
        place.mkdir(parents=True, exist_ok=True)
        name = f"111122223333_CloudTrail_eu-west-1_{number:08}.json.gz"
        (place / name).write_bytes(texts[number % len(texts)])


def many_files(rounds: int) -> Iterator[Line]:
    """The command over a folder, with one job and with two."""
    row = Row("replay", f"{FILES:,} small files, two jobs beside one", must=1.7, must_cpu=0.85)
    hundred = Figure("replay", "100,000 small files, two jobs (from 20,000)", "s", must=60)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_files(folder / "logs")
        variables = compiled({**os.environ, "COLUMNS": "160"}, str(folder / "compiled"))
        replay = [
            str(ROOT / ".venv" / "bin" / "trailctl"),
            "replay",
            str(folder / "logs"),
            "--jobs",
        ]
        command([*replay, "1"], variables)  # compiles
        for _ in range(rounds):
            one, two = (
                command([*replay, jobs], variables, says=f"{FILES:,} files") for jobs in ("1", "2")
            )
            row.add(two, one)
            hundred.values.append(two.wall * 100_000 / FILES)
    yield row
    yield hundred


def objects(rounds: int) -> Iterator[Line]:
    """Objects of a bucket that takes 30 ms a request, read ahead and one by one."""
    import boto3

    from trailctl.replay.sources import Bucket

    row = Row("replay", f"{OBJECTS} objects of S3 at 30 ms, beside one by one", must=10, aim=20,
              must_cpu=2)  # fmt: skip
    texts = {f"AWSLogs/{n:05}.json.gz": os.urandom(20_000) for n in range(OBJECTS)}
    with served(ObjectStore(latency=0.03)) as store:
        for key, text in texts.items():
            store.store("logs", key, Object(text))
        os.environ.update(store.environment())
        client = boto3.client("s3")

        def ahead() -> None:
            bucket = Bucket(None, None)
            found = bucket.list("s3://logs/AWSLogs/")
            assert [chunk.data for chunk in bucket.chunks(found)] == [*texts.values()]
            bucket.close()

        def one_by_one() -> None:
            listed = client.list_objects_v2(Bucket="logs", Prefix="AWSLogs/")["Contents"]
            for each in listed:
                body = client.get_object(Bucket="logs", Key=each["Key"])["Body"].read()
                assert body == texts[each["Key"]]

        for _ in range(min(rounds, 3)):
            row.add(call(ahead), call(one_by_one))
    yield row


def profile() -> None:
    """Microseconds of the processor a record: gunzip, heads, match, counting; the least of many."""
    with tempfile.TemporaryDirectory() as folder:
        files = [path.read_bytes() for path in log_files(Path(folder), 20_000)]
    texts = [unpacked(data) for data in files]
    print(
        f"{'rules':>6}{'gunzip':>9}{'decode':>9}{'match':>9}{'count':>9}{'whole':>9}  us a record"
    )
    for count in (30, 3000):
        rules = make_rules(count)
        scanner, whole = Scanner(rules), counted(rules)

        def scan(scanner: Scanner = scanner) -> None:
            for text in texts:
                scanner.scan(scanner.open(text), lambda *_: None)

        def heads(scanner: Scanner = scanner) -> None:
            gc.disable()
            for text in texts:
                scanner.projection.heads(text)
            gc.enable()

        def all_of_it(whole: Callable[[Files], int] = whole) -> None:
            whole(files)

        scan()
        steps: tuple[Callable[[], object], ...] = (
            lambda: [*map(unpacked, files)],
            *(heads, scan, all_of_it),
        )
        taken: list[list[float]] = [[] for _ in steps]
        for _ in range(9):
            for step, found in zip(steps, taken, strict=True):
                found.append(call(step).cpu / 20_000 * 1e6)
        gunzip, decoded, scanned, ended = (statistics.quantiles(each, n=4)[0] for each in taken)
        parts = (gunzip, decoded, scanned - decoded, ended - scanned - gunzip, ended)
        print(f"{count:>6,}" + "".join(f"{part:>9.2f}" for part in parts))


if __name__ == "__main__":
    profile()
