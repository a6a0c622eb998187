"""What IAM calls need that name a role, a user or an instance profile: its whole ARN and its tags.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam.needs import passing, request_tags
from localaws.iam.policy import ContextValue
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need

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


@gap.needs("iam", *_ROLE_OPERATIONS, *_USER_OPERATIONS)
def _holder(call: Call) -> Iterator[Need]:
    """One role or user, by its whole ARN, with its tags and its boundary or the one asked for."""
    p = call.parameters
    kind, name = ("role", p.get("RoleName")) if p.get("RoleName") else ("user", p.get("UserName"))
    arn = f"arn:aws:iam::{call.account}:{kind}{p.get('Path') or '/'}{name}"
    context: dict[str, ContextValue] = dict(request_tags(p.get("Tags") or []))
    if p.get("TagKeys"):
        context["aws:TagKeys"] = [str(k) for k in p["TagKeys"]]
    if p.get("PolicyArn"):
        context["iam:PolicyARN"] = str(p["PolicyArn"])
    found: Mapping[str, Any] = {}
    if not call.operation.startswith("Create"):
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
    yield Need(f"iam:{call.operation}", arn, context)


@gap.needs(
    "iam",
    "AddRoleToInstanceProfile",
    "CreateInstanceProfile",
    "DeleteInstanceProfile",
    "GetInstanceProfile",
    "RemoveRoleFromInstanceProfile",
)
def _instance_profile(call: Call) -> Iterator[Need]:
    """One instance profile, by its whole ARN; who puts a role into it passes that role."""
    p = call.parameters
    iam, name = call.client("iam"), p.get("InstanceProfileName")
    arn = f"arn:aws:iam::{call.account}:instance-profile{p.get('Path') or '/'}{name}"
    try:
        found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    except ClientError:
        found = arn  # not there, or not yet: the emulator says so to who may know
    yield Need(f"iam:{call.operation}", found)
    if call.operation == "AddRoleToInstanceProfile":
        with contextlib.suppress(ClientError):
            role = iam.get_role(RoleName=p.get("RoleName"))["Role"]["Arn"]
            yield passing(role, "ec2.amazonaws.com")
