"""Replay's quick scan against a slow matcher, over rules and records made at random.

    python -m tests.unit.replay.differential [--pairs 1000000] [--seed 1]

Records are written as JSON may be written: with escapes, white space, members in any order, a mark
at the beginning, several gzip members. Rules pin names and sources as rules do, or don't, and ask
all that a pattern can ask. Each record meets each rule of its round; what the scan finds must be
what the slow matcher finds, one pair at a time. Exits 1 at the first difference, and shows it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from itertools import pairwise
from typing import Any

from reactor.patterns.digits import NumberText
from reactor.patterns.envelope import envelope

from tests.unit.patterns.reference import matches
from trailctl.replay.scan import Scanner, unpacked

RULES, RECORDS = 25, 40

_SERVICES = ["ec2", "iam", "s3", "signin", "kms"]
_NAMES = [
    "RunInstances",
    "StopLogging",
    "CreateUser",
    "PutObject",
    "Run/It",
    "Ünstop",
    'a"b',
    "Run",
]
_TEXTS = [
    *(
        "Root",
        "AssumedRole",
        "IAMUser",
        "root",
        "role/admin",
        "role/adm",
        "Zoë",
        "日本",
        "tab\tbed",
    ),
    *(
        "a\\b",
        'say "no"',
        "",
        "true",
        "22",
        "arn:aws:iam::111122223333:role/x",
        "x",
        "RunInstances",
    ),
    *("eventName", "0.0.0.0/0", "\u2028line", "\U0001f600", "Kelvin \u212a", "K"),
]
_KEYS = ["name", "type", "arn", "items", "port", "cidrIp", "eventName", "userName", "ключ", "a/b"]
_NUMBERS = [0, 1, 22, 443, -1, 2.5, 1e3]
_PLAIN = [None, True, False]
_ADDRESSES = ["198.51.100.7", "10.0.0.1", "10.0.0.200", "ec2.amazonaws.com"]


def record(rng: random.Random, odd: bool) -> dict[str, Any]:
    """A record; where it is to be odd, some member may hold what does not belong there."""
    made: dict[str, Any] = {
        "eventTime": f"2026-03-0{rng.randint(1, 9)}T08:00:00Z",
        "eventSource": rng.choice(_SERVICES) + ".amazonaws.com",
        "eventName": rng.choice(_NAMES),
        "awsRegion": rng.choice(["eu-west-1", "us-east-1"]),
        "sourceIPAddress": rng.choice(_ADDRESSES),
        "userIdentity": {
            "type": rng.choice(_TEXTS[:4]),
            "arn": rng.choice(_TEXTS),
            "sessionContext": {"sessionIssuer": {"userName": rng.choice(_TEXTS)}},
        },
        "requestParameters": rng.choice([None, _tree(rng, 3), _tree(rng, 4)]),
        "readOnly": rng.choice([True, False, "true", *((0, 1) if odd else ())]),
        "eventType": rng.choice(
            ["AwsApiCall", "AwsApiCall", "AwsConsoleSignIn", "AwsServiceEvent"]
        ),
        "managementEvent": True,
        "eventCategory": rng.choice(["Management", "Data"]),
        "recipientAccountId": "111122223333",
    }
    if rng.random() < 0.3:
        made["errorCode"] = rng.choice(["AccessDenied", "Client.Denied", "", None])
    if rng.random() < 0.2:
        made["responseElements"] = _tree(rng, 2)
    if rng.random() < 0.1:
        del made[rng.choice([key for key in made if key != "eventTime"])]
    if odd and rng.random() < 0.08:
        made[rng.choice([key for key in made if key != "eventTime"])] = _tree(rng, 2)
    if rng.random() < 0.1:
        made["requestParameters"] = {"Records": [{"eventName": rng.choice(_NAMES)}], "eventName": 1}
    pairs = list(made.items())
    rng.shuffle(pairs)
    return dict(pairs)


def _tree(rng: random.Random, depth: int) -> Any:
    kind = rng.random()
    if depth and kind < 0.55:
        return {rng.choice(_KEYS): _tree(rng, depth - 1) for _ in range(rng.randint(0, 4))}
    if depth and kind < 0.75:
        return [_tree(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    values: list[Any] = rng.choice([_TEXTS, _TEXTS, _TEXTS, _NUMBERS, _PLAIN])
    return rng.choice(values)


def rule(rng: random.Random) -> dict[str, Any]:
    """A pattern; most name a service and calls."""
    detail: dict[str, Any] = {}
    made: dict[str, Any] = {}
    if rng.random() < 0.7:
        service = rng.choice(_SERVICES)
        made["source"] = [f"aws.{service}"]
        detail["eventName"] = rng.sample(_NAMES, 2)
    for _ in range(rng.randint(0 if detail else 1, 3)):
        path = rng.choice(
            [
                *(["userIdentity", "type"], ["userIdentity", "arn"], ["requestParameters"]),
                ["userIdentity", "sessionContext", "sessionIssuer", "userName"],
                ["requestParameters", *rng.sample(_KEYS, rng.randint(1, 3))],
                ["requestParameters", *rng.sample(_KEYS, rng.randint(1, 2))],
                *(["eventName"], ["errorCode"], ["readOnly"], ["sourceIPAddress"], ["eventType"]),
                *(["responseElements", rng.choice(_KEYS)], ["awsRegion"], ["eventCategory"]),
            ]
        )
        _put(detail, path, _asked(rng, path))
    if detail:
        made["detail"] = detail
    if rng.random() < 0.15:
        asked = rng.choice(["userAgent", "requestID"])
        choices: list[Any] = [{"detail": {asked: [{"exists": True}]}}]
        for _ in range(2):
            names = rng.sample(_TEXTS, 2)
            choices.append({"detail": {"userIdentity": {"arn": names}}})
        made["$or"] = choices
    return made


def _put(detail: dict[str, Any], path: list[str], asked: list[Any]) -> None:
    node = detail
    for step in path[:-1]:
        below = node.setdefault(step, {})
        if not isinstance(below, dict):
            return
        node = below
    if not isinstance(node.get(path[-1]), dict):
        node[path[-1]] = asked


def _asked(rng: random.Random, path: list[str]) -> list[Any]:
    if path == ["sourceIPAddress"] and rng.random() < 0.5:
        return [{"cidr": rng.choice(["10.0.0.0/24", "198.51.100.0/28", "0.0.0.0/1"])}]
    if path == ["readOnly"]:
        return [rng.choice([True, False, "true"])]
    return [_matcher(rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]


def _matcher(rng: random.Random) -> Any:
    text = rng.choice([*_TEXTS, *_NAMES])
    part = text[: rng.randint(1, max(1, len(text)))] or "x"
    if any(character in "\\*" for character in text):
        return text
    return rng.choice(
        [
            *(text, text, text, rng.choice(_NUMBERS), rng.choice(_PLAIN)),
            *({"prefix": part}, {"suffix": text[-2:] or "x"}, {"wildcard": f"*{part}*"}),
            *({"wildcard": f"{part}*"}, {"wildcard": text or "x"}, {"exists": True}),
            *({"exists": False}, {"anything-but": text}, {"anything-but": {"prefix": part}}),
            *({"equals-ignore-case": part if part.isascii() else "root"},),
            *({"prefix": {"equals-ignore-case": "RO"}}, {"numeric": [">", 1, "<=", 443]}),
        ]
    )


def spelled(rng: random.Random, value: Any, odd: float) -> str:
    """A value as JSON; `odd` is how often a character is escaped that need not be."""

    def space() -> str:
        return rng.choice(["", "", " ", "\n", "\r\n", "\t"]) if odd else ""

    if isinstance(value, dict):
        inside = ",".join(
            f"{space()}{spelled(rng, key, odd)}{space()}:{space()}{spelled(rng, each, odd)}"
            for key, each in value.items()
        )
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{space()}{','.join(spelled(rng, each, odd) + space() for each in value)}]"
    if isinstance(value, NumberText):
        return value.text
    if not isinstance(value, str):
        return json.dumps(value)
    written = []
    for character in value:
        if character == "/" and rng.random() < odd:
            written.append("\\/")
        elif rng.random() < odd:
            units = character.encode("utf-16-be")
            pairs = (units[n : n + 2].hex() for n in range(0, len(units), 2))
            pairs = (each.upper() if rng.random() < 0.5 else each for each in pairs)
            written.append("".join(f"\\u{each}" for each in pairs))
        else:
            written.append(json.dumps(character, ensure_ascii=rng.random() < 0.5)[1:-1])
    return f'"{"".join(written)}"'


def log_file(rng: random.Random, records: list[dict[str, Any]]) -> bytes:
    """A log file's bytes, as odd as they may be."""
    odd = rng.choice([0, 0, 0.02, 0.3])
    inside = ",".join(spelled(rng, each, odd) for each in records)
    text = f"{{{spelled(rng, 'Records', odd)}:[{inside}]}}".encode()
    if rng.random() < 0.1:
        text = b"\xef\xbb\xbf" + text
    if rng.random() < 0.3:
        return text
    cut = rng.randrange(len(text))
    return b"".join(map(gzip.compress, (text[:cut], text[cut:]) if odd else (text,)))


