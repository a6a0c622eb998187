"""Policies that name principals: whoever is named must exist, and the policy must be one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

Accounts, roots and services are taken at their word; a user or role is looked up in its account. A
unique id (`AROA...`) is accepted unseen: AWS knows whether its principal lives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.wire.call import Check, Incoming, Key, blocking, need
from localaws.wire.codec import RefusedError

_ACCOUNT = re.compile(r"\d{12}")
_ROOT = re.compile(r"arn:[a-z-]+:iam::\d{12}:root")
_IDENTITY = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(user|role)/((?:[^*?]+/)?([\w+=,.@-]+))")
_SESSION = re.compile(r"arn:[a-z-]+:sts::(\d{12}):assumed-role/([\w+=,.@-]+)/[\w+=,.@-]+")
_FEDERATED_USER = re.compile(r"arn:[a-z-]+:sts::\d{12}:federated-user/\S+")
# Origin access identities of CloudFront live in no account.
_ORIGIN_ACCESS = re.compile(r"arn:[a-z-]+:iam::cloudfront:user/.+")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)")


@dataclass(frozen=True, slots=True)
class _Refusals:
    """How a service words what is wrong with a policy; `{}` is the principal that is."""

    code: str
    principal: str
    syntax: str


_S3 = _Refusals(
    "MalformedPolicy", "Invalid principal in policy", "This policy contains invalid Json"
)
_KMS = _Refusals(
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
    "The policy is not a valid JSON document.",
)
_IAM = _Refusals(
    "MalformedPolicyDocument",
    "Invalid principal in policy: {}",
    "This policy contains invalid Json",
)
_SNS = _Refusals(
    "InvalidParameter",
    "Invalid parameter: Policy Error: PrincipalNotFound",
    "Invalid parameter: Policy Error: null",
)
_SQS = _Refusals(
    "InvalidAttributeValue",
    "Invalid value for the parameter Policy.",
    "Invalid value for the parameter Policy.",
)


def _document(text: Any, refusals: _Refusals) -> dict[str, Any]:
    try:
        document = json.loads(text)
        # Reads every element of every statement, whoever is asked about.
        evaluate(document, principal=Principal.anonymous(), action="x:Y", resource="*", context={})
    except (ValueError, TypeError, PolicyError):
        document = None
    need(isinstance(document, dict), refusals.code, refusals.syntax)
    found: dict[str, Any] = document
    return found


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    statements = document.get("Statement") or ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        for element in ("Principal", "NotPrincipal"):
            named = statement.get(element)
            if not isinstance(named, Mapping):
                continue
            for kind, values in named.items():
                for value in [values] if isinstance(values, str) else values:
                    yield kind, str(value)


def _check(call: Incoming, text: Any, refusals: _Refusals) -> dict[str, Any]:
    document = _document(text, refusals)
    for kind, value in _entries(document):
        if not _exists(call, kind, value):
            raise RefusedError(
                refusals.code, refusals.principal.replace("{}", f'"{kind}":"{value}"')
            )
    return document


def _exists(call: Incoming, kind: str, value: str) -> bool:
    if kind == "Service":
        return bool(_SERVICE.fullmatch(value))
    if kind != "AWS" or value == "*":
        return kind in ("AWS", "Federated", "CanonicalUser")
    if any(p.fullmatch(value) for p in (_ACCOUNT, _ROOT, _ORIGIN_ACCESS, _FEDERATED_USER)):
        return True
    return bool(_UNIQUE_ID.fullmatch(value)) or identity_exists(call, value)


def identity_exists(call: Incoming, arn: str) -> bool:
    """Whether a user, role or role session of that ARN exists in its account (blocking)."""
    named = _IDENTITY.fullmatch(arn)
    session = _SESSION.fullmatch(arn)
    try:
        if session:
            call.client("iam", session[1]).get_role(RoleName=session[2])
            return True
        if not named:
            return False
        iam = call.client("iam", named[1])
        if named[2] == "user":
            return bool(iam.get_user(UserName=named[4])["User"]["Arn"] == arn)
        return bool(iam.get_role(RoleName=named[4])["Role"]["Arn"] == arn)
    except ClientError:
        return False


@blocking
def _bucket_policy(call: Incoming) -> None:
    policy = call.operation.request.body.decode("utf-8", "replace")
    document = _check(call, policy, _S3)
    bucket = f"arn:aws:s3:::{call.parameters.get('Bucket')}"
    statements = document.get("Statement") or ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        resources = statement.get("Resource") or statement.get("NotResource") or ()
        for resource in [resources] if isinstance(resources, str) else resources:
            need(
                resource.partition("/")[0] == bucket or _covers(resource, bucket),
                "MalformedPolicy",
                "Policy has invalid resource",
            )


def _covers(pattern: str, bucket: str) -> bool:
    """Whether a resource with wildcards reaches the bucket or its objects."""
    head = pattern.partition("/")[0]
    if "*" not in head and "?" not in head:
        return False
    expression = re.escape(head).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, bucket) is not None


@blocking
def _key_policy(call: Incoming) -> None:
    policy = call.parameters.get("Policy")
    if policy is None:
        return
    document = _check(call, policy, _KMS)
    if call.parameters.get("BypassPolicyLockoutSafetyCheck"):
        return
    identity = call.identity
    caller = Principal.aws(
        *filter(None, (identity.arn, identity.issuer_arn)), account=identity.account
    )
    # A statement for the whole account leaves it to the caller's own policies.
    decision = evaluate(
        document,
        principal=caller,
        action="kms:PutKeyPolicy",
        resource="*",
        context={"kms:CallerAccount": identity.account},
    )
    need(
        decision.allowed,
        _KMS.code,
        "The new key policy will not allow you to update the key policy in the future.",
    )


@blocking
def _trust_policy(call: Incoming) -> None:
    p = call.parameters
    text = p.get("AssumeRolePolicyDocument") or p.get("PolicyDocument")
    if text is not None:
        _check(call, text, _IAM)


@blocking
def _topic_policy(call: Incoming) -> None:
    p = call.parameters
    text = (p.get("Attributes") or {}).get("Policy")
    if p.get("AttributeName") == "Policy":
        text = p.get("AttributeValue")
    if text:
        _check(call, text, _SNS)


@blocking
def _queue_policy(call: Incoming) -> None:
    text = (call.parameters.get("Attributes") or {}).get("Policy")
    if text:
        _check(call, text, _SQS)


@blocking
def _function_permission(call: Incoming) -> None:
    principal = str(call.parameters.get("Principal", ""))
    need(
        principal == "*"
        or _exists(call, "Service" if "." in principal and ":" not in principal else "AWS",
                   principal),
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    )  # fmt: skip


CHECKS: Mapping[Key, tuple[Check, ...]] = {
    ("iam", "CreateRole"): (_trust_policy,),
    ("iam", "UpdateAssumeRolePolicy"): (_trust_policy,),
    ("kms", "CreateKey"): (_key_policy,),
    ("kms", "PutKeyPolicy"): (_key_policy,),
    ("lambda", "AddPermission"): (_function_permission,),
    ("s3", "PutBucketPolicy"): (_bucket_policy,),
    ("sns", "CreateTopic"): (_topic_policy,),
    ("sns", "SetTopicAttributes"): (_topic_policy,),
    ("sqs", "CreateQueue"): (_queue_policy,),
    ("sqs", "SetQueueAttributes"): (_queue_policy,),
}
