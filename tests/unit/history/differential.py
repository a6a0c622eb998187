"""A question's SQL against replay's engine, over rules and records made at random.

    python -m tests.unit.history.differential [--records 1000000] [--rules 3000] [--seed 1]

Every record meets every rule twice: in replay's engine, and in the SQL that the rules compile to,
as DuckDB runs it on the rows that Athena's readers make of the same records. Exits 1 if the SQL
misses one that the engine finds, and shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import msgspec
from reactor.patterns import EventPattern, PatternError, RuleSet
from reactor.patterns.digits import NumberText
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope
from sqlglot import exp

from localaws.athena.rows import RowReader
from localaws.athena.sql import duckdb_text, parse
from localaws.athena.tables import CLOUDTRAIL_FORMAT, from_glue
from tests.unit.replay import differential as replay
from trailctl.history.compile import compile_question
from trailctl.history.question import CLOUDTRAIL_COLUMNS, JSON_COLUMNS, Question, Table

CLOUDTRAIL = Table("db", "cloudtrail", account=None, region=None, day=None)
JSON = Table("db", "records", JSON_COLUMNS, account=None, region=None, day=None)
# The same with every object as text: what OpenX's SerDe makes of a record a line.
_NO_TEXT = {"useridentity": "string", "tlsdetails": "string", "insightdetails": "string"}
TEXTS = Table("db", "texts", {**CLOUDTRAIL_COLUMNS, **_NO_TEXT}, None, None, None)
# More rules would be cut down to fit into one statement.
_RULES_A_QUESTION = 60
TABLES = {table.name: table for table in (CLOUDTRAIL, JSON, TEXTS)}
_BODIES = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")

_TEXTS = [
    *("a", "b", "100%", "a_b", "it's", "~tilde", "1", "1.0", "1e2", "false", "null", "[", "a.b"),
    *("arn:aws:s3:::bucket/key", "AES256", "ſ", "İ", "ß", "ÄÖ", "10.0.0.1", "::ffff:10.0.0.1"),
    *("2001:db8::1", "010.0.0.1", "\\", '"', "\\u0061", "*", "line\nfeed", " ", "\U00010400"),
]
_KEYS = ["a", "b", "a.b", "b.a", "x-amz-acl", "items", "", "1", "$or", "k k", "é", 'q"', "userId"]
_NUMBERS = [
    NumberText(text)
    for text in (
        *("0", "-0", "-0.0", "1", "1.0", "1e0", "10E-1", "100", "1e2", "1E+2", "0.1", "2.5"),
        *(
            "5e9",
            "5000000001",
            "9007199254740993",
            "12345678901234567890",
            "1e-7",
            "3.141592653589",
        ),
    )
]
_ADDRESSES = ["10.0.0.1", "10.0.3.7", "010.0.0.1", "::1", "2001:DB8::1", "AWS Internal", "1.2.3"]
_CIDRS = ["10.0.0.0/22", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "172.16.0.0/12"]
_TOP: dict[str, list[Any]] = {
    "eventType": ["AwsApiCall", "AwsConsoleSignIn", "AwsCloudTrailInsight", "AwsServiceEvent"],
    "errorCode": ["AccessDenied", "Client.UnauthorizedOperation", "", "5", "true"],
    "errorMessage": [*_TEXTS],
    "readOnly": [True, False],
    "eventCategory": ["Management", "Data", "Insight"],
    "userAgent": ["aws-cli/2", "console.amazonaws.com", *_TEXTS],
    "sourceIPAddress": [*_ADDRESSES, "172.16.9.9", "172.31.0.1", "172.32.0.1"],
    "recipientAccountId": ["111122223333", "444455556666"],
    "awsRegion": ["us-east-1", "eu-west-1"],
    "managementEvent": [True, False],
    "apiVersion": ["2016-11-15"],
    "sessionCredentialFromConsole": ["true"],
}
_IDENTITY = ["type", "arn", "userName", "accountId", "invokedBy", "inScopeOf"]


def _tree(rng: random.Random, depth: int) -> Any:
    kind = rng.random()
    if depth and kind < 0.6:
        return {rng.choice(_KEYS): _tree(rng, depth - 1) for _ in range(rng.randint(0, 4))}
    if depth and kind < 0.78:
        return [_tree(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    values: list[Any] = rng.choice([_TEXTS, _TEXTS, _TEXTS, _NUMBERS, [None, True, False]])
    return rng.choice(values)


def record(rng: random.Random) -> dict[str, Any]:
    """A record: its plain fields are texts, booleans, null or absent, its bodies anything."""
    if rng.random() < 0.3:
        return replay.record(rng, odd=False)
    made: dict[str, Any] = {
        "eventTime": f"2026-03-0{rng.randint(1, 9)}T08:00:00Z",
        "eventSource": rng.choice(["ec2", "iam", "s3", "odd"]) + ".amazonaws.com",
        "eventName": rng.choice(["RunInstances", "StopLogging", "PutObject", "a"]),
        **{name: rng.choice(values) for name, values in _TOP.items() if rng.random() < 0.6},
        **{name: _tree(rng, rng.randint(2, 4)) for name in _BODIES if rng.random() < 0.6},
    }
    if rng.random() < 0.8:
        identity: dict[str, Any] = {
            name: rng.choice(_TEXTS) for name in _IDENTITY if rng.random() < 0.5
        }
        if rng.random() < 0.5:
            issuer = {"userName": rng.choice(_TEXTS), "arn": rng.choice([*_TEXTS, None])}
            identity["sessionContext"] = rng.choice([{"sessionIssuer": issuer}, {}, None])
        made["userIdentity"] = identity
    for name in [name for name in made if name != "eventTime" and rng.random() < 0.03]:
        made[name] = None
    if rng.random() < 0.02:
        made["eventSource"] = rng.choice(["ec2", "", ".amazonaws.com", "x.amazonaws.com.cn"])
    pairs = list(made.items())
    rng.shuffle(pairs)
    return dict(pairs)


def rule(rng: random.Random) -> dict[str, Any]:
    """A pattern of any kind that EventBridge takes."""
    while True:
        made = _rule(rng)
        try:
            EventPattern(json.dumps(made))
        except PatternError:
            continue
        return made


def _rule(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.3:
        return replay.rule(rng)
    made: dict[str, Any] = {}
    if rng.random() < 0.6:
        made["source"] = [rng.choice(["aws.ec2", "aws.iam", "aws.s3", {"prefix": "aws."}, "aws."])]
    if rng.random() < 0.2:
        made["detail-type"] = [
            rng.choice(["AWS API Call via CloudTrail", {"wildcard": "*Sign*"}, {"prefix": "AWS I"}])
        ]
    if rng.random() < 0.1:
        made[rng.choice(["account", "region", "id", "time"])] = [_matcher(rng)]
    detail: dict[str, Any] = {}
    if rng.random() < 0.5:
        detail["eventName"] = rng.sample(["RunInstances", "StopLogging", "PutObject", "a"], 2)
    for _ in range(rng.randint(0 if made or detail else 1, 3)):
        place, asked = _place(rng), [_matcher(rng) for _ in range(rng.choice([1, 1, 2, 3]))]
        _put(detail, place, asked)
    if rng.random() < 0.15:
        choices: list[Any] = []
        for _ in range(rng.randint(2, 3)):
            choice: dict[str, Any] = {}
            _put(choice, _place(rng), [_matcher(rng)])
            choices.append(choice)
        detail["$or"] = choices
    if detail:
        made["detail"] = detail
    return made


def make_rules(seed: int, number: int) -> dict[str, str]:
    """Patterns by name."""
    rng = random.Random(seed)
    return {f"rule-{each}": json.dumps(rule(rng)) for each in range(number)}


def _place(rng: random.Random) -> list[str]:
    kind = rng.random()
    if kind < 0.35:
        return [rng.choice([*_TOP, "eventname", "newField"])]
    if kind < 0.5:
        more = ["sessionContext", "sessionIssuer", rng.choice(["userName", "arn"])]
        return ["userIdentity", *rng.choice([[rng.choice([*_IDENTITY, "TYPE"])], more])]
    return [rng.choice(_BODIES), *rng.sample(_KEYS, rng.randint(0 if kind > 0.97 else 1, 3))]


def _put(detail: dict[str, Any], path: list[str], asked: list[Any]) -> None:
    node = detail
    for step in path[:-1]:
        node = node.setdefault(step, {})
        if not isinstance(node, dict):
            return
    node[path[-1]] = asked


def _matcher(rng: random.Random) -> Any:
    text = rng.choice([*_TEXTS, *(t for v in _TOP.values() for t in v if isinstance(t, str))])
    start = text[: rng.randint(1, max(1, len(text)))] or "x"
    end = text[-rng.randint(1, max(1, len(text))) :] or "x"
    number = rng.choice([0, 1, 1.0, 100, 0.1, 2.5, 5e9, -1, 12345678901234567890])
    wild = start.replace("\\", "\\\\").replace("*", "\\*")
    fold = rng.choice([str.upper, str.lower, str.swapcase])
    return rng.choice(
        [
            *(text, text, text, number, rng.choice([None, True, False])),
            *({"prefix": start}, {"suffix": end}, {"wildcard": f"{wild}*"}),
            *({"wildcard": f"*{wild}*"}, {"wildcard": f"*{wild}"}, {"wildcard": wild}),
            *(
                {"exists": True},
                {"exists": False},
                {"anything-but": text},
                {"anything-but": number},
            ),
            *({"anything-but": [text, rng.choice(_TEXTS)]}, {"anything-but": {"prefix": start}}),
            *({"anything-but": {"suffix": end}}, {"anything-but": {"wildcard": f"*{wild}*"}}),
            *({"anything-but": {"equals-ignore-case": fold(text)}},),
            *({"equals-ignore-case": fold(text)}, {"prefix": {"equals-ignore-case": fold(start)}}),
            *({"suffix": {"equals-ignore-case": fold(end)}}, {"cidr": rng.choice(_CIDRS)}),
            *({"numeric": ["=", number]}, {"numeric": [">", 0, "<=", 100]}, {"numeric": ["<", 1]}),
        ]
    )


# ---- rows


def spelled(rng: random.Random, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Records as JSON in a line each, some of them spelled oddly."""
    texts = (replay.spelled(rng, each, rng.choice([0, 0, 0, 0.02, 0.3])) for each in records)
    return [text.replace("\n", " ").replace("\r", " ") for text in texts]


