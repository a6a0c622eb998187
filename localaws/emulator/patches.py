"""What is changed in ministack's own code, each change with what an issue upstream would say.

Everything else that ministack lacks is closed in front of it, by AWS's public protocol. A patch
goes when a release answers its issue.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import ec2, eventbridge, iam, scheduler

from localaws.emulator.runtime import Runtimes
from localaws.wire.emulator import EmittedEvent


def apply(runtimes: Runtimes, on_event: EmittedEvent) -> None:
    """Apply all patches; once a process."""
    functions_see_their_own_packages(runtimes)
    principal_arn_is_the_roles()
    an_arn_in_a_request_is_its_resource()
    security_group_rules_are_single()
    events_are_handed_on(on_event)
    nothing_fires_by_itself()
    destinations_have_an_id()


def functions_see_their_own_packages(runtimes: Runtimes) -> None:
    """Lambda: Python workers import the packages of the server's own environment.

    A worker is started with the interpreter that runs ministack, site-packages and all. A function
    whose layer is forgotten, or whose zip lacks a dependency, works in ministack and fails on AWS.
    Wanted: a setting for the interpreter of a runtime (`LAMBDA_PYTHON_BINARY`), or `-S` with a
    folder of what the managed runtime brings (boto3, botocore and what they need).
    """
    worker = lambda_runtime._detect_runtime_binary

    def runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = worker(runtime)
        is_python = runtime.startswith("python")
        return (runtimes.launcher(runtime), script) if is_python else (binary, script)

    lambda_runtime._detect_runtime_binary = runtime_binary


def principal_arn_is_the_roles() -> None:
    """IAM: aws:PrincipalArn of a session is its assumed-role ARN; on AWS it is the role's.

    "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that
    assumed the role." A policy with `ArnLike: {"aws:PrincipalArn": "arn:aws:iam::*:role/app/*"}`
    never holds in ministack.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    of_request = iam_evaluator._resolve_condition_key

    def condition_key(key: str, context: Any) -> Any:
        value = of_request(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        _, partition, _, _, account, path = value.split(":", 5)
        name = path.split("/")[1]
        role = iam._roles.get_scoped(account, None, name) or {}
        return role.get("Arn", f"arn:{partition}:iam::{account}:role/{name}")

    iam_evaluator._resolve_condition_key = condition_key


def an_arn_in_a_request_is_its_resource() -> None:
    """IAM: calls that name their resource by its ARN are asked about `*`.

    `dynamodb:ListTagsOfResource` allowed on `arn:aws:dynamodb:*:*:table/*` is denied, since only a
    table's name is read from the request. Where the resource is not known otherwise, an ARN of the
    same service among the request's members (`ResourceArn`, `resourceArn`, `Resource`) is it.
    """
    known = iam_actions.extract_resource_arn

    def resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query_params: Any,
        region: str,
        account_id: str,
    ) -> str:
        arn = known(service, method, path, headers, body, query_params, region, account_id)
        if arn != "*":
            return str(arn)
        place = f":{service}:{region}:"
        for value in (*_members(body), *_values(query_params)):
            if isinstance(value, str) and value.startswith("arn:") and place in value:
                return value
        return "*"

    iam_actions.extract_resource_arn = resource_arn


def _members(body: bytes) -> list[Any]:
    try:
        members = json.loads(body or b"null")
    except ValueError:
        return []
    return list(members.values()) if isinstance(members, dict) else []


def _values(parameters: Any) -> list[Any]:
    found: list[Any] = []
    for value in (parameters or {}).values():
        found += value if isinstance(value, list) else [value]
    return found


def security_group_rules_are_single() -> None:
    """EC2: an entry of IpPermissions with two ranges becomes one rule; on AWS it becomes two.

    RevokeSecurityGroupIngress of one of the two ranges then finds no such rule, and revoking the
    other's entry takes both.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
    """
    permissions = ec2._parse_ip_permissions
    ec2._parse_ip_permissions = lambda parameters, prefix: [
        rule for entry in permissions(parameters, prefix) for rule in _rules(entry)
    ]


def events_are_handed_on(on_event: EmittedEvent) -> None:
    """EventBridge: delivery asks for no permission and knows no dead-letter queue.

    A target whose resource policy does not admit EventBridge gets events in ministack; RetryPolicy
    and DeadLetterConfig are kept and not followed. Wanted: a hook that takes the events which
    services put on a bus, so that an embedder can deliver them.
    """

    def emitted(record: dict[str, Any], view: Any = None) -> None:
        del view
        on_event(_envelope(record), record["Account"], record["Region"], record["EventBusName"])

    eventbridge._dispatch_event = emitted


def nothing_fires_by_itself() -> None:
    """EventBridge: schedules and archives can't be switched off.

    They follow the machine's clock, in a thread, and would fire and archive a second time beside an
    embedder's own. Wanted: a setting as there is for other background work.
    """
    eventbridge.start_scheduler = scheduler.start_scheduler = lambda: None
    eventbridge._archive_event = lambda event, view=None: None


def destinations_have_an_id() -> None:
    """EventBridge: the ARNs of connections and API destinations lack the id at their end.

    AWS: `arn:aws:events:us-east-1:123456789012:api-destination/name/<uuid>`. A role's policy for
    `api-destination/name/*`, as AWS's page has it, grants nothing in ministack.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destination-create.html
    """
    for create, kept, member in (
        ("_create_connection", eventbridge._connections, "ConnectionArn"),
        ("_create_api_destination", eventbridge._api_destinations, "ApiDestinationArn"),
    ):
        setattr(eventbridge, create, _with_id(getattr(eventbridge, create), kept, member))


def _with_id(create: Callable[[Any], Any], kept: Any, member: str) -> Callable[[Any], Any]:
    def created(data: Any) -> Any:
        status, headers, body = create(data)
        answer = json.loads(body)
        if status == 200 and member in answer:
            arn = f"{answer[member]}/{uuid.uuid4()}"
            kept[data["Name"]][member] = answer[member] = arn
            body = json.dumps(answer).encode()
        return status, headers, body

    return created


def _rules(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry of IpPermissions as EC2 keeps it: a rule for each range, group and prefix list."""
    peers = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    alone = {**entry, **{kind: [] for kind in peers}}
    return [{**alone, kind: [peer]} for kind in peers for peer in entry[kind]] or [alone]


def _envelope(record: Mapping[str, Any]) -> dict[str, Any]:
    """EventBridge's envelope of an event that ministack holds in its own form."""
    detail = record.get("Detail", "{}")
    when = datetime.fromtimestamp(float(record.get("Time", 0)), UTC)
    return {
        "version": "0",
        "id": record["EventId"],
        "detail-type": record.get("DetailType", ""),
        "source": record.get("Source", ""),
        "account": record["Account"],
        "time": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": record["Region"],
        "resources": list(record.get("Resources", [])),
        "detail": json.loads(detail) if isinstance(detail, str) else detail,
    }
