"""Athena: what it refuses, how queries end, and what is left of them in S3.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.strict.support import Account, refused
from tests.e2e.test_log_query import finished

pytestmark = pytest.mark.e2e

INVALID = "InvalidRequestException"
NO_PLACE = (
    "No output location provided. You did not provide an output location for your query results. "
    "Please provide one either through the Workgroup result configuration setting or as an API "
    "input."
)
ROWS = "SELECT * FROM (VALUES (1, 'it is \"so\"'), (2, NULL)) AS t (n, s) ORDER BY n"


@dataclass
class Team:
    """A workgroup with a place for results, and a table over a log of one file."""

    account: Account
    athena: Any
    bucket: str

    def start(self, text: str, **more: Any) -> str:
        started = self.athena.start_query_execution(
            QueryString=text,
            **{"WorkGroup": "team", "QueryExecutionContext": {"Database": "logs"}, **more},
        )
        return str(started["QueryExecutionId"])

    def ended(self, text: str, **more: Any) -> dict[str, Any]:
        return finished(self.athena, self.start(text, **more))


@pytest.fixture
def team(account: Account) -> Team:
    athena, glue, s3 = (account.client(name) for name in ("athena", "glue", "s3"))
    bucket = account.bucket()
    # More than the workgroup lets a query read, in one file.
    records = [{"eventName": "Run", "requestParameters": {"text": "x" * 11_000_000}}]
    body = gzip.compress(json.dumps({"Records": records}).encode(), 0)
    s3.put_object(Bucket=bucket, Key="AWSLogs/1/CloudTrail/x.json.gz", Body=body)
    glue.create_database(DatabaseInput={"Name": "logs"})
    glue.create_table(
        DatabaseName="logs",
        TableInput={
            "Name": "log",
            "StorageDescriptor": {
                "Columns": [{"Name": "eventname", "Type": "string"}],
                "InputFormat": "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
                "Location": f"s3://{bucket}/AWSLogs/1/CloudTrail/",
                "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
            },
        },
    )
    athena.create_work_group(
        Name="team",
        Configuration={
            "BytesScannedCutoffPerQuery": 10_485_760,
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
                "OutputLocation": f"s3://{bucket}/answers/",
            },
        },
    )
    return Team(account, athena, bucket)


def test_what_cannot_be_started(team: Team) -> None:
    with refused(INVALID, "line 1:7: Invalid expression / Unexpected token"):
        team.start("SELEC 1")
    with refused(INVALID, "Incorrect number of parameters: expected 1 but found 0"):
        team.start("SELECT ?")
    with refused(INVALID, "WorkGroup is not found."):
        team.start("SELECT 1", WorkGroup="nope")
    with refused(INVALID, NO_PLACE):
        team.start("SELECT 1", WorkGroup="primary")
    team.athena.update_work_group(WorkGroup="team", State="DISABLED")
    with refused(INVALID, "WorkGroup team is disabled."):
        team.start("SELECT 1")


def test_a_result_is_in_s3_as_athena_writes_it(team: Team) -> None:
    """The workgroup's place and encryption count, whatever the client says."""
    elsewhere = {"OutputLocation": f"s3://{team.bucket}/mine/"}
    ended = team.ended(ROWS, ResultConfiguration=elsewhere)
    assert ended["Status"]["State"] == "SUCCEEDED"
    id_ = ended["QueryExecutionId"]
    place = f"s3://{team.bucket}/answers/{id_}.csv"
    assert ended["ResultConfiguration"]["OutputLocation"] == place
    s3 = team.account.client("s3")
    found = s3.get_object(Bucket=team.bucket, Key=f"answers/{id_}.csv")
    assert found["ServerSideEncryption"] == "AES256"
    assert found["Body"].read() == b'"n","s"\n"1","it is ""so"""\n"2",\n'
    held = s3.list_objects_v2(Bucket=team.bucket, Prefix="answers/")["Contents"]
    assert [each["Key"] for each in held] == [f"answers/{id_}.csv", f"answers/{id_}.csv.metadata"]


def test_results_come_in_pages_under_one_head(team: Team) -> None:
    id_ = team.ended(ROWS)["QueryExecutionId"]
    first = team.athena.get_query_results(QueryExecutionId=id_, MaxResults=2)
    second = team.athena.get_query_results(QueryExecutionId=id_, NextToken=first["NextToken"])
    rows = [*first["ResultSet"]["Rows"], *second["ResultSet"]["Rows"]]
    assert [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows] == [
        ["n", "s"], ["1", 'it is "so"'], ["2", None],
    ]  # fmt: skip
    columns = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Name"], c["Type"]) for c in columns] == [("n", "integer"), ("s", "varchar")]
    assert "NextToken" not in second


def test_a_query_ends_where_it_has_read_more_than_its_workgroup_lets_it(team: Team) -> None:
    ended = team.ended("SELECT count(*) FROM log")
    assert ended["Status"]["State"] == "CANCELLED"
    assert ended["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    with refused(INVALID, "Query did not finish successfully. Final query state: CANCELLED"):
        team.athena.get_query_results(QueryExecutionId=ended["QueryExecutionId"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT nope FROM (VALUES 1) AS t (n)", "COLUMN_NOT_FOUND"),
        ("SELECT 1 FROM nope", "TABLE_NOT_FOUND"),
    ],
)
def test_a_query_that_fails_says_why(team: Team, text: str, words: str) -> None:
    status = team.ended(text)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(words)
    assert status["AthenaError"]["ErrorCategory"] == 2


def test_a_query_that_is_stopped(team: Team) -> None:
    endless = "SELECT count(*) FROM UNNEST(sequence(1, 1000000)) AS a (x), "
    endless += "UNNEST(sequence(1, 1000000)) AS b (y) WHERE x * y = 7"
    id_ = team.start(endless)
    team.athena.stop_query_execution(QueryExecutionId=id_)
    assert finished(team.athena, id_)["Status"]["State"] == "CANCELLED"


def test_a_token_names_one_query(team: Team) -> None:
    token = "t" * 32
    assert team.start("SELECT 1", ClientRequestToken=token) == team.start(
        "SELECT 1", ClientRequestToken=token
    )
    listed = team.athena.list_query_executions(WorkGroup="team")["QueryExecutionIds"]
    assert len(listed) == 1


def test_what_is_no_query_is_still_the_emulators(team: Team) -> None:
    ended = team.ended(
        "CREATE EXTERNAL TABLE made (eventname string) ROW FORMAT SERDE "
        "'org.apache.hive.hcatalog.data.JsonSerDe' STORED AS INPUTFORMAT "
        "'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT "
        f"'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' LOCATION 's3://{team.bucket}/made/'"
    )
    assert ended["Status"]["State"] == "SUCCEEDED"
    table = team.account.client("glue").get_table(DatabaseName="logs", Name="made")["Table"]
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "eventname", "Type": "string"}]