def _glue(table: Table) -> dict[str, Any]:
    """The table as Glue has it."""
    kind = "hive.hcatalog.data" if table is CLOUDTRAIL else "openx.data.jsonserde"
    text = "org.apache.hadoop.mapred.TextInputFormat"
    return {
        "DatabaseName": table.database,
        "Name": table.name,
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in table.columns.items()],
            "InputFormat": CLOUDTRAIL_FORMAT if table is CLOUDTRAIL else text,
            "SerdeInfo": {
                "SerializationLibrary": f"org.{'apache.' * (table is CLOUDTRAIL)}{kind}.JsonSerDe"
            },
        },
    }


def table_rows(table: Table, texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The rows of records by their path. Every other body's text is as the record spells it."""
    reader = RowReader(from_glue(_glue(table)))
    for number, (path, text) in enumerate(texts.items()):
        if table is JSON:
            yield {"$path": path, "records": [text]}
            continue
        data = f'{{"Records":[{text}]}}' if table is CLOUDTRAIL else text
        (row,) = reader.rows(path, data.encode())
        raw = msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if number % 2 else {}
        bodies = {n.lower(): bytes(raw[n]).decode() for n in _BODIES if n in raw}
        kept = {name: body for name, body in bodies.items() if name in row and body[0] in "{["}
        yield {"$path": path, **row, **kept}


def load(
    connection: duckdb.DuckDBPyConnection, table: Table, texts: Mapping[str, str], folder: Path
) -> None:
    """Makes the table of records, each in a file of its own, by its path."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.database}")
    lines = folder / f"{table.name}.jsonl"
    with lines.open("wb") as out:
        out.writelines(msgspec.json.encode(row) + b"\n" for row in table_rows(table, texts))
    kinds = {"$path": "VARCHAR"} | {
        name: exp.DataType.build(kind, dialect="hive").sql("duckdb")
        for name, kind in table.columns.items()
    }
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    connection.execute(
        f"CREATE OR REPLACE TABLE {table.database}.{table.name} AS SELECT * FROM "
        f"read_json('{lines}', columns = {{{listed}}}, format = 'newline_delimited', "
        "maximum_object_size = 100000000)"
    )
    lines.unlink()


# ---- the comparison


class Compared(NamedTuple):
    """The number of pairs of a record and a rule; by rule, the records that match it and those that
    pass its SQL; and all that is missed.
    """

    pairs: int
    matches: Mapping[str, int]
    passed: Mapping[str, int]
    missed: list[str]


def compare(
    table: Table, rules: Mapping[str, str], texts: Mapping[str, str], *questions: Question
) -> Compared:
    """All rules on all records, by replay's engine and by the SQL of questions on some rules each.

    No question may be cut down, since that would be compared instead.
    """
    matching = RuleSet(rules).match
    hits: dict[str, set[str]] = {name: set() for name in rules}
    for path, text in texts.items():
        for name in matching(envelope(load_event(text))):
            hits[name].add(path)
    passed: dict[str, int] = {}
    missed = []
    with duckdb.connect() as connection, TemporaryDirectory() as folder:
        connection.execute("SET threads = 1")
        load(connection, table, texts, Path(folder))
        for question in questions:
            assert not question.coarse
            rows = in_duckdb(f"SELECT * {question.source}")
            connection.execute(f"CREATE OR REPLACE VIEW rows AS {rows}")
            if table.layout == "json":
                connection.execute("CREATE OR REPLACE TABLE once AS FROM rows")
                connection.execute("CREATE OR REPLACE VIEW rows AS FROM once")
            for name, condition in question.conditions.items():
                query = in_duckdb(f'SELECT "$path" FROM rows WHERE {condition}')
                found = {path for (path,) in connection.execute(query).fetchall()}
                passed[name] = len(found)
                missed += [
                    "\n".join((f"{table.name}: {name} misses", rules[name], texts[path], condition))
                    for path in sorted(hits[name] - found)
                ]
    matches = {name: len(paths) for name, paths in hits.items()}
    return Compared(len(rules) * len(texts), matches, passed, missed)


def in_duckdb(text: str) -> str:
    """A query of Trino's as the local AWS runs it."""
    tree = parse(text)
    assert tree is not None
    return duckdb_text(tree)


def chunk(layout: str, seed: int, rules: Mapping[str, str], records: int) -> Compared:
    """The comparison over so many records."""
    rng = random.Random(seed)
    made = spelled(rng, (record(rng) for _ in range(records)))
    texts = {str(number): text for number, text in enumerate(made)}
    questions = [
        compile_question(dict(some), TABLES[layout])
        for some in batched(rules.items(), _RULES_A_QUESTION)
    ]
    return compare(TABLES[layout], rules, texts, *questions)


def batched(items: Iterable[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    """The items, so many at a time; itertools has it from Python 3.12 on."""
    every = iter(items)
    while some := list(islice(every, size)):
        yield some


def main() -> int:
    """Compares and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compares a question's SQL with replay's engine.")
    parser.add_argument("--records", type=int, default=1_000_000, help="default 1,000,000")
    parser.add_argument("--rules", type=int, default=3_000, help="default 3,000")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default 1)")
    parser.add_argument(
        "--at-once", type=int, default=20_000, help="records a table (default 20,000)"
    )
    parser.add_argument("--layout", choices=TABLES, default="cloudtrail")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    rules = make_rules(options.seed, options.rules)
    sizes = [
        min(options.at_once, options.records - begin)
        for begin in range(0, options.records, options.at_once)
    ]
    begun, pairs, matches, passed = time.perf_counter(), 0, 0, 0
    with ProcessPoolExecutor(options.processes) as pool:
        turns = [
            pool.submit(chunk, options.layout, options.seed + number, rules, size)
            for number, size in enumerate(sizes, 1)
        ]
        for turn in as_completed(turns):
            done = turn.result()
            pairs += done.pairs
            matches += sum(done.matches.values())
            passed += sum(done.passed.values())
            print(
                f"{options.layout}: {pairs:,} pairs, {matches:,} matches, {passed:,} pass the SQL, "
                f"{len(done.missed)} missed, {time.perf_counter() - begun:.0f} s",
                flush=True,
            )
            if done.missed:
                print(*done.missed[:3], sep="\n", file=sys.stderr)
                pool.shutdown(wait=False, cancel_futures=True)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
