"""What a call must be allowed: actions, resources and condition keys, as AWS asks for them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.iam.policy import ContextValue

if TYPE_CHECKING:
    from localaws.front.tables import Incoming

Context = Mapping[str, ContextValue]


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must be allowed: `ec2:StopInstances` on one ARN, with its condition keys."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


def needs_of(call: Incoming) -> Iterator[Need]:
    """All that the call needs."""
    service, name = call.operation.service, call.operation.name
    specific = NEEDS.get((service, name))
    if specific is not None:
        yield from specific(call)
    elif service == "ec2":
        yield from _ec2(call)
    else:
        yield Need(_action(service, name), _resource(call))


# --- EC2 ---------------------------------------------------------------------------------------

_EC2_KINDS: Mapping[str, str] = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
_WITHOUT_ACCOUNT = frozenset({"image", "snapshot"})


def _ec2_arn(call: Incoming, kind: str, name: str) -> str:
    account = "" if kind in _WITHOUT_ACCOUNT else call.account
    return f"arn:aws:ec2:{call.region}:{account}:{kind}/{name}"


def _kind(resource: str) -> str | None:
    return _EC2_KINDS.get(resource.partition("-")[0]) if "-" in resource else None


def _request_tags(tags: Sequence[Mapping[str, Any]]) -> Context:
    context: dict[str, ContextValue] = {
        f"aws:RequestTag/{t['Key']}": str(t.get("Value", "")) for t in tags
    }
    keys = [str(t["Key"]) for t in tags]
    return {**context, "aws:TagKeys": keys} if keys else context


def _named(call: Incoming) -> list[str]:
    """The EC2 ids that the request names at its top level, in order."""
    found: dict[str, None] = {}
    for value in call.parameters.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and _kind(item):
                found[item] = None
    return list(found)


def _ec2(call: Incoming) -> Iterator[Need]:
    """Every id that the request names; a kind (`instance/*`) or `*` where it names none."""
    action = f"ec2:{call.operation.name}"
    resources = _named(call)
    context = {"ec2:Region": call.region}
    if not resources:
        yield Need(action, "*", context)
    tags = resource_tags(call, resources)
    for resource in resources:
        arn = _ec2_arn(call, str(_kind(resource)), resource)
        yield Need(action, arn, {**context, **tags.get(resource, {})})
    profile = call.parameters.get("IamInstanceProfile")
    if profile:
        yield from _pass_role(call, profile)


def resource_tags(call: Incoming, resources: Iterable[str]) -> Mapping[str, Context]:
    """aws:ResourceTag and ec2:ResourceTag of resources, where the caller's policies ask for them.

    One call to the emulator for all resources; none at all where no policy mentions such a key.
    """
    ids = list(resources)
    if not ids or not call.front.permissions.mention(call.identity, ":resourcetag/"):
        return {}
    found: dict[str, dict[str, ContextValue]] = {}
    try:
        answer = call.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": ids}])
    except ClientError:
        return {}
    for tag in answer.get("Tags", ()):
        context = found.setdefault(tag["ResourceId"], {})
        for prefix in ("aws", "ec2"):
            context[f"{prefix}:ResourceTag/{tag['Key']}"] = tag.get("Value", "")
    return found


def _tags(call: Incoming) -> Iterator[Need]:
    """CreateTags and DeleteTags: each resource, with the tags of the request."""
    tags = call.parameters.get("Tags") or ()
    resources = [str(r) for r in call.parameters.get("Resources") or ()]
    present = resource_tags(call, resources)
    for resource in resources:
        context = {**_request_tags(tags), **present.get(resource, {}), "ec2:Region": call.region}
        arn = _ec2_arn(call, _kind(resource) or "*", resource)
        yield Need(f"ec2:{call.operation.name}", arn, context)


def _run_instances(call: Incoming) -> Iterator[Need]:
    """RunInstances: the image, and all that is used or made; tags on creation need CreateTags."""
    p = call.parameters
    kind = str(p.get("InstanceType") or "m1.small")
    region = {"ec2:Region": call.region}
    specified: dict[str, list[Mapping[str, Any]]] = {}
    for specification in p.get("TagSpecifications") or ():
        tags = specified.setdefault(str(specification.get("ResourceType")), [])
        tags.extend(specification.get("Tags") or ())
    options = p.get("MetadataOptions") or {}
    made: dict[str, dict[str, ContextValue]] = {
        "instance": {
            "ec2:InstanceType": kind,
            "ec2:Tenancy": str((p.get("Placement") or {}).get("Tenancy") or "default"),
            "ec2:EbsOptimized": str(bool(p.get("EbsOptimized"))).lower(),
            "ec2:MetadataHttpTokens": str(options.get("HttpTokens") or "optional"),
            "ec2:MetadataHttpEndpoint": str(options.get("HttpEndpoint") or "enabled"),
            "ec2:RootDeviceType": "ebs",
        },
        "network-interface": {},
        "volume": {},
    }
    profile = p.get("IamInstanceProfile") or {}
    if profile:
        arn = profile.get("Arn") or (
            f"arn:aws:iam::{call.account}:instance-profile/{profile.get('Name')}"
        )
        made["instance"]["ec2:InstanceProfile"] = str(arn)
    used: list[tuple[str, str]] = []
    if p.get("ImageId"):
        used.append(("image", str(p["ImageId"])))
    if p.get("KeyName"):
        used.append(("key-pair", str(p["KeyName"])))
    interfaces = p.get("NetworkInterfaces") or ()
    groups = [*(p.get("SecurityGroupIds") or ())]
    subnets = [p["SubnetId"]] if p.get("SubnetId") else []
    for interface in interfaces:
        groups += interface.get("Groups") or ()
        subnets += [interface["SubnetId"]] if interface.get("SubnetId") else []
    used += [("security-group", str(g)) for g in groups or ["*"]]
    used += [("subnet", str(s)) for s in subnets or ["*"]]
    template = (p.get("LaunchTemplate") or {}).get("LaunchTemplateId")
    if template:
        used.append(("launch-template", str(template)))
    present = resource_tags(call, [name for _, name in used if _kind(name)])
    for resource, name in used:
        context: Context = {**region, **present.get(name, {})}
        if resource in ("image", "subnet", "security-group", "key-pair"):
            context = {**context, "ec2:InstanceType": kind} if resource == "image" else context
        yield Need("ec2:RunInstances", _ec2_arn(call, resource, name), context)
    for resource, keys in made.items():
        context = {**region, **keys, **_request_tags(specified.get(resource, []))}
        yield Need("ec2:RunInstances", _ec2_arn(call, resource, "*"), context)
    for resource, wanted in specified.items():
        if wanted:
            context = {
                **region,
                **made.get(resource, {}),
                **_request_tags(wanted),
                "ec2:CreateAction": "RunInstances",
            }
            yield Need("ec2:CreateTags", _ec2_arn(call, resource, "*"), context)
    if profile:
        yield from _pass_role(call, profile)


def _pass_role(call: Incoming, profile: Mapping[str, Any]) -> Iterator[Need]:
    name = str(profile.get("Name") or str(profile.get("Arn")).rpartition("/")[2])
    try:
        found = call.client("iam").get_instance_profile(InstanceProfileName=name)
    except ClientError:
        return  # no such profile: the emulator says so
    for role in found["InstanceProfile"].get("Roles", ()):
        yield Need("iam:PassRole", role["Arn"], {"iam:PassedToService": "ec2.amazonaws.com"})


# --- IAM ---------------------------------------------------------------------------------------
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html


def _iam(call: Incoming) -> Iterator[Need]:
    """One role or user, by its whole ARN, with its tags and its boundary or the one asked for."""
    p = call.parameters
    kind, name = ("role", p.get("RoleName")) if p.get("RoleName") else ("user", p.get("UserName"))
    arn = f"arn:aws:iam::{call.account}:{kind}{p.get('Path') or '/'}{name}"
    context: dict[str, ContextValue] = dict(_request_tags(p.get("Tags") or []))
    if p.get("TagKeys"):
        context["aws:TagKeys"] = [str(k) for k in p["TagKeys"]]
    if p.get("PolicyArn"):
        context["iam:PolicyARN"] = str(p["PolicyArn"])
    found: Mapping[str, Any] = {}
    if not call.operation.name.startswith("Create"):
        try:
            iam = call.client("iam")
            found = (
                iam.get_role(RoleName=name)["Role"]
                if kind == "role"
                else iam.get_user(UserName=name)["User"]
            )
        except ClientError:
            found = {}  # not there: the emulator says so to who may know
    arn = str(found.get("Arn") or arn)
    for tag in found.get("Tags") or ():
        for prefix in ("aws", "iam"):
            context[f"{prefix}:ResourceTag/{tag['Key']}"] = str(tag["Value"])
    current = (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    boundary = p.get("PermissionsBoundary") or current
    if boundary:
        context["iam:PermissionsBoundary"] = str(boundary)
    yield Need(f"iam:{call.operation.name}", arn, context)


def _instance_profile(call: Incoming) -> Iterator[Need]:
    """One instance profile, by its whole ARN; who puts a role into it passes that role."""
    p = call.parameters
    iam, name = call.client("iam"), p.get("InstanceProfileName")
    arn = f"arn:aws:iam::{call.account}:instance-profile{p.get('Path') or '/'}{name}"
    try:
        found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    except ClientError:
        found = arn  # not there, or not yet: the emulator says so to who may know
    yield Need(f"iam:{call.operation.name}", found)
    if call.operation.name == "AddRoleToInstanceProfile":
        with contextlib.suppress(ClientError):
            role = iam.get_role(RoleName=p.get("RoleName"))["Role"]["Arn"]
            yield Need("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


_ROLE_OPERATIONS = (
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListInstanceProfilesForRole",
    "ListRolePolicies",
    "ListRoleTags",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "TagRole",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)
# Only operations that always name their user: others mean the caller where they name none.
_USER_OPERATIONS = (
    "AttachUserPolicy",
    "CreateUser",
    "DeleteUser",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "DetachUserPolicy",
    "GetUserPolicy",
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "PutUserPermissionsBoundary",
    "PutUserPolicy",
    "TagUser",
    "UntagUser",
)


# --- Systems Manager ---------------------------------------------------------------------------


def _parameters(call: Incoming) -> Iterator[Need]:
    """GetParameters: each by its name; GetParametersByPath: the path."""
    p = call.parameters
    for name in p.get("Names") or [p.get("Path")]:
        yield Need(f"ssm:{call.operation.name}", _parameter(call, str(name)))


def _parameter(call: Incoming, name: str) -> str:
    if name.startswith("arn:"):
        return name
    # The last part may carry a version or label; public parameters belong to no account.
    bare = name.partition(":")[0].strip("/")
    account = "" if name.startswith("/aws/") else call.account
    return f"arn:aws:ssm:{call.region}:{account}:parameter/{bare}"


# --- CloudWatch, its logs and EventBridge ------------------------------------------------------


def _metric_data(call: Incoming) -> Iterator[Need]:
    namespace = str(call.parameters.get("Namespace", ""))
    yield Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})


def _log_stream(call: Incoming) -> Iterator[Need]:
    """Asked of the stream, so that a policy for `log-group:NAME` alone does not reach it."""
    p = call.parameters
    stream = f"{p.get('logGroupName')}:log-stream:{p.get('logStreamName')}"
    arn = f"arn:aws:logs:{call.region}:{call.account}:log-group:{stream}"
    yield Need(f"logs:{call.operation.name}", arn)


def _rule(call: Incoming) -> Iterator[Need]:
    yield Need(f"events:{call.operation.name}", _resource(call))


# --- other services ----------------------------------------------------------------------------

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


def _action(service: str, name: str) -> str:
    return f"{service}:{_S3_ACTIONS.get(name, name) if service == 's3' else name}"


def _resource(call: Incoming) -> str:
    """The ARN of what a call is about, for the operations that the layer refuses or answers."""
    p, where = call.parameters, f"{call.region}:{call.account}"
    match call.operation.service:
        case "s3":
            key = f"/{p['Key']}" if p.get("Key") else ""
            return f"arn:aws:s3:::{p.get('Bucket')}{key}" if p.get("Bucket") else "*"
        case "events":
            bus = _bare(p.get("EventBusName"), "default")
            if call.operation.name in ("PutPermission", "RemovePermission", "DescribeEventBus"):
                return f"arn:aws:events:{where}:event-bus/{_bare(p.get('Name'), bus)}"
            rule = p.get("Rule") or p.get("Name")
            path = rule if bus == "default" else f"{bus}/{rule}"
            return f"arn:aws:events:{where}:rule/{path}"
        case "lambda":
            name = str(p.get("FunctionName", ""))
            return name if name.startswith("arn:") else f"arn:aws:lambda:{where}:function:{name}"
        case "kms":
            key = str(p.get("KeyId", "*"))
            return key if key.startswith("arn:") or key == "*" else f"arn:aws:kms:{where}:key/{key}"
        case "sns":
            return str(p.get("TopicArn") or f"arn:aws:sns:{where}:{p.get('Name')}")
        case "sqs":
            name = p.get("QueueName") or _bare(p.get("QueueUrl"), "*")
            return f"arn:aws:sqs:{where}:{name}"
        case "iam":
            role = f"{(p.get('Path') or '/').lstrip('/')}{p.get('RoleName')}"
            return f"arn:aws:iam::{call.account}:role/{role}"
        case "sts":
            return str(p.get("RoleArn") or "*")
    return "*"


def _bare(name: Any, otherwise: str) -> str:
    """The last part of a name, ARN or URL."""
    return str(name).rpartition("/")[2] if name else otherwise


NEEDS: Mapping[tuple[str, str], Callable[[Incoming], Iterator[Need]]] = {
    ("cloudwatch", "PutMetricData"): _metric_data,
    ("logs", "CreateLogStream"): _log_stream,
    ("logs", "PutLogEvents"): _log_stream,
    **{
        ("events", name): _rule
        for name in ("DeleteRule", "DisableRule", "EnableRule", "RemoveTargets")
    },
    ("ssm", "GetParameters"): _parameters,
    ("ssm", "GetParametersByPath"): _parameters,
    **{("iam", name): _iam for name in _ROLE_OPERATIONS + _USER_OPERATIONS},
    **{
        ("iam", name): _instance_profile
        for name in (
            "AddRoleToInstanceProfile",
            "CreateInstanceProfile",
            "DeleteInstanceProfile",
            "GetInstanceProfile",
            "RemoveRoleFromInstanceProfile",
        )
    },
    ("ec2", "RunInstances"): _run_instances,
    ("ec2", "CreateTags"): _tags,
    ("ec2", "DeleteTags"): _tags,
    **{
        ("ec2", name): _ec2
        for name in (
            "AssociateIamInstanceProfile",
            "AttachVolume",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateImage",
            "CreateSnapshot",
            "DeleteSecurityGroup",
            "DeleteSnapshot",
            "DeleteVolume",
            "DetachVolume",
            "ModifyImageAttribute",
            "ModifyInstanceAttribute",
            "ModifyInstanceMetadataOptions",
            "ModifyNetworkInterfaceAttribute",
            "ModifySecurityGroupRules",
            "ModifySnapshotAttribute",
            "RebootInstances",
            "ReplaceIamInstanceProfileAssociation",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "StartInstances",
            "StopInstances",
            "TerminateInstances",
        )
    },
}
"""The operations that the layer authorizes itself. Whatever is not here, the emulator does."""
