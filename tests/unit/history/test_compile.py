"""What is asked of Athena: no match is missed, and few other records pass."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from reactor.detections import Known
from sqlglot import exp

from tests.unit.history.differential import (
    CLOUDTRAIL,
    JSON,
    TABLES,
    chunk,
    compare,
    in_duckdb,
    load,
    make_rules,
)
from trailctl.history.compile import LONGEST, compile_question
from trailctl.history.question import JSON_COLUMNS, EventSpan, Question, Table, read_rows
from trailctl.replay.catalogue import load_catalogue
from trailctl.replay.rules import Rule, from_catalogue
from trailctl.replay.scan import TimeRange
from trailctl.replay.tally import Tallier, Tally

pytestmark = pytest.mark.unit


def _asked(pattern: Mapping[str, Any], table: Table = CLOUDTRAIL) -> str:
    """The condition of one rule."""
    return compile_question({"rule": json.dumps(pattern)}, table).conditions["rule"]


@cache
def _catalogue() -> tuple[Rule, ...]:
    values = {n: v for e in load_catalogue().values() for n, v in e.example_values.items()}
    rules, lacking = from_catalogue(load_catalogue().values(), values)
    assert not lacking
    return tuple(rules)


def _question(rules: Sequence[Rule], table: Table, span: EventSpan | None = None) -> Question:
    return compile_question(
        {rule.name: rule.pattern for rule in rules},
        table,
        span,
        no_reads=[rule.name for rule in rules if rule.sees_reads is False],
        decided=[rule.name for rule in rules if rule.decided],
    )


@cache
def _samples() -> Mapping[str, str]:
    """The record of each of the catalogue's samples, as JSON."""
    events = [
        sample.event
        for entry in load_catalogue().values()
        for sample in (*entry.samples.match, *entry.samples.no_match)
        if isinstance(sample.event.get("detail"), dict)
    ]
    return {f"s3://log/{n:04}.json": json.dumps(event["detail"]) for n, event in enumerate(events)}


# ---- no match is missed


@pytest.mark.parametrize("layout", TABLES)
def test_the_sql_misses_nothing_that_the_engine_matches(layout: str) -> None:
    seed = random.randrange(1 << 32)
    done = chunk(layout, seed, make_rules(seed, 40), 150)
    assert not done.missed, done.missed[0]
    assert sum(done.matches.values()) > 40
    # It would be easy to let every record pass.
    assert sum(done.passed.values()) < done.pairs / 3


def test_the_catalogues_samples() -> None:
    """They are near misses for the most part, and few of these pass."""
    rules = {rule.name: rule.pattern for rule in _catalogue()}
    question = compile_question(rules, CLOUDTRAIL)
    done = compare(CLOUDTRAIL, rules, _samples(), question)
    assert not done.missed, done.missed[0]
    passed, matches = sum(done.passed.values()), sum(done.matches.values())
    assert passed <= matches * 1.03, f"{passed} for {matches}"
    for name, exact in question.exact.items():
        assert not exact or done.passed[name] == done.matches[name], name
    assert sum(question.exact.values()) > len(rules) / 3


@pytest.mark.parametrize("table", [CLOUDTRAIL, JSON], ids=lambda table: table.name)
def test_the_answer_is_that_over_all_files(table: Table, tmp_path: Path) -> None:
    """The files that the query names, and its counts of the others, give replay's tally."""
    rules, span = _catalogue()[::6], EventSpan("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z")
    tallier = Tallier(rules, [], Known(), TimeRange(*span))
    whole, part = Tally(), Tally()
    for path, text in _samples().items():
        tallier.count(_file(text), whole, path)
    with duckdb.connect() as connection:
        load(connection, table, _samples(), tmp_path)
        rows = connection.execute(in_duckdb(_question(rules, table, span).sql)).fetchall()
    answer = list(read_rows(rows))
    for path in (found.path for found in answer if found.path is not None):
        tallier.count(_file(_samples()[path]), part, path)
    assert 0 < part.files < whole.files
    assert part.rules == whole.rules
    assert sum(found.events for found in answer) == whole.events
    assert min(filter(None, (found.earliest for found in answer))) == whole.first
    assert max(found.latest for found in answer) == whole.last


