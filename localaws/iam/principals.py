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
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROOT = re.compile(r"arn:[a-z-]+:iam::\d{12}:root")
_IDENTITY = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(user|role)/((?:[^*?]+/)?([\w+=,.@-]+))")
_SESSION = re.compile(r"arn:[a-z-]+:sts::(\d{12}):assumed-role/([\w+=,.@-]+)/[\w+=,.@-]+")
_FEDERATED_USER = re.compile(r"arn:[a-z-]+:sts::\d{12}:federated-user/\S+")
# Origin access identities of CloudFront live in no account.
_ORIGIN_ACCESS = re.compile(r"arn:[a-z-]+:iam::cloudfront:user/.+")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a service words what is wrong with a policy; `{}` is the principal that is."""

    code: str
    principal: str
    syntax: str


def _document(text: Any, wording: Wording) -> dict[str, Any]:
    try:
        document = json.loads(text)
        # Reads every element of every statement, whoever is asked about.
        evaluate(document, principal=Principal.anonymous(), action="x:Y", resource="*", context={})
    except (ValueError, TypeError, PolicyError):
        document = None
    need(isinstance(document, dict), wording.code, wording.syntax)
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


def check_policy(call: Call, text: Any, wording: Wording) -> dict[str, Any]:
    """The document; raises RefusalError where it is no policy, or names nobody."""
    document = _document(text, wording)
    for kind, value in _entries(document):
        if not principal_exists(call, kind, value):
            raise RefusalError(wording.code, wording.principal.replace("{}", f'"{kind}":"{value}"'))
    return document


def principal_exists(call: Call, kind: str, value: str) -> bool:
    """Whether a principal of a kind (`AWS`, `Service`, ...) can be meant."""
    if kind == "Service":
        return bool(_SERVICE.fullmatch(value))
    if kind != "AWS" or value == "*":
        return kind in ("AWS", "Federated", "CanonicalUser")
    if any(p.fullmatch(value) for p in (_ACCOUNT, _ROOT, _ORIGIN_ACCESS, _FEDERATED_USER)):
        return True
    return bool(_UNIQUE_ID.fullmatch(value)) or _identity_exists(call, value)


def _identity_exists(call: Call, arn: str) -> bool:
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
