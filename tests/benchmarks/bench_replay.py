"""Replay of log files against rules, end to end: from .json.gz to hits, on one core.

    make bench BENCH=replay     or: python tests/benchmarks/bench_replay.py [--records 200000]

The same generated log files go through `trailctl replay`'s scan and through moto's and ministack's
matchers, turn by turn in one process; the two get the quickest ordinary way from file to event
(gzip, json) and as many records as keep the run short, since each takes them the same time.
Figures are medians of the processor's time. The shares tell where replay's time goes: gunzip,
decode (of those fields that rules read) and match. `counted` is the whole of what the command does
with hits: days, principals, examples. Exits 1 below what must be.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reactor.detections import Known

from tests.benchmarks.bench_patterns import make_events, make_rules, ministack, moto
from trailctl.replay.project import envelope
from trailctl.replay.rules import Rule
from trailctl.replay.scan import Scanner, unpacked
from trailctl.replay.tally import Tallier, Tally

MUST = {"ministack": 9.0, "moto": 50.0}
AIM = {"ministack": 30.0, "moto": 180.0}
AIM_RATE = 200_000
_PER_FILE = 180  # records in a log file of a busy Region
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
            scanner.scan(unpacked(data), hit)
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


def seconds(call: Callable[[], Any]) -> float:
    """The processor's time for a call."""
    gc.collect()
    begun = time.process_time()
    call()
    return time.process_time() - begun


def shares(rules: dict[str, dict[str, Any]], files: Files, whole: float) -> str:
    """What part of the whole's time gunzip and decode take by themselves; match is the rest."""
    scanner = Scanner(rules)
    texts = [unpacked(data) for data in files]
    gunzip = statistics.median(seconds(lambda: [*map(unpacked, files)]) for _ in range(3))

    def decode() -> None:
        gc.disable()
        for text in texts:
            scanner.projection.heads(text)
        gc.enable()

    decoding = statistics.median(seconds(decode) for _ in range(3))
    parts = (("gunzip", gunzip), ("decode", decoding), ("match", whole - gunzip - decoding))
    return ", ".join(f"{name} {max(0.0, part) / whole:.0%}" for name, part in parts)


def main() -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measures replay against other matchers.")
    parser.add_argument("--records", type=int, default=200_000, help="default 200,000")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    options = parser.parse_args()
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        paths = log_files(Path(folder), options.records)
        files = [path.read_bytes() for path in paths]
    size = sum(map(len, files)) / options.records
    raw = sum(len(unpacked(data)) for data in files) / options.records
    print(
        f"{options.records:,} records in {len(files):,} files, {raw:,.0f} bytes each, {size:,.0f} "
        f"zipped; one core, median of {options.rounds} rounds"
    )
    print(f"{'rules':>6} {'matcher':<10} {'records/s':>10} {'us':>9} {'ours is':>9}  hits a record")
    for count in (30, 3000):
        rules = make_rules(count)
        runs = {
            "ours": (ours(rules), files),
            "counted": (counted(rules), files),
            "ministack": (theirs(ministack(rules)), first_of(files, 540_000 // count)),
            "moto": (theirs(moto(rules)), first_of(files, 54_000 // count)),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        runs["ours"][0](files[:20])  # what kinds of records there are, is learned once
        runs["counted"][0](files[:20])
        for _ in range(options.rounds):
            for name, (run, some) in runs.items():
                times[name].append(seconds(lambda run=run, some=some: run(some)))  # type: ignore[misc]
        rates = {}
        for name, (run, some) in runs.items():
            rates[name] = number_of(some) / statistics.median(times[name])
            ratio = rates["ours"] / rates[name]
            hits = run(some[:1]) / number_of(some[:1])
            told = f"{ratio:8.1f}x  {hits:.2f}"
            if name in MUST:
                told += f"; must {MUST[name]:g}x, aim {AIM[name]:g}x"
                if ratio < MUST[name]:
                    missed.append(f"{count} rules: {ratio:.1f}x {name}, not {MUST[name]:g}x")
            print(f"{count:>6,} {name:<10} {rates[name]:>10,.0f} {1e6 / rates[name]:>9.2f} {told}")
        whole = statistics.median(times["ours"])
        told = "reached" if rates["ours"] >= AIM_RATE else "not reached here"
        print(f"       {shares(rules, files, whole)}; aim {AIM_RATE:,} records/s: {told}")
    for each in missed:
        print(f"bench_replay: not what must be: {each}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
