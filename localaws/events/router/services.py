"""Targets that a rule reaches with its role alone: what the role must be allowed, and the call.

An opener asks for the grants of one target and gives the way there. It raises DeliveryError.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from reactor.patterns.transform import find

from localaws.events.router import destinations
from localaws.events.router.grants import Grants, is_missing
from localaws.events.router.model import (
    SCHEDULER,
    Arn,
    AwsClients,
    DeliveryError,
    Envelope,
    RouterClock,
    Target,
    TargetKind,
)
from localaws.events.router.transform import target_input

# What a connection authorizes with (CreateConnection's AuthParameters), by account, Region, name.
RoleCredentials = Callable[[str, str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for one target. `received`: when the bus got it; `hops`: how often forwarded."""

    event: Envelope
    target: Target
    received: datetime
    hops: int
    attempt: int = 1

    def text(self) -> str:
        text = target_input(self.target, self.event, self.received)
        if self.target.rule.service == SCHEDULER:
            text = text.replace("<aws.scheduler.attempt-number>", str(self.attempt))
        return text

    def told(self) -> Any:
        """What input, path or template make, as JSON; None where the target says none of them.

        Run Command, Automation and ECS take parameters and no event.
        """
        if not any(self.target.settings.get(n) for n in ("Input", "InputPath", "InputTransformer")):
            return None
        try:
            return json.loads(self.text())
        except ValueError:
            raise DeliveryError("INVALID_JSON", "what the target is told is not JSON") from None


# One attempt; gives the target's receipt (a message or request id).
Send = Callable[[Delivery], str]


