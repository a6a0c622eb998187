"""modules/log-query: tables, the workgroup, who may ask, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Called, Settings, assert_refused, call
from trailctl.history.question import CLOUDTRAIL_COLUMNS, JSON_COLUMNS

pytestmark = pytest.mark.plan

ORGANIZATION = "o-a1b2c3d4e5"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("1111-2222", "2222-1111")
ONE: Settings = {"name": "ask", "logs": {"log": {"bucket": {"name": "acme-logs"}}}}
CALLS: dict[str, Settings] = {
    "one": ONE,
    "many": {
        "name": "ask-all",
        "bytes_scanned_cutoff_per_query": 10_485_760,
        "days": 30,
        "kms_key_arn": KEY,
        "logs": {
            "org": {
                "bucket": {
                    "name": "acme-org",
                    "key_prefix": "a/b",
                    "kms_key_arn": OTHER_KEY,
                    "organization_id": ORGANIZATION,
                },
                "insights": True,
            },
            "some": {
                "account_ids": ["444455556666", "111122223333"],
                "bucket": {"name": "acme-org", "organization_id": ORGANIZATION},
            },
            "text": {"bucket": {"name": "acme-logs"}, "format": "json"},
            "flat": {"bucket": {"name": "acme-flat"}, "path": "events/${day}"},
        },
        "own_results_bucket": False,
        "regions": ["us-east-1", "eu-west-1"],
        "results_bucket_name": "acme-results",
    },
    "all": {**ONE, "results_bucket_name": "acme-answers", "results_expire_after_days": 3},
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    return tf.plan("".join(call("log-query", s, label) for label, s in CALLS.items()))


def tables(plan: Plan, label: str) -> dict[str, dict[str, Any]]:
    found = [*Called(plan, label).of_type("aws_glue_catalog_table").values()]
    return {each["name"]: each for each in found}


def columns(table: dict[str, Any]) -> dict[str, str]:
    [storage] = table["storage_descriptor"]
    return {column["name"]: column["type"] for column in storage["columns"]}


def test_an_accounts_log_is_the_accounts(many: Plan) -> None:
    [table] = tables(many, "one").values()
    found = table["parameters"]
    assert found["storage.location.template"] == (
        "s3://acme-logs/AWSLogs/${account}/CloudTrail/${region}/${day}"
    )
    assert found["projection.account.values"] == ACCOUNT
    assert found["projection.day.range"] == "NOW-1096DAYS,NOW"
    assert "us-west-2" in found["projection.region.values"].split(",")
    [storage] = table["storage_descriptor"]
    assert storage["location"] == "s3://acme-logs/AWSLogs/"
    assert storage["input_format"] == "com.amazon.emr.cloudtrail.CloudTrailInputFormat"


def test_the_columns_are_those_that_questions_ask_for(many: Plan) -> None:
    found = tables(many, "many")
    assert columns(found["org"]) == dict(CLOUDTRAIL_COLUMNS)
    assert columns(found["text"]) == dict(JSON_COLUMNS)
    assert columns(found["org_insights"])["insightdetails"].startswith("struct<state:string,")


def test_partitions_are_the_keys_that_a_path_names(many: Plan) -> None:
    found = {
        name: (
            [key["name"] for key in table["partition_keys"]],
            table["parameters"]["storage.location.template"],
            table["parameters"].get("projection.account.type"),
        )
        for name, table in tables(many, "many").items()
    }
    every = ["account", "region", "day"]
    org = f"s3://acme-org/a/b/AWSLogs/{ORGANIZATION}/${{account}}"
    some = f"s3://acme-org/AWSLogs/{ORGANIZATION}/${{account}}/CloudTrail/${{region}}/${{day}}"
    text = "s3://acme-logs/AWSLogs/${account}/CloudTrail/${region}/${day}"
    assert found == {
        "org": (every, f"{org}/CloudTrail/${{region}}/${{day}}", "injected"),
        "org_insights": (every, f"{org}/CloudTrail-Insight/${{region}}/${{day}}", "injected"),
        "some": (every, some, "enum"),
        "text": (every, text, "enum"),
        "flat": (["day"], "s3://acme-flat/events/${day}", None),
    }
    parameters = tables(many, "many")["some"]["parameters"]
    assert parameters["projection.account.values"] == "111122223333,444455556666"
    assert parameters["projection.region.values"] == "eu-west-1,us-east-1"
    assert parameters["projection.day.range"] == "NOW-30DAYS,NOW"


def test_a_workgroup_decides_for_its_clients(many: Plan) -> None:
    [found] = Called(many, "many").one("aws_athena_workgroup")["configuration"]
    assert found["enforce_workgroup_configuration"] is True
    assert found["publish_cloudwatch_metrics_enabled"] is True
    assert found["bytes_scanned_cutoff_per_query"] == 10_485_760
    [result] = found["result_configuration"]
    assert result["output_location"] == "s3://acme-results/ask-all/"
    assert result["encryption_configuration"] == [
        {"encryption_option": "SSE_KMS", "kms_key_arn": KEY}
    ]
    assert [*Called(many, "many").of_type("aws_s3_bucket").values()] == []


def test_results_expire(many: Plan) -> None:
    called = Called(many, "all")
    assert called.one("aws_s3_bucket")["bucket"] == "acme-answers"
    [rule] = called.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert [each["days"] for each in rule["expiration"]] == [3]
    assert Called(many, "one").one("aws_s3_bucket")["bucket"] == f"ask-results-{ACCOUNT}"


def test_ten_questions_a_table_of_records(many: Plan) -> None:
    files = sorted(path.stem for path in (REPOSITORY / "modules/log-query/queries").glob("*.sql"))
    assert len(files) == 10
    named = {
        q["name"]: q for q in [*Called(many, "many").of_type("aws_athena_named_query").values()]
    }
    wanted = [f"{table}-{query}" for table in ("flat", "org", "some") for query in files]
    assert sorted(named) == sorted(wanted)
    injected, enumerated = named["org-address"], named["some-address"]
    assert "WHERE account = ? AND day BETWEEN ? AND ? AND" in injected["query"]
    assert "account, first day" in injected["description"]
    assert "WHERE day BETWEEN ? AND ? AND" in enumerated["query"]
    assert "FROM ask_all.some\n" in enumerated["query"]
    for query in named.values():
        said = query["description"].partition("Parameters: ")[2]
        told = re.sub(r" \(.*?\)", "", said).replace(", as in", " as in").split(", ")
        assert len(told) == query["query"].count("?"), query


def test_who_asks_reads_the_tables_logs_and_nothing_else(many: Plan) -> None:
    policy = json.loads(Called(many, "many").shown["policy_json"])
    found = {each["Sid"]: each for each in policy["Statement"]}
    s3 = "arn:aws:s3:::"
    assert found["LogQueryRead"]["Resource"] == [
        f"{s3}acme-flat/events/*",
        f"{s3}acme-org/a/b/AWSLogs/{ORGANIZATION}/*",
        f"{s3}acme-org/AWSLogs/{ORGANIZATION}/*",
        f"{s3}acme-logs/AWSLogs/*",
    ]
    assert found["LogQueryResults"]["Resource"] == f"{s3}acme-results/ask-all/*"
    assert found["LogQueryDecrypt"]["Resource"] == [OTHER_KEY]
    assert found["LogQueryResultsKey"]["Resource"] == KEY
    assert found["LogQueryAsk"]["Resource"].endswith(":workgroup/ask-all")
    least = json.loads(Called(many, "one").shown["policy_json"])
    sids = [each["Sid"] for each in least["Statement"]]
    assert sids == [
        "LogQueryAsk", "LogQueryTables", "LogQueryList", "LogQueryRead", "LogQueryResults",
    ]  # fmt: skip


def log(**more: Any) -> Settings:
    return {**ONE, "logs": {"log": {"bucket": {"name": "acme-logs"}, **more}}}


WRONG: list[tuple[Settings, str]] = [
    ({**ONE, "name": "Ask"}, "name must be 3 to 42"),
    ({**ONE, "logs": {}}, "logs must hold at least one log"),
    (
        {**ONE, "logs": {"My-log": {"bucket": {"name": "acme-logs"}}}},
        "logs must hold at least one log",
    ),
    (log(format="csv"), "A log's format must be"),
    (log(account_ids=["1"]), "account_ids must be the 12 digits"),
    (log(account_ids=[]), "account_ids is empty"),
    (log(path="events/"), "path must begin with the keys' first letters"),
    (log(path="events/${hour}"), "path must begin with the keys' first letters"),
    (log(path="events/${day}", insights=True), "insights needs CloudTrail's own keys"),
    (log(format="json", insights=True), "insights needs CloudTrail's own keys"),
    ({**ONE, "bytes_scanned_cutoff_per_query": 1}, "a whole number of bytes, 10485760"),
    ({**ONE, "days": 0}, "days must be a whole number of days from 1"),
    ({**ONE, "kms_key_arn": "alias/x"}, "kms_key_arn must be the ARN of a key"),
    ({**ONE, "regions": []}, "regions must hold Regions"),
    ({**ONE, "results_bucket_name": "A"}, "results_bucket_name must be a bucket name"),
    ({**ONE, "results_expire_after_days": 0}, "results_expire_after_days must be a whole number"),
]


TOGETHER: list[tuple[Settings, str]] = [
    ({**ONE, "own_results_bucket": False}, "own_results_bucket is false and results_bucket_name"),
]


@pytest.mark.parametrize("wrong", [WRONG, TOGETHER], ids=["alone", "together"])
def test_what_is_wrong_is_refused(tf: Planner, wrong: list[tuple[Settings, str]]) -> None:
    assert_refused(tf, "log-query", wrong)
