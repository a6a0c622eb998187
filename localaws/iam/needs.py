"""What a call needs where nothing more is known: its action on the one resource that it is about.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from localaws.iam.policy import Context, ContextValue
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need

_usual: dict[str, gap.Needs] = {}


def usual(service: str) -> Callable[[gap.Needs], gap.Needs]:
    """Registers what the calls of a service need whose operations are not registered themselves."""

    def register(needs: gap.Needs) -> gap.Needs:
        _usual[service] = needs
        return needs

    return register


def usual_needs(call: Call) -> Iterable[Need]:
    """What a call needs as far as its service's ARNs tell."""
    of_service = _usual.get(call.service)
    return of_service(call) if of_service else [Need(_action(call), resource(call))]


def passing(role: str, service: str) -> Need:
    """The right to hand a role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return Need("iam:PassRole", role, {"iam:PassedToService": service})


def request_tags(tags: Sequence[Mapping[str, Any]]) -> Context:
    """The condition keys of the tags that a request brings."""
    context: dict[str, ContextValue] = {
        f"aws:RequestTag/{t['Key']}": str(t.get("Value", "")) for t in tags
    }
    keys = [str(t["Key"]) for t in tags]
    return {**context, "aws:TagKeys": keys} if keys else context


# S3 names some actions unlike their operations.
_S3_ACTIONS: Mapping[str, str] = {
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteObjects": "DeleteObject",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
}


def _action(call: Call) -> str:
    name = call.operation
    return f"{call.service}:{_S3_ACTIONS.get(name, name) if call.service == 's3' else name}"


def resource(call: Call) -> str:
    """The ARN of what a call is about, for the operations that the layer refuses or answers."""
    p, where, arn = call.parameters, f"{call.region}:{call.account}", f"arn:{call.partition}"
    match call.service:
        case "s3":
            key = f"/{p['Key']}" if p.get("Key") else ""
            return f"{arn}:s3:::{p.get('Bucket')}{key}" if p.get("Bucket") else "*"
        case "events":
            bus = _bare(p.get("EventBusName"), "default")
            if call.operation in ("PutPermission", "RemovePermission", "DescribeEventBus"):
                return f"{arn}:events:{where}:event-bus/{_bare(p.get('Name'), bus)}"
            rule = p.get("Rule") or p.get("Name")
            path = rule if bus == "default" else f"{bus}/{rule}"
            return f"{arn}:events:{where}:rule/{path}"
        case "lambda":
            name = str(p.get("FunctionName", ""))
            return name if name.startswith("arn:") else f"{arn}:lambda:{where}:function:{name}"
        case "kms":
            key = str(p.get("KeyId", "*"))
            return key if key.startswith("arn:") or key == "*" else f"{arn}:kms:{where}:key/{key}"
        case "scheduler" if call.operation.endswith("ScheduleGroup"):
            return f"{arn}:scheduler:{where}:schedule-group/{p.get('Name')}"
        case "scheduler" if call.operation.endswith("Schedule"):
            group = p.get("GroupName") or "default"
            return f"{arn}:scheduler:{where}:schedule/{group}/{p.get('Name')}"
        case "sns":
            return str(p.get("TopicArn") or f"{arn}:sns:{where}:{p.get('Name')}")
        case "sqs":
            name = p.get("QueueName") or _bare(p.get("QueueUrl"), "*")
            return f"{arn}:sqs:{where}:{name}"
        case "iam":
            role = f"{(p.get('Path') or '/').lstrip('/')}{p.get('RoleName')}"
            return f"{arn}:iam::{call.account}:role/{role}"
        case "sts":
            return str(p.get("RoleArn") or "*")
    return "*"


def _bare(name: Any, otherwise: str) -> str:
    """The last part of a name, ARN or URL."""
    return str(name).rpartition("/")[2] if name else otherwise
