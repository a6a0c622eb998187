"""What a policy document gives away, and to whom; nothing here raises.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reactor.policies import statements
from reactor.shapes import mapping, text

_ACCOUNT = re.compile(r"(?:arn:[^:]*:[^:]*:[^:]*:)?(\d{12})(?::.*)?", re.DOTALL)
_OPERATOR = re.compile(r"(foranyvalue:)?(string|arn|ipaddress|numeric)(equals|like|$).*")
# A `*` with one of these is not everybody.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_LIMITS = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:principalorgid"),
        *("aws:principalorgpaths", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"),
        *("aws:sourceorgpaths", "aws:sourceowner", "aws:sourceip", "aws:sourcevpc"),
        *("aws:sourcevpce", "aws:userid", "aws:username", "kms:calleraccount"),
    }
)
_EVERYTHING = frozenset({"*", "*:*"})
_ADMIN_ACTIONS = _EVERYTHING | {"iam:*"}
_WORLD = frozenset({"*", "0.0.0.0/0", "::/0"})


def listed(value: object) -> list[str]:
    """Texts of an element that is one text or a list of them."""
    found = value if isinstance(value, list) else [value]
    return [each for each in map(text, found) if each]


def allowing(document: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The statements that allow something."""
    found = statements(dict(document)) if document else []
    return [each for each in found if each.get("Effect") == "Allow"]


def admin_action(document: Mapping[str, Any] | None) -> str:
    """What makes an identity policy as good as an administrator's; empty where nothing does.

    Every action, or every one of IAM (which can grant itself the rest), on every resource, or all
    actions but some that do not take IAM away.
    """
    for statement in allowing(document):
        if not _EVERYTHING & set(listed(statement.get("Resource"))):
            continue
        for action in listed(statement.get("Action")):
            if action.lower() in _ADMIN_ACTIONS:
                return f"allows {action} on every resource"
        spared = [action.lower() for action in listed(statement.get("NotAction"))]
        if spared and not _ADMIN_ACTIONS & set(spared):
            return f"allows everything but {', '.join(spared[:3])} on every resource"
    return ""


def public_grant(document: Mapping[str, Any] | None) -> str:
    """What a resource policy gives to anybody, as `Allow s3:GetObject to *`; empty where nothing.

    A statement whose condition pins the caller, its organization or its network is not public.
    """
    for statement in allowing(document):
        public = "*" in _principals(statement) or "NotPrincipal" in statement
        if public and not limited(statement.get("Condition")):
            actions = listed(statement.get("Action")) or ["all but some actions"]
            return f"allows {', '.join(actions[:3])} to anybody"
    return ""


def limited(condition: object) -> bool:
    """Whether a condition leaves only callers it names."""
    for operator, keys in mapping(condition).items():
        # ForAllValues and ...IfExists hold where the key is absent; Not... names who is left out.
        if not _OPERATOR.fullmatch(text(operator).lower()) or operator.endswith("IfExists"):
            continue
        for key, values in mapping(keys).items():
            found = listed(values)
            if text(key).lower() in _LIMITS and found and not _WORLD & set(found):
                return True
    return False


def outsiders(
    document: Mapping[str, Any] | None, account: str, trusted: tuple[str, ...]
) -> list[str]:
    """Principals of other accounts, and `*`, that a trust policy lets in.

    `*` under a limiting condition, services and trusted accounts are left out.
    """
    found: dict[str, None] = {}
    for statement in allowing(document):
        if "NotPrincipal" in statement:
            found["everybody but some"] = None
        for principal in _principals(statement):
            if principal == "*":
                if not limited(statement.get("Condition")):
                    found["*"] = None
                continue
            owner = _ACCOUNT.fullmatch(principal)
            if owner and owner[1] != account and owner[1] not in trusted:
                found[principal] = None
    return list(found)


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        for kind, values in principal.items():
            if kind in ("AWS", "Federated"):
                yield from listed(values)
    else:
        yield from listed(principal)