def _file(text: str) -> bytes:
    return f'{{"Records":[{text}]}}'.encode()


# ---- what it asks


def test_partitions_are_chosen_first() -> None:
    """Files are delivered after their events, and a day late at most."""
    span = EventSpan("2026-03-02T00:10:00Z", "2026-03-04T12:00:00Z")
    table = Table("logs", "cloudtrail")
    question = compile_question(
        {"rule": '{"source": ["aws.ec2"]}'}, table, span, ["111122223333"], ["eu-west-1", "it's"]
    )
    assert question.sql == (
        "SELECT path, count(*) AS events, min(moment) AS earliest, max(moment) AS latest FROM ("
        "SELECT CASE WHEN eventsource IN ('ec2.amazonaws.com', 'ec2') THEN \"$path\" END AS path, "
        'eventtime AS moment FROM "logs"."cloudtrail" WHERE ("account" IN (\'111122223333\') AND '
        "\"region\" IN ('eu-west-1', 'it''s') AND \"day\" >= '2026/03/01' AND "
        "\"day\" <= '2026/03/05' AND eventtime >= '2026-03-02T00:10:00Z' AND "
        "eventtime < '2026-03-04T12:00:00Z')) AS matched GROUP BY path ORDER BY path"
    )


def test_what_rules_share_is_asked_once() -> None:
    rules = {
        name: json.dumps({"source": ["aws.iam"], "detail": {"eventName": [name]}})
        for name in ("CreateUser", "DeleteUser")
    }
    sql = compile_question(rules, CLOUDTRAIL).sql
    assert sql.count("iam.amazonaws.com") == 1


