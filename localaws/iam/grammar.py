"""Policy documents: what IAM takes for one, by moto's grammar, which was read from AWS's answers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need

_PATH = re.compile(r"/|/[\x21-\x7e]+/")


@gap.refuses(
    "iam",
    "CreatePolicy",
    "CreatePolicyVersion",
    "PutGroupPolicy",
    "PutRolePolicy",
    "PutUserPolicy",
)
def _identity_policy(call: Call) -> None:
    document = str(call.parameters.get("PolicyDocument") or "")
    _valid(IAMPolicyDocumentValidator(document))
    need(
        not any(_names_principals(statement) for statement in _statements(document)),
        "MalformedPolicyDocument",
        "Policy document should not specify a principal.",
    )


@gap.refuses("iam", "CreateRole", "UpdateAssumeRolePolicy")
def _trust_policy(call: Call) -> None:
    p = call.parameters
    document = str(p.get("AssumeRolePolicyDocument") or p.get("PolicyDocument") or "")
    # Of a trust policy IAM says so; an identity policy then has syntax errors.
    need(_is_json(document), "MalformedPolicyDocument", "This policy contains invalid Json")
    _valid(IAMTrustPolicyDocumentValidator(document))
    need(
        all(_names_principals(statement) for statement in _statements(document)),
        "MalformedPolicyDocument",
        "Missing required field Principal",
    )


def _is_json(document: str) -> bool:
    try:
        json.loads(document)
    except ValueError:
        return False
    return True


def _statements(document: str) -> list[dict[str, Any]]:
    found = json.loads(document)["Statement"]
    return found if isinstance(found, list) else [found]


def _names_principals(statement: dict[str, Any]) -> bool:
    return "Principal" in statement or "NotPrincipal" in statement


def _valid(validator: IAMPolicyDocumentValidator | IAMTrustPolicyDocumentValidator) -> None:
    try:
        validator.validate()
    except MalformedPolicyDocument as error:
        raise RefusalError("MalformedPolicyDocument", str(error.message)) from None


@gap.refuses(
    "iam", "CreateGroup", "CreateInstanceProfile", "CreatePolicy", "CreateRole", "CreateUser"
)
def _path(call: Call) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
    path = str(call.parameters.get("Path") or "/")
    need(
        _PATH.fullmatch(path) and len(path) <= 512,
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only "
        "alphanumeric characters and/or / characters.",
    )
