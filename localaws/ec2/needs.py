"""What EC2 calls need: AWS asks about every resource that a request names, each with its own keys.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam.needs import passing, request_tags, usual
from localaws.iam.permissions import Permissions
from localaws.iam.policy import Context, ContextValue
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need

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


def _ec2_arn(call: Call, kind: str, name: str) -> str:
    account = "" if kind in _WITHOUT_ACCOUNT else call.account
    return f"arn:aws:ec2:{call.region}:{account}:{kind}/{name}"


def _kind(resource: str) -> str | None:
    return _EC2_KINDS.get(resource.partition("-")[0]) if "-" in resource else None


def _named(call: Call) -> list[str]:
    """The EC2 ids that the request names at its top level, in order."""
    found: dict[str, None] = {}
    for value in call.parameters.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and _kind(item):
                found[item] = None
    return list(found)


@gap.needs(
    "ec2",
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
@usual("ec2")
def _named_resources(call: Call) -> Iterator[Need]:
    """Every id that the request names; a kind (`instance/*`) or `*` where it names none."""
    action = f"ec2:{call.operation}"
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


def resource_tags(call: Call, resources: Iterable[str]) -> Mapping[str, Context]:
    """aws:ResourceTag and ec2:ResourceTag of resources, where the caller's policies ask for them.

    One call to the emulator for all resources; none at all where no policy mentions such a key.
    """
    ids = list(resources)
    if not ids or not call.of(Permissions).mention(call.identity, ":resourcetag/"):
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


@gap.needs("ec2", "CreateTags", "DeleteTags")
def _tags(call: Call) -> Iterator[Need]:
    """CreateTags and DeleteTags: each resource, with the tags of the request."""
    tags = call.parameters.get("Tags") or ()
    resources = [str(r) for r in call.parameters.get("Resources") or ()]
    present = resource_tags(call, resources)
    for resource in resources:
        context = {**request_tags(tags), **present.get(resource, {}), "ec2:Region": call.region}
        arn = _ec2_arn(call, _kind(resource) or "*", resource)
        yield Need(f"ec2:{call.operation}", arn, context)


@gap.needs("ec2", "RunInstances")
def _run_instances(call: Call) -> Iterator[Need]:
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
        context = {**region, **keys, **request_tags(specified.get(resource, []))}
        yield Need("ec2:RunInstances", _ec2_arn(call, resource, "*"), context)
    for resource, wanted in specified.items():
        if wanted:
            context = {
                **region,
                **made.get(resource, {}),
                **request_tags(wanted),
                "ec2:CreateAction": "RunInstances",
            }
            yield Need("ec2:CreateTags", _ec2_arn(call, resource, "*"), context)
    if profile:
        yield from _pass_role(call, profile)


def _pass_role(call: Call, profile: Mapping[str, Any]) -> Iterator[Need]:
    name = str(profile.get("Name") or str(profile.get("Arn")).rpartition("/")[2])
    try:
        found = call.client("iam").get_instance_profile(InstanceProfileName=name)
    except ClientError:
        return  # no such profile: the emulator says so
    for role in found["InstanceProfile"].get("Roles", ()):
        yield passing(role["Arn"], "ec2.amazonaws.com")
