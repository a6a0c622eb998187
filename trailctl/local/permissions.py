"""What an identity may do, from the policies that the emulated IAM holds for it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from trailctl.local.aws import InProcessClients
from trailctl.local.model import Identity
from trailctl.local.policy import ContextValue, Decision, Effect, Principal, evaluate, strongest

Context = Mapping[str, ContextValue]


def decide(
    aws: InProcessClients, identity: Identity, action: str, resource: str, context: Context
) -> Decision:
    """What the caller's own policies say: identity policies within its permissions boundary.

    Resource policies are not asked: inside one account the identity's own Allow is enough. The root
    user needs none. An identity that is gone is allowed nothing.
    """
    if identity.type == "Root":
        return Decision(Effect.ALLOW)
    iam = aws.client("iam", identity.account, "us-east-1")
    caller = Principal.aws(*filter(None, (identity.arn, identity.issuer_arn)))

    def answer(document: Any) -> Decision:
        return evaluate(
            document, principal=caller, action=action, resource=resource, context=context
        )

    try:
        if identity.type == "IAMUser":
            documents = _user_documents(iam, str(identity.user_name))
            holder = iam.get_user(UserName=identity.user_name)["User"]
        else:
            documents = _role_documents(iam, str(identity.issuer_name))
            holder = iam.get_role(RoleName=identity.issuer_name)["Role"]
        decision = strongest(answer(d) for d in documents)
        boundary = holder.get("PermissionsBoundary")
        if decision.allowed and boundary is not None:
            within = answer(_managed(iam, boundary["PermissionsBoundaryArn"]))
            return decision if within.allowed else within
    except ClientError:
        return Decision(Effect.IMPLICIT)
    return decision


def role_allows(aws: InProcessClients, role_arn: str, action: str, resource: str) -> bool:
    """Whether a role's own policies let AWS do the action in its name."""
    role = Identity(
        type="AssumedRole",
        account=role_arn.split(":")[4],
        issuer_arn=role_arn,
        issuer_name=role_arn.rpartition("/")[2],
    )
    return decide(aws, role, action, resource, {}).allowed


def _user_documents(iam: Any, name: str) -> Iterator[Any]:
    yield from _documents(iam, "user", "UserName", name)
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        yield from _documents(iam, "group", "GroupName", group["GroupName"])


def _role_documents(iam: Any, name: str) -> Iterator[Any]:
    yield from _documents(iam, "role", "RoleName", name)


def _documents(iam: Any, kind: str, parameter: str, name: str) -> Iterator[Any]:
    holder = {parameter: name}
    for page in iam.get_paginator(f"list_{kind}_policies").paginate(**holder):
        for policy in page["PolicyNames"]:
            get = getattr(iam, f"get_{kind}_policy")
            yield get(**holder, PolicyName=policy)["PolicyDocument"]
    for page in iam.get_paginator(f"list_attached_{kind}_policies").paginate(**holder):
        for attached in page["AttachedPolicies"]:
            yield _managed(iam, attached["PolicyArn"])


def _managed(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
