"""Everything that people have of CloudTrail's events, each shape as its maker writes it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from reactor.patterns.envelope import envelope

from tests.unit.replay.events import ACCOUNT, body, record
from trailctl.replay.reading import read

pytestmark = pytest.mark.unit

ONE, TWO, THREE = (record("ec2", f"Run{n}", f"2026-03-0{n}T08:00:00Z") for n in (1, 2, 3))
ALL = [ONE, TWO, THREE]


def text(value: Any) -> str:
    return json.dumps(value)


def lambda_event(kind: str, *values: Any) -> dict[str, Any]:
    made: dict[str, Callable[[Any], dict[str, Any]]] = {
        "sqs": lambda v: {"messageId": "1", "body": text(v), "eventSource": "aws:sqs"},
        "sns": lambda v: {"EventSource": "aws:sns", "Sns": {"Type": "Notification",
                                                            "Message": text(v)}},
        "kinesis": lambda v: {"eventSource": "aws:kinesis",
                              "kinesis": {"data": base64.b64encode(text(v).encode()).decode()}},
    }  # fmt: skip
    return {"Records": [made[kind](value) for value in values]}


def logs_data(*values: Any) -> dict[str, Any]:
    """What CloudWatch Logs sends to a subscription."""
    events = [{"id": str(n), "timestamp": 1, "message": text(v)} for n, v in enumerate(values)]
    return {"messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": "g", "logEvents": events}


def packed(value: Any) -> str:
    return base64.b64encode(gzip.compress(text(value).encode())).decode()


def athena(each: dict[str, Any]) -> dict[str, Any]:
    """A row of Athena's table: its names are in lower case, the bodies are texts."""
    row = {name.lower(): value for name, value in each.items()}
    row["useridentity"] = {name.lower(): v for name, v in each["userIdentity"].items()}
    row["requestparameters"] = text({"instancesSet": {"items": [1]}})
    row["readonly"] = "false"
    return row


