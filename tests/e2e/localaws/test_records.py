"""Records of real calls, field by field: boto3, the AWS CLI and Terraform against the local AWS.

What is expected was written after records that AWS delivered and the examples of its documentation.
"""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localaws.client.process import RunningAws
from tests.e2e.localaws import aws_cli
from tests.e2e.localaws.recorded import Call, Like, at, filled
from tests.e2e.localaws.recorded_calls import BOTO3, CLI, TERRAFORM, TERRAFORM_CALLS
from tests.harness.applies import Applier
from tests.harness.local_aws import Credentials, LocalAws
from trailctl.terraform import clean_environment

pytestmark = pytest.mark.e2e

AGENTS = {
    "boto3": Like(r"Boto3/1\.[\d.]+ md/Botocore#.+"),
    "cli": Like(r"aws-cli/\d+\.[\d.]+ .+"),
    "terraform": Like(r"APN/1\.0 HashiCorp/1\.0 Terraform/1\.\d+\S* .*terraform-provider-aws/.+"),
}
IN_BRACKETS = {tool: Like(rf"\[{agent.pattern}\]") for tool, agent in AGENTS.items()}

Record = dict[str, Any]


@dataclass
class Happened:
    """What was made in an account, by name, and the records of it, in order."""

    made: dict[str, Any]
    records: list[Record] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    """Of the calls of the table, in order, as the client was told."""
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def happened(
    local_aws: LocalAws, apply: Applier, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Happened]:
    """All calls of all tools, side by side, each tool in an account of its own."""
    server = RunningAws({"AWS_ENDPOINT_URL": local_aws.url})
    own = {tool: Happened({"account": apply.account()}) for tool in AGENTS}
    stack = apply.start(TERRAFORM, account=own["terraform"].made["account"])
    folder = tmp_path_factory.mktemp("aws-cli")
    with ThreadPoolExecutor(1) as pool:
        cli = pool.submit(call_by_cli, local_aws, own["cli"], folder)
        call_by_boto3(local_aws, own["boto3"])
        cli.result()
    stack.result()
    assert local_aws.drain()
    for step in server.activity():
        for one in own.values():
            if step["kind"] == "call" and step["account"] == one.made["account"]:
                one.records.append(step["extra"]["record"])
    return own


def call_by_boto3(aws: LocalAws, happened: Happened) -> None:
    made = happened.made
    account = made["account"]
    clients: dict[tuple[str, str, str], Any] = {}
    for call in BOTO3:
        who = (call.service, call.who, call.region)
        if who not in clients:
            keys = None
            if call.who != "root":
                keys = Credentials(
                    made[f"{call.who}_key"],
                    made[f"{call.who}_secret"],
                    made.get(f"{call.who}_token"),
                )
            clients[who] = aws.client(call.service, account, call.region, keys)
        invoke = getattr(clients[who], xform_name(call.operation))
        try:
            answer = invoke(**filled(call.parameters, made))
        except ClientError as error:
            answer = error.response
            if not call.error:
                happened.failures.append(f"{call}: {error}")
        else:
            if call.error:
                happened.failures.append(f"{call} did not fail")
            made.update({name: at(answer, path) for name, path in call.keeps.items()})
        happened.request_ids.append(answer["ResponseMetadata"]["RequestId"])


def call_by_cli(aws: LocalAws, happened: Happened, folder: Path) -> None:
    account = happened.made["account"]
    environment = {**clean_environment(home=folder), **aws.environment(account)}
    for call in CLI:
        code, _, said = aws_cli.run(shlex.split(filled(call.command, happened.made)), environment)
        if bool(code) != bool(call.error):
            happened.failures.append(f"{call} ended with {code}: {said}")


@pytest.mark.parametrize("number", range(len(BOTO3)), ids=[str(call) for call in BOTO3])
def test_a_call_by_boto3(happened: dict[str, Happened], number: int) -> None:
    own = happened["boto3"]
    assert not own.failures
    request_id = own.request_ids[number]
    found = [record for record in own.records if record["requestID"] == request_id]
    assert len(found) == 1
    check(BOTO3[number], found[0], own.made)


@pytest.mark.parametrize("number", range(len(CLI)), ids=[str(call) for call in CLI])
def test_a_command_of_the_cli(happened: dict[str, Happened], number: int) -> None:
    own = happened["cli"]
    assert not own.failures
    # One call each, one after the other.
    assert len(own.records) == len(CLI)
    check(CLI[number], own.records[number], own.made)


@pytest.mark.parametrize("call", TERRAFORM_CALLS, ids=str)
def test_a_call_by_terraform(happened: dict[str, Happened], call: Call) -> None:
    own = happened["terraform"]
    source = f"{call.source or call.service}.amazonaws.com"
    named = [
        record
        for record in own.records
        if (record["eventSource"], record["eventName"]) == (source, call.event_name)
    ]
    assert named
    wanted = filled(call.request, own.made)
    # Terraform reads in no fixed order, and often twice.
    record = next((r for r in named if r["requestParameters"] == wanted), named[0])
    check(call, record, own.made)


def check(call: Call, record: Record, made: dict[str, Any]) -> None:
    """The whole record is what it must be, and holds nothing that was given in confidence."""
    agents = IN_BRACKETS if call.service == "s3" else AGENTS
    assert record == call.record(made, agents[call.tool])
    assert "never" not in json.dumps(record)


def test_the_history_has_the_same_records(
    happened: dict[str, Happened], local_aws: LocalAws
) -> None:
    own = happened["boto3"]
    trails = local_aws.client("cloudtrail", own.made["account"])
    pages = trails.get_paginator("lookup_events").paginate()
    events = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    by_id = {event["eventID"]: event for event in events}
    management = [r for r in own.records if r["managementEvent"] and r["awsRegion"] == "us-east-1"]
    assert len(management) >= 60
    assert [by_id[record["eventID"]] for record in management] == management


def test_the_table_is_as_broad_as_it_claims() -> None:
    calls = [*BOTO3, *CLI, *TERRAFORM_CALLS]
    operations = {(call.service, call.operation) for call in calls}
    assert len(operations) >= 60
    assert {service for service, _ in operations} >= {
        "cloudtrail",
        "dynamodb",
        "ec2",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "s3",
        "sns",
        "sqs",
        "ssm",
        "sts",
    }
    assert {len(table) >= 12 for table in (BOTO3, CLI, TERRAFORM_CALLS)} == {True}
    assert sum(call.error is not None for call in calls) >= 15
    assert sum(call.read_only for call in calls) >= 25
    assert sum(call.data for call in calls) >= 5
    assert {call.who for call in calls} == {"root", "user", "session"}