@pytest.mark.parametrize(
    ("pattern", "condition"),
    [
        ({"detail": {"eventName": ["a", "it's"]}}, "eventname IN ('a', 'it''s')"),
        ({"detail": {"eventName": [{"prefix": "10%"}]}}, "starts_with(eventname, '10%')"),
        (
            {"detail": {"eventName": [{"wildcard": "a_*b"}]}},
            "eventname LIKE 'a~_%b' ESCAPE '~'",
        ),
        ({"detail": {"errorCode": [{"exists": False}]}}, "errorcode IS NULL"),
        ({"detail": {"errorCode": [{"exists": True}]}}, "TRUE"),  # null is a value that exists
        # A number is a text in SQL, and no text to a rule.
        ({"detail": {"errorCode": [{"anything-but": "5"}]}}, "TRUE"),
        ({"detail": {"eventname": ["a"]}}, "TRUE"),
        ({"detail": {"newField": ["a"]}}, "TRUE"),
        ({"detail": {"userIdentity": {"inScopeOf": {"sourceArn": ["a"]}}}}, "TRUE"),
        ({"detail-type": ["EC2 Instance State-change Notification"]}, "FALSE"),
        ({"source": ["custom"]}, "FALSE"),
        (
            {"detail": {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": ["a"]}}}}},
            "useridentity.sessioncontext.sessionissuer.arn = 'a'",
        ),
        (
            {"detail": {"sourceIPAddress": [{"cidr": "10.0.0.0/15"}]}},
            "(regexp_like(sourceipaddress, '^0*10[.]0*(0|1)[.]') OR "
            "strpos(sourceipaddress, ':') > 0 OR regexp_like(sourceipaddress, "
            "'^-?[0-9]*[.]?[0-9]*([eE][-+]?[0-9]+)?$'))",
        ),
    ],
)
def test_conditions(pattern: dict[str, Any], condition: str) -> None:
    found = _asked(pattern)
    if condition == "TRUE" and "anything-but" in json.dumps(pattern):
        condition = "(errorcode IS NULL OR errorcode IS NOT NULL)"
    assert found == condition


def test_a_table_without_a_column_is_asked_less() -> None:
    columns = {name: kind for name, kind in CLOUDTRAIL.columns.items() if name != "errorcode"}
    table = Table("db", "older", columns, None, None, None)
    pattern = {"detail": {"eventName": ["a"], "errorCode": ["b"]}}
    assert _asked(pattern, table) == "eventname = 'a'"
    assert "errorcode" in _asked(pattern)


def test_columns_of_other_types_are_not_asked() -> None:
    columns = {**CLOUDTRAIL.columns, "readonly": "boolean", "useridentity": "map<string,string>"}
    table = Table("db", "own", columns, None, None, None)
    assert _asked({"detail": {"readOnly": [True]}}, table) == "TRUE"
    assert _asked({"detail": {"userIdentity": {"type": ["Root"]}}}, table) == "TRUE"


_READS: Mapping[str, Mapping[str, Any]] = {
    "read": {"readOnly": True, "eventCategory": "Management"},
    "old": {"readOnly": True},
    "data": {"readOnly": True, "eventCategory": "Data"},
    "write": {"readOnly": False, "eventCategory": "Management"},
}


def test_calls_that_rules_do_not_get_pass_only_where_one_cannot_tell() -> None:
    pattern = {"rule": '{"source": ["aws.s3"]}'}
    question = compile_question(pattern, CLOUDTRAIL, no_reads=["rule"])
    texts = {
        name: json.dumps({"eventSource": "s3.amazonaws.com", "eventType": "AwsApiCall", **more})
        for name, more in _READS.items()
    }
    done = compare(CLOUDTRAIL, pattern, texts, question)
    assert len(done.missed) == 1  # the match that the rule does not get
    assert done.passed == {"rule": 3}


# ---- its grammar and its length


@pytest.mark.parametrize("columns", [CLOUDTRAIL.columns, JSON_COLUMNS])
def test_the_whole_catalogue_is_one_query(columns: Mapping[str, str]) -> None:
    span = EventSpan("2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z")
    question = _question(_catalogue(), Table("logs", "log", columns), span)
    assert len(question.sql.encode()) < LONGEST / 2
    assert not question.coarse


@pytest.mark.parametrize("table", [CLOUDTRAIL, JSON], ids=lambda table: table.name)
def test_its_grammar_is_trinos(table: Table) -> None:
    sql = _question(_catalogue()[::6], table).sql
    assert isinstance(sqlglot.parse_one(sql, read="trino"), exp.Select)


def test_rules_that_are_too_long_together_are_asked_less() -> None:
    names = [f"{'n' * 200}{number}" for number in range(900)]
    rules = {
        f"rule-{at}": json.dumps(
            {"source": [f"aws.{at}"], "detail": {"requestParameters": {"name": names}}}
        )
        for at in range(4)
    }
    rules["short"] = '{"detail": {"requestParameters": {"name": ["a"]}}}'
    question = compile_question(rules, CLOUDTRAIL)
    assert len(question.sql.encode()) <= LONGEST
    assert question.coarse
    assert "short" not in question.coarse
    assert question.conditions[question.coarse[0]].startswith("eventsource IN (")


def test_rules_that_are_too_many_still_fit() -> None:
    names = [f"{'n' * 200}{number}" for number in range(2_000)]
    rules = {"rule": json.dumps({"detail": {"eventName": names}})}
    question = compile_question(rules, CLOUDTRAIL)
    assert len(question.sql.encode()) <= LONGEST
    assert question.conditions == {"rule": "TRUE"}
    assert question.coarse == ("rule",)


def test_files_are_read_as_they_lie() -> None:
    """A row of the answer names a file; the one without a name sums up all others."""
    found = list(read_rows([("s3://log/a", "2", "x", "y"), (None, "40", "", None)]))
    assert [each.path for each in found] == ["s3://log/a", None]
    assert sum(each.events for each in found) == 42
    assert found[1].latest == ""
