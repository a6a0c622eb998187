"""Athena's engine: what it reads of a log, what it answers, and how it says what is wrong."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localaws.athena import sql
from localaws.athena.engine import Catalog, Object, QueryError, Scan, StoppedError, run
from localaws.athena.tables import GlueTable, Partition, TableError, from_glue

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
CLOUDTRAIL = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
LINES = "org.apache.hadoop.mapred.TextInputFormat"
HIVE, OPENX = "org.apache.hive.hcatalog.data.JsonSerDe", "org.openx.data.jsonserde.JsonSerDe"
COLUMNS = {
    "useridentity": "struct<type:string,arn:string,sessioncontext:struct<attributes:"
    "struct<mfaauthenticated:string>>>",
    "eventtime": "string",
    "eventname": "string",
    "readonly": "string",
    "requestparameters": "string",
    "resources": "array<struct<arn:string,accountid:string>>",
}
PROJECTION = {
    "projection.enabled": "true",
    "projection.account.type": "injected",
    "projection.region.type": "enum",
    "projection.region.values": "us-east-1,eu-west-1",
    "projection.day.type": "date",
    "projection.day.format": "yyyy/MM/dd",
    "projection.day.range": "NOW-30DAYS,NOW",
    "storage.location.template": "s3://log/AWSLogs/${account}/CloudTrail/${region}/${day}",
}


def table(
    columns: Mapping[str, str] = COLUMNS, keys: Sequence[str] = ("account", "region", "day"),
    parameters: Mapping[str, str] = PROJECTION, format_: str = CLOUDTRAIL, serde: str = HIVE,
) -> GlueTable:  # fmt: skip
    return from_glue(
        {
            "DatabaseName": "db",
            "Name": "log",
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": type_} for name, type_ in columns.items()],
                "Location": "s3://log/AWSLogs",
                "InputFormat": format_,
                "SerdeInfo": {"SerializationLibrary": serde},
            },
            "PartitionKeys": [{"Name": name, "Type": "string"} for name in keys],
            "Parameters": dict(parameters),
        }
    )


@dataclass
class Bucket(Catalog):
    """A table over objects by their keys; `read_keys` are those that were fetched."""

    known: GlueTable
    held: dict[str, bytes] = field(default_factory=dict)
    partitions: Sequence[Mapping[str, Any]] = ()
    read_keys: list[str] = field(default_factory=list)

    def table(self, database: str, name: str) -> GlueTable | None:
        return self.known if (database, name) == ("db", "log") else None

    def stored(self, table: GlueTable) -> Sequence[Mapping[str, Any]]:
        return self.partitions

    def objects(self, partitions: Sequence[Partition]) -> Iterable[Object]:
        for partition in partitions:
            prefix = partition.location.removeprefix("s3://log/")
            for key in [key for key in self.held if key.startswith(prefix)]:
                yield Object("log", key, len(self.held[key]), partition)

    def read(self, each: Object) -> bytes:
        self.read_keys.append(each.key)
        return self.held[each.key]

    def put(self, account: str, region: str, day: str, *records: Any) -> None:
        key = f"AWSLogs/{account}/CloudTrail/{region}/{day}/{len(self.held)}.json.gz"
        self.held[key] = gzip.compress(json.dumps({"Records": records}).encode(), 1)

    def ask(self, text: str, scan: Scan | None = None) -> list[list[str | None]]:
        """The rows of an answer, below its head."""
        tree = sql.parse(text)
        assert tree is not None
        found: list[list[str | None]] = []

        def done(answer: Any) -> None:
            found.append([column.name for column in answer.columns])
            found.extend(map(list, answer.rows))

        run(tree, "db", self, scan or Scan(), NOW, done)
        return found


@pytest.fixture(scope="module")
def organization() -> Bucket:
    """400 accounts, 30 days, a file each."""
    bucket = Bucket(table())
    for number in range(400):
        for day in range(30):
            when = f"{NOW - timedelta(days=day):%Y/%m/%d}"
            record = {"eventName": "Run", "eventTime": when, "requestParameters": {"n": number}}
            bucket.put(f"{number:012d}", "us-east-1", when, *[record] * (number % 7 + 1))
    return bucket


def test_one_account_day_of_an_organization_is_all_that_is_read(organization: Bucket) -> None:
    organization.read_keys.clear()
    scan = Scan()
    account, day = "000000000123", "2026/03/15"
    rows = organization.ask(
        f"SELECT count(*) FROM log WHERE account = '{account}' AND day = '{day}'", scan
    )
    [key] = organization.read_keys
    assert key.startswith(f"AWSLogs/{account}/CloudTrail/us-east-1/{day}/")
    assert scan.scanned == len(organization.held[key])
    assert rows == [["_col0"], [str(123 % 7 + 1)]]
    assert len(organization.held) == 12_000


@pytest.mark.parametrize(
    ("where", "files"),
    [
        ("account IN ('000000000001', '000000000002') AND day >= '2026/03/29'", 4),
        ("l.account = '000000000001' AND l.day BETWEEN '2026/03/01' AND '2026/03/03'", 3),
        ("account = '000000000001' AND region = 'eu-west-1'", 0),
        ("account = '000000000001' AND (day = '2026/03/15' OR day = '2026/03/16')", 2),
        # A side that other columns decide narrows what is left of it.
        (
            "account = '000000000001' AND ((day = '2026/03/15' AND eventname = 'Run') OR "
            "(day < '2026/03/03' AND region = 'us-east-1'))",
            3,
        ),
        # Nothing is known of these: all is read.
        ("account = '000000000001' AND (day = '2026/03/15' OR eventname = 'Run')", 30),
        ("account = '000000000001' AND day IN (SELECT '2026/03/15')", 30),
        ("account = '000000000001' AND NOT day = '2026/03/15'", 29),
    ],
)
def test_a_query_reads_the_partitions_that_its_where_allows(
    organization: Bucket, where: str, files: int
) -> None:
    organization.read_keys.clear()
    organization.ask(f"SELECT eventname FROM log AS l WHERE {where}")
    assert len(organization.read_keys) == files


def test_a_query_is_stopped_where_it_has_read_more_than_it_may(organization: Bucket) -> None:
    account = "account = '000000000001'"
    day = len(next(iter(organization.held.values())))
    with pytest.raises(StoppedError, match="Bytes scanned limit was exceeded"):
        organization.ask(f"SELECT 1 FROM log WHERE {account}", Scan(most=5 * day))
    scan = Scan()
    scan.stop.set()
    with pytest.raises(StoppedError):
        organization.ask(f"SELECT 1 FROM log WHERE {account}", scan)


RECORD = {
    "eventName": "PutUser",
    "eventTime": "2026-03-30T00:00:00Z",
    "readOnly": False,
    "userIdentity": {
        "type": "IAMUser",
        "inScopeOf": {"x": 1},
        "sessionContext": {"attributes": {"mfaAuthenticated": "true"}},
    },
    "requestParameters": {"a": {"b": 1.5, "c": [1, "x"]}, "t": "text"},
    "resources": [{"ARN": "arn:aws:s3:::b", "accountId": "1"}],
}


@pytest.fixture
def one() -> Bucket:
    bucket = Bucket(table(parameters={}, keys=()))
    bucket.put("1", "us-east-1", "2026/03/30", RECORD, {"eventName": "Bare", "resources": None})
    return bucket


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("eventName", ["PutUser", "Bare"]),
        ("readonly", ["false", None]),
        ("useridentity.sessioncontext.attributes.mfaauthenticated", ["true", None]),
        (
            "useridentity",
            ["{type=IAMUser, arn=null, sessioncontext={attributes={mfaauthenticated=true}}}", None],
        ),
        ("resources", ["[{arn=arn:aws:s3:::b, accountid=1}]", None]),
        ("requestparameters", ['{"a":{"b":1.5,"c":[1,"x"]},"t":"text"}', None]),
        ("json_extract_scalar(requestparameters, '$.a.b')", ["1.5", None]),
        ("json_extract_scalar(requestparameters, '$.a.c[1]')", ["x", None]),
        # Null for an object and for what is no JSON: DuckDB gives the text, or fails.
        ("json_extract_scalar(requestparameters, '$.a')", [None, None]),
        ("json_extract_scalar(eventname, '$.a')", [None, None]),
        ("json_extract(eventname, '$.a')", [None, None]),
        ("any_match(resources, each -> each.arn LIKE '%:b')", ["true", None]),
        ("none_match(resources, each -> each.arn = 'x')", ["true", None]),
        ("all_match(filter(resources, each -> each.arn = 'x'), each -> false)", ["true", None]),
        ("starts_with(eventname, 'Put')", ["true", "false"]),
        ("regexp_like(eventname, '^P.t')", ["true", "false"]),
        ('"$path"', ["s3://log/AWSLogs/1/CloudTrail/us-east-1/2026/03/30/0.json.gz"] * 2),
    ],
)
def test_what_a_column_holds(one: Bucket, asked: str, answer: list[str | None]) -> None:
    rows = one.ask(f"SELECT {asked} FROM log ORDER BY eventtime NULLS LAST")
    assert [row[0] for row in rows[1:]] == answer


def test_an_array_of_rows_is_taken_apart(one: Bucket) -> None:
    rows = one.ask(
        "SELECT r.arn, eventname FROM log CROSS JOIN UNNEST(resources) AS r (arn, accountid)"
    )
    assert rows == [["arn", "eventname"], ["arn:aws:s3:::b", "PutUser"]]


def test_records_as_text(one: Bucket) -> None:
    """OpenX's SerDe writes an object in a column of text as JSON; Hive's refuses it."""
    wide = {"records": "array<string>"}
    text = Bucket(table(wide, (), {}, LINES, OPENX), one.held)
    rows = text.ask("SELECT r FROM log CROSS JOIN UNNEST(records) AS t (r)")
    assert json.loads(rows[1][0] or "") == RECORD
    narrow = Bucket(table({"useridentity": "string"}, (), {}), one.held)
    with pytest.raises(QueryError, match="value must be a scalar json value"):
        narrow.ask("SELECT useridentity FROM log")


def test_partitions_of_the_catalog() -> None:
    known = table(keys=("day",), parameters={})
    where = "s3://log/AWSLogs/1/CloudTrail/us-east-1/2026/03"
    stored = [
        {"Values": [f"2026/03/{day}"], "StorageDescriptor": {"Location": f"{where}/{day}"}}
        for day in (29, 30)
    ]
    bucket = Bucket(known, partitions=stored)
    bucket.put("1", "us-east-1", "2026/03/29", RECORD)
    bucket.put("1", "us-east-1", "2026/03/30", RECORD)
    rows = bucket.ask("SELECT day, count(*) AS n FROM log WHERE day > '2026/03/29' GROUP BY day")
    assert rows == [["day", "n"], ["2026/03/30", "1"]]
    assert len(bucket.read_keys) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT 1 FROM log", "injected projected partition column account, the WHERE clause must"),
        ("SELECT 1 FROM nope", "TABLE_NOT_FOUND: .*'awsdatacatalog.db.nope' does not exist"),
        ("SELECT nope FROM log WHERE account = '1'", "COLUMN_NOT_FOUND: .*nope"),
        ("SELECT nope(1)", "FUNCTION_NOT_FOUND: .*nope"),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT: "),
    ],
)
def test_a_query_that_fails_says_why(text: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        Bucket(table()).ask(text)


@pytest.mark.parametrize("text", ["SELEC 1", "SELECT (1", "SELECT 'x"])
def test_what_is_no_sql_is_refused(text: str) -> None:
    with pytest.raises(sql.SqlError):
        sql.parse(text)


def test_parameters_stand_for_question_marks() -> None:
    tree = sql.parse("SELECT ? AS a, '?' AS b WHERE ? = 'x'")
    assert tree is not None
    filled = sql.filled(tree, ["'it''s'", "'x'"])
    assert filled.sql("trino") == "SELECT 'it''s' AS a, '?' AS b WHERE 'x' = 'x'"
    with pytest.raises(sql.SqlError, match="expected 2 but found 1"):
        sql.filled(tree, ["1"])


@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        ({"type": "enum", "values": "b,a"}, ["b", "a"]),
        ({"type": "integer", "range": "8,11", "digits": "2"}, ["08", "09", "10", "11"]),
        ({"type": "integer", "range": "0,20", "interval": "10"}, ["0", "10", "20"]),
        ({"type": "date", "range": "2026-02-27,2026-03-01", "format": "yyyy-MM-dd"},
         ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ({"type": "date", "range": "NOW-1DAY,NOW+1DAYS", "format": "yyyy/MM/dd"},
         ["2026/03/29", "2026/03/30", "2026/03/31"]),
        ({"type": "date", "range": "2026/01,NOW", "format": "yyyy/MM"},
         ["2026/01", "2026/02", "2026/03"]),
        ({"type": "date", "range": "NOW-2HOURS,NOW", "format": "yyyy-MM-dd'T'HH"},
         ["2026-03-30T10", "2026-03-30T11", "2026-03-30T12"]),
    ],
)  # fmt: skip
def test_values_that_projection_makes(parameters: dict[str, str], values: list[str]) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html"""
    settings = {f"projection.k.{name}": value for name, value in parameters.items()}
    known = table(keys=("k",), parameters={"projection.enabled": "true", **settings})
    found = known.partitions(lambda each: each, {}, list, NOW)
    assert [partition.values["k"] for partition in found] == values
    assert found[0].location == f"s3://log/AWSLogs/k={values[0]}/"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"type": "enum"}, "projection.k.values"),
        ({"type": "other"}, "projection.k.type"),
        ({"type": "date", "range": "soon,NOW", "format": "yyyy"}, "projection.k.range"),
        ({"type": "integer", "range": "1"}, "projection.k.range"),
    ],
)
def test_properties_that_projection_cannot_read(parameters: dict[str, str], words: str) -> None:
    settings = {f"projection.k.{name}": value for name, value in parameters.items()}
    known = table(keys=("k",), parameters={"projection.enabled": "true", **settings})
    with pytest.raises(TableError, match=words):
        known.partitions(lambda each: each, {}, list, NOW)


def test_a_table_that_cannot_be_read() -> None:
    with pytest.raises(TableError, match="no SerDe 'x'"):
        table(serde="x")
    with pytest.raises(TableError, match="has invalid data type"):
        table({"a": "{"})