@dataclass(frozen=True, slots=True)
class Way:
    """A target, and all that it takes to open the way there."""

    aws: AwsClients
    grants: Grants
    target: Target
    arn: Arn
    clock: RouterClock
    credentials: RoleCredentials

    def client(self, service: str) -> Any:
        return self.aws.client(service, self.arn.account, self.arn.region)

    def allow(self, action: str, resource: str, **context: str) -> None:
        """`context` has the condition keys, a double underscore for the colon: `ecs__cluster`."""
        keys = {name.replace("__", ":"): value for name, value in context.items()}
        rule, role, now = self.target.rule, self.target.role_arn, self.clock.now()
        self.grants.role(rule, self.arn, role, action, resource, now, keys)

    def at_home(self) -> None:
        """Most services are reached in the rule's own account."""
        if self.arn.account not in ("", self.target.rule.account):
            raise DeliveryError(
                "INVALID_PARAMETER",
                f"target {self.arn} is in another account: a rule reaches only event buses, "
                "functions, queues, topics and Kinesis streams there",
            )

    def settings(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.target.settings.get(name) or {}
        return found


def _state_machine(way: Way) -> Send:
    way.at_home()
    way.allow("states:StartExecution", way.arn.text)
    client = way.client("stepfunctions")

    def send(delivery: Delivery) -> str:
        answer = client.start_execution(stateMachineArn=way.arn.text, input=delivery.text())
        return str(answer["executionArn"])

    return send


def _kinesis(way: Way) -> Send:
    way.grants.stream(way.target.rule, way.arn, way.target.role_arn, way.clock.now())
    client, name = way.client("kinesis"), way.arn.resource.removeprefix("stream/")
    found = _there(way, client.describe_stream_summary, StreamName=name)
    _may_encrypt(way, found["StreamDescriptionSummary"].get("KeyId"))
    path = way.settings("KinesisParameters").get("PartitionKeyPath") or "$.id"

    def send(delivery: Delivery) -> str:
        key = find(path, delivery.event)
        if key is None:
            raise DeliveryError(
                "INVALID_PARAMETER", f"PartitionKeyPath {path} finds nothing in the event"
            )
        answer = client.put_record(
            StreamName=name,
            Data=delivery.text().encode(),
            PartitionKey=(key if isinstance(key, str) else json.dumps(key))[:256],
        )
        return str(answer["SequenceNumber"])

    return send


def _firehose(way: Way) -> Send:
    way.at_home()
    for action in ("firehose:PutRecord", "firehose:PutRecordBatch"):
        way.allow(action, way.arn.text)
    client, name = way.client("firehose"), way.arn.resource.removeprefix("deliverystream/")
    # Firehose uses a stream's key with a grant of its own: who writes needs none.
    _there(way, client.describe_delivery_stream, DeliveryStreamName=name)

    def send(delivery: Delivery) -> str:
        record = {"Data": delivery.text().encode()}
        return str(client.put_record(DeliveryStreamName=name, Record=record)["RecordId"])

    return send


def _ecs(way: Way) -> Send:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html"""
    way.at_home()
    client, asked = way.client("ecs"), way.settings("EcsParameters")
    task = str(asked.get("TaskDefinitionArn") or "")
    way.allow("ecs:RunTask", task, ecs__cluster=way.arn.text)
    try:
        definition = client.describe_task_definition(taskDefinition=task)["taskDefinition"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ClientException":
            raise
        raise DeliveryError("NO_RESOURCE", f"task definition {task} does not exist") from None
    for name in ("executionRoleArn", "taskRoleArn"):
        if definition.get(name):
            service = "ecs-tasks.amazonaws.com"
            way.allow("iam:PassRole", definition[name], iam__PassedToService=service)
    clusters = client.describe_clusters(clusters=[way.arn.text])["clusters"]
    if not any(cluster["status"] == "ACTIVE" for cluster in clusters):
        raise DeliveryError("NO_RESOURCE", f"cluster {way.arn} does not exist")
    request = {
        **_lowered({name: value for name, value in asked.items() if name in _OF_A_TASK}),
        "cluster": way.arn.text,
        "count": asked.get("TaskCount") or 1,
        "startedBy": f"events-rule/{way.target.rule.name}"[:128],
        "taskDefinition": task,
    }

    def send(delivery: Delivery) -> str:
        overrides = delivery.told()
        answer = client.run_task(**request, **({"overrides": overrides} if overrides else {}))
        if answer.get("failures"):
            raise DeliveryError("ERROR_FROM_TARGET", json.dumps(answer["failures"]), retry=True)
        return str(answer["tasks"][0]["taskArn"])

    return send


_OF_A_TASK = (
    "CapacityProviderStrategy",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "Group",
    "LaunchType",
    "NetworkConfiguration",
    "PlacementConstraints",
    "PlacementStrategy",
    "PlatformVersion",
    "PropagateTags",
    "ReferenceId",
    "Tags",
)


def _lowered(value: Any) -> Any:
    """ECS writes small what EventBridge writes large: `LaunchType`, `launchType`."""
    if isinstance(value, Mapping):
        return {name[0].lower() + name[1:]: _lowered(part) for name, part in value.items()}
    return [_lowered(part) for part in value] if isinstance(value, list) else value


def _run_command(way: Way) -> Send:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RunCommandParameters.html"""
    way.at_home()
    targets = way.settings("RunCommandParameters").get("RunCommandTargets") or []
    way.allow("ssm:SendCommand", way.arn.text)
    rule = way.target.rule
    for instance, tags in _instances(way, targets):
        arn = f"arn:{way.arn.partition}:ec2:{rule.region}:{rule.account}:instance/{instance}"
        way.allow(
            "ssm:SendCommand",
            arn,
            **{f"{key}/{name}": value for key in _TAG_KEYS for name, value in tags.items()},
        )
    # AWS's documents belong to no account.
    client = way.aws.client("ssm", rule.account, rule.region)
    name = way.arn.resource.removeprefix("document/")

    def send(delivery: Delivery) -> str:
        parameters = delivery.told()
        answer = client.send_command(
            DocumentName=name,
            Targets=targets,
            **({"Parameters": parameters} if parameters else {}),
        )
        return str(answer["Command"]["CommandId"])

    return send


_TAG_KEYS = ("ssm__resourceTag", "aws__ResourceTag")


def _instances(way: Way, targets: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The instances that a command is for, with their tags."""
    client = way.aws.client("ec2", way.target.rule.account, way.target.rule.region)
    for target in targets:
        if target["Key"] == "InstanceIds":
            asked: dict[str, Any] = {"InstanceIds": list(target["Values"])}
        else:
            asked = {"Filters": [{"Name": target["Key"], "Values": list(target["Values"])}]}
        try:
            found = client.describe_instances(**asked)["Reservations"]
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("InvalidInstanceID"):
                raise
            for name in asked.get("InstanceIds", ()):
                yield name, {}
            continue
        for reservation in found:
            for instance in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
                yield instance["InstanceId"], tags


def _automation(way: Way) -> Send:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/running-automations-event-bridge.html"""
    way.at_home()
    way.allow("ssm:StartAutomationExecution", way.arn.text)
    rule = way.target.rule
    client = way.aws.client("ssm", rule.account, rule.region)
    name, _, version = way.arn.resource.removeprefix("automation-definition/").partition(":")

    def send(delivery: Delivery) -> str:
        parameters = delivery.told() or {}
        for role in parameters.get("AutomationAssumeRole") or ():
            way.allow("iam:PassRole", role, iam__PassedToService="ssm.amazonaws.com")
        answer = client.start_automation_execution(
            DocumentName=name, DocumentVersion=version or "$DEFAULT", Parameters=parameters
        )
        return str(answer["AutomationExecutionId"])

    return send


def _api_destination(way: Way) -> Send:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html"""
    way.at_home()
    way.allow("events:InvokeApiDestination", way.arn.text)
    client, name = way.client("events"), way.arn.resource.split("/")[1]
    found = _there(way, client.describe_api_destination, Name=name)
    if found["ApiDestinationArn"] != way.arn.text:
        raise DeliveryError("NO_RESOURCE", f"target {way.arn} does not exist")
    connection = found["ConnectionArn"].split("/")[1]
    state = _there(way, client.describe_connection, Name=connection)["ConnectionState"]
    if state != "AUTHORIZED":
        raise DeliveryError("SDK_CLIENT_ERROR", f"connection {connection} is {state}", retry=True)
    place = (way.arn.account, way.arn.region, connection)

    def send(delivery: Delivery) -> str:
        given = way.settings("HttpParameters")
        return destinations.call(found, given, way.credentials(*place), delivery.text())

    return send


def _there(way: Way, call: Callable[..., Any], **parameters: Any) -> Any:
    try:
        return call(**parameters)
    except ClientError as error:
        if is_missing(error):
            raise DeliveryError("NO_RESOURCE", f"target {way.arn} does not exist") from None
        raise


def _may_encrypt(way: Way, key: str | None) -> None:
    """A stream under a key of one's own: its writers make data keys.

    https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
    """
    if not key or "alias/aws/" in key:
        return
    found = way.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    if found.get("KeyManager") != "AWS":
        way.allow("kms:GenerateDataKey", found["Arn"])


OPENERS: Mapping[TargetKind, Callable[[Way], Send]] = {
    "api-destination": _api_destination,
    "automation": _automation,
    "ecs": _ecs,
    "firehose": _firehose,
    "kinesis": _kinesis,
    "run-command": _run_command,
    "states": _state_machine,
}
