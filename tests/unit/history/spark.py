"""A question's SQL on a second engine, Spark's, so that no engine's habits are taken for Trino's.

    python -m venv --system-site-packages .venv-spark  # by the project's own Python
    .venv-spark/bin/pip install pyspark
    .venv-spark/bin/python -m tests.unit.history.spark [--records 2000] [--rules 300] [--seed 1]

It needs Java 17, and is no part of `make test`. sqlglot writes Trino's SQL as Spark's. Exits 1 if
the SQL misses a record that replay's engine finds, and shows it.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import sqlglot
from pyspark.sql import SparkSession
from reactor.patterns import RuleSet
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope
from sqlglot import exp

from tests.unit.history.differential import (
    CLOUDTRAIL,
    batched,
    make_rules,
    record,
    spelled,
    table_rows,
)
from trailctl.history.compile import compile_question

_RULES_A_QUERY = 50


def in_spark(text: str) -> str:
    """A condition of Trino's in Spark's SQL."""
    tree = sqlglot.parse_one(text, read="trino")
    return tree.transform(_scalar).sql("spark")


def _scalar(node: exp.Expr) -> exp.Expr:
    """Null for an object or an array; Spark has its text. So a text that looks like one is lost,
    and then found by the JSON around it.
    """
    if not isinstance(node, exp.JSONExtractScalar):
        return node
    found = exp.func("get_json_object", node.this, exp.Literal.string(_path(node.expression)))
    looks = exp.func("substr", found.copy(), exp.Literal.number(1), exp.Literal.number(1))
    return exp.case().when(looks.isin("{", "[").not_(), found)


def _path(node: exp.Expr) -> str:
    keys = (each.this for each in node.find_all(exp.JSONPathKey))
    return "$" + "".join(f"['{key}']" for key in keys)


def main() -> int:
    """Compares and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compares a question's SQL in Spark with replay.")
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--rules", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rules = make_rules(options.seed, options.rules)
    rng = random.Random(options.seed)
    made = spelled(rng, (record(rng) for _ in range(options.records)))
    texts = {str(number): text for number, text in enumerate(made)}
    matching = RuleSet(rules).match
    hits = {path: matching(envelope(load_event(text))) for path, text in texts.items()}
    session = SparkSession.builder.master("local[1]").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    passed = missed = 0
    with TemporaryDirectory() as folder:
        lines = Path(folder) / "rows.jsonl"
        rows = table_rows(CLOUDTRAIL, texts)
        lines.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        kinds = {"$path": "string", **CLOUDTRAIL.columns}
        schema = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
        session.read.schema(schema).json(str(lines)).createOrReplaceTempView("rows")
        for some in batched(rules.items(), _RULES_A_QUERY):
            conditions = compile_question(dict(some), CLOUDTRAIL).conditions
            columns = ", ".join(f"({in_spark(c)}) AS `{n}`" for n, c in conditions.items())
            for row in session.sql(f"SELECT `$path`, {columns} FROM rows").toLocalIterator():
                for name, condition in conditions.items():
                    passed += bool(row[name])
                    if name in hits[row["$path"]] and not row[name]:
                        missed += 1
                        print(rules[name], texts[row["$path"]], condition, "", sep="\n")
            print(f"{passed:,} pass the SQL, {missed} missed", flush=True)
    matches = sum(map(len, hits.values()))
    pairs = len(rules) * len(texts)
    print(f"{pairs:,} pairs, {matches:,} matches, {passed:,} pass the SQL, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
