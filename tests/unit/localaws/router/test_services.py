"""Targets that are reached with the rule's role: each kind's call, grants and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from localaws.events.router import destinations
from localaws.events.router.destinations import call
from localaws.events.router.model import DeliveryError, kind_of

pytestmark = pytest.mark.unit

PLACE = "us-east-1:123456789012"
TASK = f"arn:aws:ecs:{PLACE}:task-definition/scan:1"
CLUSTER = f"arn:aws:ecs:{PLACE}:cluster/scans"
RUNS = f"arn:aws:iam::{PLACE.split(':')[1]}:role/runs"
SHELL = "arn:aws:ssm:us-east-1::document/AWS-RunShellScript"


def _stream(bench: Any) -> str:
    client = bench.aws.client("kinesis", *PLACE.split(":")[::-1])
    client.create_stream(StreamName="calls", ShardCount=1)
    return f"arn:aws:kinesis:{PLACE}:stream/calls"


def _lake(bench: Any) -> str:
    client = bench.aws.client("firehose", *PLACE.split(":")[::-1])
    bucket = {"RoleARN": RUNS, "BucketARN": "arn:aws:s3:::lake"}
    bench.aws.client("s3", *PLACE.split(":")[::-1]).create_bucket(Bucket="lake")
    arn: str = client.create_delivery_stream(
        DeliveryStreamName="lake", ExtendedS3DestinationConfiguration=bucket
    )["DeliveryStreamARN"]
    return arn


def _machine(bench: Any) -> str:
    states = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    client = bench.aws.client("stepfunctions", *PLACE.split(":")[::-1])
    arn: str = client.create_state_machine(
        name="review", definition=json.dumps(states), roleArn=RUNS
    )["stateMachineArn"]
    return arn


def _cluster(bench: Any) -> str:
    client = bench.aws.client("ecs", *PLACE.split(":")[::-1])
    client.create_cluster(clusterName="scans")
    container = {"name": "scan", "image": "busybox", "memory": 128}
    client.register_task_definition(
        family="scan",
        containerDefinitions=[container],
        executionRoleArn=RUNS,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
    )
    return CLUSTER


def _subnet(bench: Any) -> str:
    client = bench.aws.client("ec2", *PLACE.split(":")[::-1])
    subnet: str = client.describe_subnets()["Subnets"][0]["SubnetId"]
    return subnet


@dataclass(frozen=True)
class Kind:
    """How a kind is made, what its target says besides, and what a role has to be allowed."""

    make: Callable[[Any], str]
    operation: str
    grants: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "kinesis": Kind(
        _stream,
        "PutRecord",
        {"kinesis:PutRecord": f"arn:aws:kinesis:{PLACE}:stream/calls"},
        {"KinesisParameters": {"PartitionKeyPath": "$.account"}},
    ),
    "firehose": Kind(
        _lake,
        "PutRecord",
        {
            "firehose:PutRecord": f"arn:aws:firehose:{PLACE}:deliverystream/lake",
            "firehose:PutRecordBatch": f"arn:aws:firehose:{PLACE}:deliverystream/lake",
        },
    ),
    "states": Kind(
        _machine,
        "StartExecution",
        {"states:StartExecution": f"arn:aws:states:{PLACE}:stateMachine:review"},
    ),
    "ecs": Kind(
        _cluster,
        "RunTask",
        {"ecs:RunTask": TASK, "iam:PassRole": RUNS},
        {"EcsParameters": {"TaskDefinitionArn": TASK, "LaunchType": "FARGATE"}},
    ),
}


def _reach(bench: Any, tools: Any, kind: Kind, *statements: dict[str, Any]) -> list[str]:
    role = bench.role("reaches", *statements)
    settings = kind.settings
    if "EcsParameters" in settings:
        network = {"awsvpcConfiguration": {"SecurityGroups": [], "Subnets": [_subnet(bench)]}}
        settings = {"EcsParameters": {**settings["EcsParameters"], "NetworkConfiguration": network}}
    bench.rule("launches", {"Id": "t", "Arn": kind.make(bench), "RoleArn": role, **settings})
    kinds: list[str] = bench.put(tools.call_event())
    return kinds


@pytest.mark.parametrize("name", KINDS)
def test_a_target_is_reached_with_the_grant(bench: Any, tools: Any, name: str) -> None:
    kind = KINDS[name]
    allowed = [tools.grants(action, where) for action, where in kind.grants.items()]
    kinds = _reach(bench, tools, kind, *allowed)
    assert kinds == ["matched", "delivered"], bench.steps
    assert bench.steps[-1].target_kind == name
    assert bench.steps[-1].receipt
    (request,) = bench.aws.made(kind.operation)
    event = json.dumps(tools.call_event(), separators=(",", ":"))
    if name == "kinesis":
        assert (request["Data"], request["PartitionKey"]) == (event.encode(), tools.ACCOUNT)
    elif name == "firehose":
        assert request["Record"] == {"Data": event.encode()}
    elif name == "states":
        assert request["input"] == event
    else:
        assert (request["taskDefinition"], request["count"]) == (TASK, 1)
        assert request["launchType"] == "FARGATE"
        assert request["startedBy"] == "events-rule/launches"
        network = request["networkConfiguration"]["awsvpcConfiguration"]
        assert set(network) == {"securityGroups", "subnets"}
        assert "overrides" not in request


@pytest.mark.parametrize(
    ("name", "missing"), [(name, action) for name, kind in KINDS.items() for action in kind.grants]
)
def test_each_grant_is_asked_for(bench: Any, tools: Any, name: str, missing: str) -> None:
    kind = KINDS[name]
    allowed = [tools.grants(a, where) for a, where in kind.grants.items() if a != missing]
    other = tools.grants(missing, kind.grants[missing] + "2")
    assert _reach(bench, tools, kind, *allowed, other) == ["matched", "refused", "dropped"]
    refused = next(step for step in bench.steps if step.kind == "refused")
    assert refused.error_code == "NO_PERMISSIONS"
    assert f"may not {missing} on {kind.grants[missing]}" in refused.reason
    assert bench.aws.made(kind.operation) == []


def test_a_task_runs_in_the_cluster_that_the_role_names(bench: Any, tools: Any) -> None:
    kind = KINDS["ecs"]
    here = {"ArnEquals": {"ecs:cluster": CLUSTER}}
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    allowed = [
        tools.grants("ecs:RunTask", TASK) | {"Condition": here},
        tools.grants("iam:PassRole", RUNS) | {"Condition": to_tasks},
    ]
    assert _reach(bench, tools, kind, *allowed) == ["matched", "delivered"]
    elsewhere = {"ArnEquals": {"ecs:cluster": CLUSTER + "2"}}
    role = bench.role(
        "elsewhere", tools.grants("ecs:RunTask", TASK) | {"Condition": elsewhere}, allowed[1]
    )
    target = {"Id": "t", "Arn": CLUSTER, "RoleArn": role, **kind.settings}
    bench.rule("launches", target)
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_not_there(bench: Any, tools: Any, name: str) -> None:
    kind = KINDS[name]
    arn = next(iter(kind.grants.values())) if name != "ecs" else CLUSTER
    role = bench.role("reaches", tools.grants("*"))
    bench.rule("launches", {"Id": "t", "Arn": arn, "RoleArn": role, **kind.settings})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    refused = next(step for step in bench.steps if step.kind == "refused")
    assert refused.error_code == "NO_RESOURCE", refused


def test_without_a_role(bench: Any, tools: Any) -> None:
    bench.rule("launches", {"Id": "t", "Arn": f"arn:aws:kinesis:{PLACE}:stream/calls"})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    refused = next(step for step in bench.steps if step.kind == "refused")
    assert refused.error_code == "NO_PERMISSIONS"
    assert "give the target a RoleArn that allows kinesis:PutRecord" in refused.reason


def test_overrides_of_a_task_come_from_the_template(bench: Any, tools: Any) -> None:
    _cluster(bench)
    role = bench.role("reaches", tools.grants("*"))
    template = '{"containerOverrides": [{"name": "scan", "command": [<what>]}]}'
    transformer = {"InputPathsMap": {"what": "$.detail.eventName"}, "InputTemplate": template}
    network = {"awsvpcConfiguration": {"SecurityGroups": [], "Subnets": [_subnet(bench)]}}
    asked = {"TaskDefinitionArn": TASK, "LaunchType": "FARGATE", "NetworkConfiguration": network}
    target = {"Id": "t", "Arn": CLUSTER, "RoleArn": role, "InputTransformer": transformer}
    bench.rule("launches", target | {"EcsParameters": asked})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    (request,) = bench.aws.made("RunTask")
    container = {"name": "scan", "command": ["RunInstances"]}
    assert request["overrides"] == {"containerOverrides": [container]}


def _instance(bench: Any, **tags: str) -> str:
    client = bench.aws.client("ec2", *PLACE.split(":")[::-1])
    named = [{"Key": key, "Value": value} for key, value in tags.items()]
    (made,) = client.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": named}],
    )["Instances"]
    return f"arn:aws:ec2:{PLACE}:instance/{made['InstanceId']}"


@pytest.mark.parametrize("role", ["web", "database"])
def test_a_command_needs_the_document_and_each_instance(bench: Any, tools: Any, role: str) -> None:
    instance = _instance(bench, Role="web")
    tagged = {"StringEquals": {"ssm:resourceTag/Role": [role]}}
    sends = bench.role(
        "sends",
        tools.grants("ssm:SendCommand", SHELL),
        tools.grants("ssm:SendCommand", f"arn:aws:ec2:{PLACE}:instance/*") | {"Condition": tagged},
    )
    targets = [{"Key": "tag:Role", "Values": ["web"]}]
    target = {
        "Id": "t",
        "Arn": SHELL,
        "RoleArn": sends,
        "Input": '{"commands": ["true"]}',
        "RunCommandParameters": {"RunCommandTargets": targets},
    }
    bench.rule("launches", target)
    kinds = bench.put(tools.call_event())
    if role == "web":
        assert kinds == ["matched", "delivered"], bench.steps
        (request,) = bench.aws.made("SendCommand")
        assert request == {
            "DocumentName": "AWS-RunShellScript",
            "Parameters": {"commands": ["true"]},
            "Targets": targets,
        }
    else:
        assert kinds == ["matched", "refused", "dropped"]
        refused = next(step for step in bench.steps if step.kind == "refused")
        assert f"may not ssm:SendCommand on {instance}" in refused.reason


RUNBOOK = f"arn:aws:ssm:{PLACE}:automation-definition/tag:$DEFAULT"


@pytest.mark.parametrize("missing", ["ssm:StartAutomationExecution", "iam:PassRole"])
def test_a_runbook_needs_its_start_and_the_role_that_it_gets(
    bench: Any, tools: Any, missing: str
) -> None:
    grants = {"ssm:StartAutomationExecution": RUNBOOK, "iam:PassRole": RUNS}
    to_ssm = {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
    allowed = [
        tools.grants(action, where) | ({"Condition": to_ssm} if action == "iam:PassRole" else {})
        for action, where in grants.items()
        if action != missing
    ]
    role = bench.role("starts", *allowed)
    told = json.dumps({"AutomationAssumeRole": [RUNS]})
    bench.rule("launches", {"Id": "t", "Arn": RUNBOOK, "RoleArn": role, "Input": told})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    refused = next(step for step in bench.steps if step.kind == "refused")
    assert refused.error_code == "NO_PERMISSIONS"
    assert f"may not {missing} on {grants[missing]}" in refused.reason
    assert bench.aws.made("StartAutomationExecution") == []


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (f"arn:aws:events:{PLACE}:api-destination/tickets/1", "api-destination"),
        (f"arn:aws:events:{PLACE}:event-bus/hub", "bus"),
        (f"arn:aws:ssm:{PLACE}:automation-definition/tag:$DEFAULT", "automation"),
        (SHELL, "run-command"),
        (f"arn:aws:ssm:{PLACE}:parameter/x", "other"),
        ("queue", "other"),
    ],
)
def test_a_kind_by_its_arn(arn: str, kind: str) -> None:
    assert kind_of(arn) == kind


# --- the call of an API destination -------------------------------------------------------------

TICKETS = {"InvocationEndpoint": "https://api.example.com/*/tickets?v=1", "HttpMethod": "POST"}


class Answers:
    """In place of the network: what was asked, and a status each time."""

    def __init__(self, *statuses: int, data: bytes = b"") -> None:
        self.left, self.data = list(statuses), data
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, method: str, endpoint: str, query: Any, headers: Any, body: str) -> Any:
        self.asked.append((method, endpoint, dict(query), dict(headers), body))

        class Answer:
            status = self.left.pop(0)
            data = self.data

        return Answer


def test_what_an_endpoint_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(201)
    monkeypatch.setattr(destinations, "_ask", answers)
    given = {
        "HeaderParameters": {"X-Rule": "r", "X-Both": "target"},
        "PathParameterValues": ["a/b"],
        "QueryStringParameters": {"q": "1"},
    }
    credentials = {
        "ApiKeyAuthParameters": {"ApiKeyName": "x-api-key", "ApiKeyValue": "secret"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "X-Both", "Value": "connection"}],
            "BodyParameters": [{"Key": "team", "Value": "blue"}],
        },
    }
    assert call(TICKETS, given, credentials, '{"title":"t"}') == "201"
    ((method, endpoint, query, headers, body),) = answers.asked
    assert (method, endpoint) == ("POST", "https://api.example.com/a%2Fb/tickets?v=1")
    assert query == {"q": "1"}
    assert headers["x-api-key"] == "secret"
    assert (headers["X-Rule"], headers["X-Both"]) == ("r", "connection")
    assert json.loads(body) == {"title": "t", "team": "blue"}


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (400, "SDK_CLIENT_ERROR", False),
        (401, "SDK_CLIENT_ERROR", True),
        (404, "SDK_CLIENT_ERROR", False),
        (409, "SDK_CLIENT_ERROR", True),
        (429, "THROTTLING", True),
        (503, "ERROR_FROM_TARGET", True),
    ],
)
def test_an_endpoint_that_refuses(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, again: bool
) -> None:
    monkeypatch.setattr(destinations, "_ask", Answers(status))
    with pytest.raises(DeliveryError) as caught:
        call(TICKETS, {}, {}, "{}")
    assert (caught.value.code, caught.value.retry) == (code, again)


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ({"BasicAuthParameters": {"Username": "u", "Password": "p"}}, "Basic dTpw"),
        (
            {
                "OAuthParameters": {
                    "AuthorizationEndpoint": "https://id.example.com/token",
                    "HttpMethod": "POST",
                    "ClientParameters": {"ClientID": "i", "ClientSecret": "s"},
                }
            },
            "Bearer t",
        ),
    ],
)
def test_how_a_connection_authorizes(
    monkeypatch: pytest.MonkeyPatch, credentials: dict[str, Any], header: str
) -> None:
    answers = Answers(200, 200, data=b'{"access_token": "t"}')
    monkeypatch.setattr(destinations, "_ask", answers)
    call(TICKETS, {}, credentials, "{}")
    assert answers.asked[-1][3]["Authorization"] == header