SHAPES: dict[str, str] = {
    "a list": text(ALL),
    "a record a line": "\n".join(map(text, ALL)),
    "Firehose, nothing between": "".join(map(text, ALL)),
    "jq's output": "\n".join(json.dumps(each, indent=2) for each in ALL),
    "several log files in one": "\n".join(text({"Records": [each]}) for each in ALL),
    "EventBridge": "\n".join(text(envelope(each)) for each in ALL),
    "a list of envelopes": text([envelope(each) for each in ALL]),
    "SQS in a Lambda event": text(lambda_event("sqs", *map(envelope, ALL))),
    "SNS in a Lambda event": text(lambda_event("sns", *map(envelope, ALL))),
    "SNS in SQS": text(
        lambda_event("sqs", *({"Type": "Notification", "Message": text(e)} for e in ALL))
    ),
    "Kinesis": text(lambda_event("kinesis", *ALL)),
    "sqs receive-message": text(
        {"Messages": [{"MessageId": "1", "Body": text(envelope(e))} for e in ALL]}
    ),
    "bodies alone": text([{"body": text(each)} for each in ALL]),
    "a subscription": text(logs_data(*ALL)),
    "a subscription in Lambda": text({"awslogs": {"data": packed(logs_data(*ALL))}}),
    "filter-log-events": text({"events": [{"message": text(e)} for e in ALL], "nextToken": "x"}),
    "an export of a log group": "\n".join(f"2026-03-01T08:00:00.000Z {text(e)}" for e in ALL),
    "Logs Insights": text(
        {"results": [[{"field": "@message", "value": text(e)}, {"field": "@ptr", "value": "x"}]
                     for e in ALL], "status": "Complete"}
    ),
    "lookup-events": text({"Events": [{"EventId": "1", "CloudTrailEvent": text(e)} for e in ALL]}),
    "lookup-events --query Events": text([{"CloudTrailEvent": text(e)} for e in ALL]),
    "lookup-events --query Events[].CloudTrailEvent": text([text(e) for e in ALL]),
    "the same as text": "\t".join(map(text, ALL)) + "\n",
    "lookup-events as text": "\n".join(
        f"EVENTS\tAKIAX\t{text(e)}\t1\tRun\nRESOURCES\tname\ttype" for e in ALL
    ),
    "lookup-events as a table": "-----\n| LookupEvents |\n"
    + "\n".join(f"|  CloudTrailEvent  |  {text(e)}  |" for e in ALL),
    "lookup-events as YAML": "Events:\n"
    + "\n".join(f"- AccessKeyId: AKIAX\n  CloudTrailEvent: '{text(e)}'" for e in ALL),
    "Splunk": "\n".join(text({"preview": False, "result": {"_raw": text(e)}}) for e in ALL),
    "Splunk's CSV": "_raw,_time\n"
    + "\n".join('"' + text(e).replace('"', '""') + '",1' for e in ALL),
    "the Elastic Common Schema": "\n".join(
        text({"@timestamp": "x", "event": {"original": text(e), "kind": "event"}}) for e in ALL
    ),
    "Elasticsearch": text({"hits": {"total": 3, "hits": [{"_source": {"message": text(e)}}
                                                        for e in ALL]}}),
    "CloudTrail Lake": text({"QueryResultRows": [[{"eventData": text(e)}] for e in ALL]}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("end", ["", "\n"])
def test_all_records_are_found_and_nothing_is_left_out(shape: str, end: str) -> None:
    found = read((SHAPES[shape] + end).encode())
    assert found.left_out == {}
    assert found.records == ALL


@pytest.mark.parametrize("shape", ["CSV", "JSON", "get-query-results", "Lake's rows"])
def test_columns_become_a_record(shape: str) -> None:
    row = athena(ONE)
    given = {
        "CSV": ",".join(row) + "\n" + ",".join(_cell(value) for value in row.values()),
        "JSON": text(row),
        "get-query-results": text(
            {"ResultSet": {"Rows": [
                {"Data": [{"VarCharValue": name} for name in row]},
                {"Data": [{"VarCharValue": _plain(value)} if value is not None else {}
                          for value in row.values()]},
            ]}}
        ),
        "Lake's rows": text(
            {"QueryResultRows": [[{name: _plain(v)} for name, v in row.items() if v is not None]]}
        ),
    }[shape]  # fmt: skip
    found = read(given.encode())
    assert found.left_out == {}
    [made] = found.records
    # A table has no place for what is null, but for a body.
    expected = {name: value for name, value in ONE.items() if value is not None}
    expected["requestParameters"] = {"instancesSet": {"items": [1]}}
    if shape != "JSON":
        expected["managementEvent"] = True
    assert made == expected


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value if isinstance(value, str) else text(value)


def _cell(value: Any) -> str:
    return '"' + _plain(value).replace('"', '""') + '"'


def test_lakes_time_is_cloudtrails() -> None:
    row = {"eventTime": "2026-03-02 08:00:00.000", "eventName": "X", "eventID": "1"}
    assert read(text(row).encode()).records[0]["eventTime"] == "2026-03-02T08:00:00Z"


@pytest.mark.parametrize(
    ("given", "kept", "left_out"),
    [
        ("\n".join([text(ONE), '{"eventVersion": broken', text(TWO)]), [ONE, TWO],
         {"it is no JSON": (1, "line 2")}),
        (text({"Records": [ONE, {"a": 1}, 7, TWO]}), [ONE, TWO],
         {"it is no CloudTrail record": (2, "number 2")}),
        (text({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "Put",
                            "eventTime": "x", "s3": {"object": {"key": "k"}}}]}), [],
         {"it is a notification, which names a log file: give that file": (1, "number 1")}),
        (text({"s3Bucket": "b", "s3ObjectKey": ["k"]}), [],
         {"it is a notification, which names a log file: give that file": (1, "line 1")}),
        (text(envelope(ONE) | {"source": "aws.s3", "detail": {"bucket": {}, "object": {}}}), [],
         {"it is a notification, which names a log file: give that file": (1, "line 1")}),
        (text(ONE)[:-20], [], {"it is no JSON": (1, "line 1")}),
        ("hello\nworld\n", [], {"it is no JSON": (2, "line 1")}),
        ("eventtime,useridentity,eventname\nx,\"{type=Root, arn=a}\",X", [],
         {"the user identity is Athena's text of a struct: select CAST(useridentity AS JSON)":
          (1, "row 2")}),
    ],
    ids=["a bad line", "others", "S3", "CloudTrail's topic", "EventBridge of S3", "cut", "prose",
         "a struct"],
)  # fmt: skip
def test_what_is_left_out_is_said(
    given: str, kept: list[Any], left_out: dict[str, tuple[int, str]]
) -> None:
    found = read(given.encode())
    assert found.records == kept
    assert found.left_out == left_out


def test_one_record_that_is_no_text_costs_one_record() -> None:
    given = body(ONE, TWO).replace(b"Run2", b"Run\xe9")
    found = read(given)
    assert found.records == [ONE]
    assert found.left_out == {"it is no text in UTF-8": (1, "")}


def test_numbers_keep_their_digits() -> None:
    given = text([ONE]).replace('"requestParameters": null', '"requestParameters": {"n": 1.10}')
    assert b'"n":1.10' in read(given.encode()).text()
