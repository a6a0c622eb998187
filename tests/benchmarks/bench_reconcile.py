"""What reconciliation's byte filter saves: an hour of a busy account, with 30 rules.

    make bench BENCH=reconcile

60 log files of 180 records each, as Lambda has them: the standard library alone. Ours is what
reconciliation does; theirs decodes every record and asks the same rules. Both must find the same.
"""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

from reactor.patterns import RuleSet
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope
from reactor.reconcile.scan import ByteScanner

from tests.benchmarks.bench_digest import record
from tests.benchmarks.bench_patterns import make_events, make_rules
from tests.benchmarks.measuring import Figure, Line, Row, call

FILES, RECORDS = 60, 180
# So many records of a thousand come from the mix that rules are about, or are such as they match.
SHARES = {
    "an hour of reads, 1 in 1,000 of a mix with writes": (1, False),
    "1 in 100 of that mix": (10, False),
    "1 in 10 of that mix": (100, False),
    "1 in 100 matches": (10, True),
    "1 in 10 matches": (100, True),
}
MUST, AIM = 2.0, 5.0


def hour(share: int, matching: RuleSet | None = None) -> list[bytes]:
    """The files of an hour, as they lie in S3; with `matching`, what is mixed in are matches."""
    chance = random.Random(share)
    events = make_events(2_000 if matching is None else 20_000)
    mixed = [each["detail"] for each in events if matching is None or matching.match(each)]
    files = []
    for _ in range(FILES):
        records: list[dict[str, Any]] = [
            chance.choice(mixed) if chance.randrange(1_000) < share else record(chance, number)
            for number in range(RECORDS)
        ]
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        files.append(gzip.compress(text, 6))
    return files


def lines(rounds: int) -> Iterator[Line]:
    """What was measured, a line each; memory is the most that Python held beside the files."""
    patterns = {name: json.dumps(pattern) for name, pattern in make_rules(30).items()}
    scanner, rules = ByteScanner(patterns, frozenset()), RuleSet(patterns)
    for what, (share, matches) in SHARES.items():
        files = hour(share, rules if matches else None)
        found: dict[str, int] = {}

        def ours(files: list[bytes] = files, found: dict[str, int] = found) -> None:
            found["ours"] = sum(
                len(names)
                for file in files
                for _, _, names in scanner.matches(gzip.decompress(file))
            )

        def theirs(files: list[bytes] = files, found: dict[str, int] = found) -> None:
            found["theirs"] = sum(
                len(rules.match(envelope(each)))
                for file in files
                for each in load_event(gzip.decompress(file))["Records"]
            )

        row = Row("reconcile", what, must=MUST, aim=AIM, cpu_only=True)
        speed = Figure("reconcile", f"{what}: 1,000 records/s a core", "k/s", [])
        for _ in range(rounds):
            mine = call(ours)
            row.add(mine, call(theirs))
            speed.values.append(FILES * RECORDS / mine.cpu / 1_000)
        if found["ours"] != found["theirs"]:
            raise SystemExit(f"they find different things: {found}")
        yield row
        yield speed
    tracemalloc.start()
    ours()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    yield Figure("reconcile", "memory for an hour", "MB", [peak], must=40)
