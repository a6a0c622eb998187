"""EC2: what a launch names must exist, ids must be ids, and DryRun must change nothing.

The images that exist are those the emulator lists: its own four, and whatever was made in it.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.codec import service_model
from localaws.wire.errors import RefusalError, need

_ID = re.compile(r"[a-z]+-(?:[0-9a-f]{8}|[0-9a-f]{17})")


class Images(set[tuple[str, str, str]]):
    """Account, Region and id of images that were found to exist."""


@gap.refuses("ec2", "*")
def _dry_run(call: Call) -> None:
    """The caller may (what is raised here is raised only then): AWS says so by an error."""
    for name, value in call.form:
        if name == "DryRun" and value.lower() == "true":
            raise RefusalError(
                "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412
            )


@cache
def instance_types() -> frozenset[str]:
    """Every instance type that EC2's model knows."""
    shape: Any = service_model("ec2").shape_for("InstanceType")
    return frozenset(shape.enum)


@gap.refuses("ec2", "RunInstances")
def _launch(call: Call) -> None:
    p = call.parameters
    kind = str(p.get("InstanceType") or "m1.small")
    need(
        kind in instance_types(),
        "InvalidParameterValue",
        f"Invalid value '{kind}' for InstanceType.",
    )
    ec2 = call.client("ec2")
    image = p.get("ImageId")
    template = p.get("LaunchTemplate")
    if image is None and not template:
        raise RefusalError("MissingParameter", "The request must contain the parameter ImageId")
    if image is not None:
        _image(call, ec2, str(image))
    interfaces = p.get("NetworkInterfaces") or ()
    subnets = [str(s["SubnetId"]) for s in (p, *interfaces) if s.get("SubnetId")]
    for subnet in subnets:
        _exists(
            ec2.describe_subnets,
            {"SubnetIds": [subnet]},
            "InvalidSubnetID.NotFound",
            f"The subnet ID '{subnet}' does not exist",
        )
    groups = [str(g) for s in (p, *interfaces) for g in s.get("SecurityGroupIds") or ()]
    groups += [str(g) for s in interfaces for g in s.get("Groups") or ()]
    for group in groups:
        need(
            _ID.fullmatch(group) and group.startswith("sg-"),
            "InvalidGroupId.Malformed",
            f'Invalid id: "{group}" (expecting "sg-...")',
        )
        _exists(
            ec2.describe_security_groups,
            {"GroupIds": [group]},
            "InvalidGroup.NotFound",
            f"The security group '{group}' does not exist",
        )
    key = p.get("KeyName")
    if key:
        _exists(
            ec2.describe_key_pairs,
            {"KeyNames": [key]},
            "InvalidKeyPair.NotFound",
            f"The key pair '{key}' does not exist",
        )
    profile = p.get("IamInstanceProfile")
    if profile:
        _profile(call, profile)


def _image(call: Call, ec2: Any, image: str) -> None:
    key = (call.account, call.region, image)
    if key in call.kept(Images):
        return
    need(
        _ID.fullmatch(image) and image.startswith("ami-"),
        "InvalidAMIID.Malformed",
        f'Invalid id: "{image}" (expecting "ami-...")',
    )
    _exists(
        ec2.describe_images,
        {"ImageIds": [image]},
        "InvalidAMIID.NotFound",
        f"The image id '[{image}]' does not exist",
    )
    call.kept(Images).add(key)


def _exists(describe: Any, which: Mapping[str, Any], code: str, message: str) -> None:
    try:
        answer = describe(**which)
    except ClientError:
        answer = {}
    answer.pop("ResponseMetadata", None)
    need(any(answer.values()), code, message)


def _profile(call: Call, profile: Mapping[str, Any]) -> None:
    name, arn = profile.get("Name"), profile.get("Arn")
    asked = str(name or str(arn).rpartition("/")[2])
    try:
        call.client("iam").get_instance_profile(InstanceProfileName=asked)
    except ClientError:
        kind = "name" if name else "arn"
        what = "name" if name else "ARN"
        raise RefusalError(
            "InvalidParameterValue",
            f"Value ({name or arn}) for parameter iamInstanceProfile.{kind} is invalid. "
            f"Invalid IAM Instance Profile {what}",
        ) from None


@gap.refuses(
    "ec2",
    "DescribeInstances",
    "RebootInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
)
def _instance_ids(call: Call) -> None:
    for instance in call.parameters.get("InstanceIds") or ():
        need(
            _ID.fullmatch(str(instance)) and str(instance).startswith("i-"),
            "InvalidInstanceID.Malformed",
            f'Invalid id: "{instance}"',
        )


@gap.learns("ec2", "DeregisterImage")
def _deregistered(call: Call) -> None:
    image = str(call.parameters.get("ImageId", ""))
    call.kept(Images).discard((call.account, call.region, image))
