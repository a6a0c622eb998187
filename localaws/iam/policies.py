"""IAM policies: what may be attached, and how much of it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_MANAGED_CHARACTERS = 6144
_TRUST_CHARACTERS = 2048
_INLINE_CHARACTERS: Mapping[str, int] = {"user": 2048, "group": 5120, "role": 10_240}
_ATTACHED = 10


def _size(document: Any) -> int:
    """Characters without white space, as IAM counts them."""
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return len("".join(text.split()))


@gap.refuses("iam", "CreatePolicy", "CreatePolicyVersion")
def _managed(call: Call) -> None:
    need(
        _size(call.parameters.get("PolicyDocument") or "") <= _MANAGED_CHARACTERS,
        "LimitExceeded",
        f"Cannot exceed quota for PolicySize: {_MANAGED_CHARACTERS}",
        409,
    )


@gap.refuses("iam", "CreateRole", "UpdateAssumeRolePolicy")
def _trust(call: Call) -> None:
    p = call.parameters
    document = p.get("AssumeRolePolicyDocument") or p.get("PolicyDocument") or ""
    need(
        _size(document) <= _TRUST_CHARACTERS,
        "LimitExceeded",
        f"Cannot exceed quota for ACLSizePerRole: {_TRUST_CHARACTERS}",
        409,
    )


def _holder(call: Call) -> tuple[str, dict[str, str]]:
    kind = next(k for k in ("Role", "User", "Group") if call.parameters.get(f"{k}Name"))
    return kind.lower(), {f"{kind}Name": str(call.parameters[f"{kind}Name"])}


@gap.refuses("iam", "PutRolePolicy", "PutUserPolicy", "PutGroupPolicy")
def _inline(call: Call) -> None:
    """All inline policies of a holder share one quota."""
    kind, who = _holder(call)
    iam, new = call.client("iam"), call.parameters.get("PolicyName")
    total = _size(call.parameters.get("PolicyDocument") or "")
    try:
        names = getattr(iam, f"list_{kind}_policies")(**who)["PolicyNames"]
        for name in names:
            if name != new:
                get = getattr(iam, f"get_{kind}_policy")
                total += _size(get(**who, PolicyName=name)["PolicyDocument"])
    except ClientError:
        return  # no such holder: the emulator says so
    limit = _INLINE_CHARACTERS[kind]
    need(
        total <= limit,
        "LimitExceeded",
        f"Maximum policy size of {limit} bytes exceeded for {kind} {next(iter(who.values()))}",
        409,
    )


@gap.refuses("iam", "AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy")
def _attached(call: Call) -> None:
    kind, who = _holder(call)
    iam, arn = call.client("iam"), str(call.parameters.get("PolicyArn", ""))
    # AWS's own policies (`arn:aws:iam::aws:policy/...`) are taken at their word.
    if not arn.startswith("arn:") or arn.split(":")[4] != "aws":
        try:
            iam.get_policy(PolicyArn=arn)
        except ClientError:
            need(
                False,
                "NoSuchEntity",
                f"Policy {arn} does not exist or is not attachable.",
                404,
            )
    try:
        found = getattr(iam, f"list_attached_{kind}_policies")(**who)["AttachedPolicies"]
    except ClientError:
        return  # no such holder: the emulator says so
    arns = {policy["PolicyArn"] for policy in found} | {arn}
    need(
        len(arns) <= _ATTACHED,
        "LimitExceeded",
        f"Cannot exceed quota for PoliciesPer{kind.title()}: {_ATTACHED}",
        409,
    )
