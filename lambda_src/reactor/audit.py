"""The audit record of an action: the state before, the state after, and how to take it back."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reactor.actions import Outcome, Undo
    from reactor.event import Event

SOURCE = "cloudtrail-reactor"
DETAIL_TYPE = "Reaction Action"
# What the actions of reactor.reactions are undone by, as boto3 names services and operations.
UNDOABLE: Final[Mapping[str, frozenset[str]]] = {
    "cloudtrail": frozenset({"put_event_selectors", "stop_logging", "update_trail"}),
    "ec2": frozenset(
        {"authorize_security_group_ingress", "create_tags", "delete_tags", "start_instances"}
    ),
    "iam": frozenset(
        {
            "add_role_to_instance_profile",
            "attach_role_policy",
            "create_role",
            "delete_role_permissions_boundary",
            "delete_role_policy",
            "put_role_permissions_boundary",
            "put_role_policy",
        }
    ),
    "s3": frozenset(
        {
            "delete_bucket_encryption",
            "delete_bucket_ownership_controls",
            "delete_bucket_policy",
            "delete_bucket_tagging",
            "delete_public_access_block",
            "put_bucket_encryption",
            "put_bucket_logging",
            "put_bucket_ownership_controls",
            "put_bucket_policy",
            "put_bucket_tagging",
            "put_bucket_versioning",
            "put_public_access_block",
        }
    ),
}
_MAX_DETAIL = 200_000  # bytes; EventBridge takes 262,144 for the whole entry
_CLI_SERVICES = {"s3": "s3api"}


def record(
    outcome: Outcome, event: Event, name: str, mode: str, finding: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """An action's audit record as JSON would hold it.

    `before` is the state that the reaction read, `after` the state that it made. `undo` is the call
    that takes the action back, with a command line for it, if the action was taken. `finding` says
    which finding is to be told when it is.
    """
    action = outcome.action
    now = datetime.now(UTC)
    found: dict[str, Any] = {
        "id": "/".join((event.id, action.name, *action.resources[:1])),
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "reaction": name,
        "status": outcome.status,
        "mode": mode,
        "reason": outcome.reason,
        "summary": action.summary,
        "service": action.service,
        "operation": action.operation,
        "parameters": action.parameters,
        "resources": action.resources,
        "before": action.before,
        "after": action.after,
        "actor": event.actor.arn or event.actor.owner,
        "event": {"id": event.id, "name": event.name, "source": event.source},
        "account": event.account,
        "region": action.region or event.region,
    }
    if event.time is not None:
        found["event"]["time"] = f"{event.time:%Y-%m-%dT%H:%M:%SZ}"
        found["latency_ms"] = max(0, round((now - event.time).total_seconds() * 1000))
    if action.undo is not None and outcome.status == "taken":
        found["undo"] = {
            "service": action.undo.service,
            "operation": action.undo.operation,
            "parameters": action.undo.parameters,
            "command": command(action.undo, found["region"]),
        }
        if finding:
            found["finding"] = dict(finding)
    return found


def command(undo: Undo, region: str) -> str:
    """The AWS CLI's command for a call."""
    service = _CLI_SERVICES.get(undo.service, undo.service)
    where = f" --region {region}" if region else ""
    parameters = shlex.quote(json.dumps(undo.parameters, default=str))
    verb = undo.operation.replace("_", "-")
    return f"aws {service} {verb}{where} --cli-input-json {parameters}"


def entry(found: Mapping[str, Any], bus: str) -> dict[str, Any]:
    """The record as an entry of events:PutEvents. It leaves out what is too large, and says so."""
    detail = json.dumps(found, default=str)
    if len(detail.encode()) > _MAX_DETAIL:
        small = {key: value for key, value in found.items() if key not in _LARGE}
        detail = json.dumps({**small, "omitted": sorted(_LARGE & {*found})}, default=str)
    resources = [each for each in found["resources"] if str(each).startswith("arn:")][:10]
    return {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "EventBusName": bus,
        "Resources": resources,
        "Detail": detail,
    }


_LARGE = {"parameters", "resources", "before", "after", "undo"}