def difference(seed: int) -> str:
    """What the scan finds otherwise than the slow matcher in one round; empty for nothing."""
    rng = random.Random(seed)
    rules = {f"rule-{n}": each for n in range(RULES) if (each := rule(rng))}
    odd = rng.random() < 0.25  # one odd record is enough for a file to be read another way
    records = [record(rng, odd) for _ in range(RECORDS)]
    data = log_file(rng, records)
    expected = [{n for n, asked in rules.items() if matches(asked, envelope(r))} for r in records]
    found: list[set[str]] = [set() for _ in records]

    def hit(number: int, head: Any, names: frozenset[str] | set[str]) -> None:
        found[number] |= names

    # Few rules are told by bytes, many are not; each way once by what it has learned.
    names, ends = list(rules), (0, 1, 2, 3, 4, 6, 9, 14, RULES)
    scanners = [Scanner({n: rules[n] for n in names[a:b]}) for a, b in pairwise(ends)]
    for _ in range(2):
        for scanner in scanners:
            scanned = scanner.scan(scanner.open(unpacked(data)), hit)
            if scanned.events != len(records):
                return f"seed {seed}: {scanned.events} records of {len(records)}"
        for each, hits, due in zip(records, found, expected, strict=True):
            for name in sorted(hits ^ due):
                told = "hits" if name in hits else "misses"
                return f"seed {seed}: {name} {told}\n{json.dumps(rules[name])}\n{json.dumps(each)}"
            hits.clear()
    return ""


def main() -> int:
    """Compares and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compares the scan with a slow matcher.")
    parser.add_argument("--pairs", type=int, default=1_000_000, help="default 1,000,000")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default 1)")
    options = parser.parse_args()
    begun = time.monotonic()
    rounds = -(-options.pairs // (RULES * RECORDS))
    for seed in range(options.seed, options.seed + rounds):
        if told := difference(seed):
            print(told, file=sys.stderr)
            return 1
    took = time.monotonic() - begun
    print(f"{rounds * RULES * RECORDS:,} pairs of rule and record, no difference, {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
