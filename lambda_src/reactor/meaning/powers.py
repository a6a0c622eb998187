"""The power of identity policies: whether they are as good as an administrator's.

A principal that may write policies, or assume any role, can give itself every other permission. So
this module asks whether all statements together allow one of those calls on every resource of its
kind. A condition counts only if it limits the policies or boundaries that may be given.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactor.meaning.elements import allowing, conditions, denying, listed
from reactor.meaning.globs import Glob, Part, arn_glob, left_out, matches, text_glob
from reactor.partitions import PARTITIONS

# Each call, and the kind of resource that IAM authorizes it on.
ESCALATIONS: Mapping[str, str] = {
    "iam:AddUserToGroup": "group",
    "iam:AttachGroupPolicy": "group",
    "iam:AttachRolePolicy": "role",
    "iam:AttachUserPolicy": "user",
    "iam:CreateAccessKey": "user",
    "iam:CreateLoginProfile": "user",
    "iam:CreatePolicyVersion": "policy",
    "iam:PutGroupPolicy": "group",
    "iam:PutRolePolicy": "role",
    "iam:PutUserPolicy": "user",
    "iam:SetDefaultPolicyVersion": "policy",
    "iam:UpdateAssumeRolePolicy": "role",
    "iam:UpdateLoginProfile": "user",
}
# A call that is limited to given policies or boundaries gives no more than those.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
_HOLDS = frozenset({"iam:permissionsboundary", "iam:policyarn"})
_NARROWING = re.compile(r"(foranyvalue:)?(string|arn)(equals|equalsignorecase|like)")
_ARN = re.compile(r"arn:([^:]*):[^:]*:[^:]*:([^:]*)")
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def admin_power(
    documents: Iterable[Mapping[str, Any] | None], role_arn: str = "", account: str = ""
) -> str:
    """A clause on what makes identity policies as good as an administrator's; empty if nothing
    does.

    One identity has all the documents. `role_arn` is the role that holds them: a call on that role
    alone is enough. `account` is the account that they apply in; without it, the accounts that they
    name count.
    """
    for action, kind in ESCALATIONS.items():
        allows, denies = _statements(documents, action)
        if not allows:
            continue
        inside = [_resources(s) for s in allows]
        outside = [_resources(s, denies=True) for s in denies]
        if None in _spared(kind, inside, outside, account):
            return _told(allows, action, kind)
        if role_arn and kind == "role" and left_out(_exactly(role_arn), inside, outside) is None:
            return f"allows {action} on the role itself"
    return ""


def spared(
    documents: Iterable[Mapping[str, Any] | None], action: str, account: str = ""
) -> list[str | None]:
    """For each partition and account: a resource that the action is not allowed on, or None.

    `action` is one of ESCALATIONS. The answer proves an empty answer of `admin_power`.
    """
    allows, denies = _statements(documents, action)
    inside = [_resources(s) for s in allows]
    outside = [_resources(s, denies=True) for s in denies]
    return _spared(ESCALATIONS[action], inside, outside, account)


Statements = list[Mapping[str, Any]]


def _statements(
    documents: Iterable[Mapping[str, Any] | None], action: str
) -> tuple[Statements, Statements]:
    """The statements that allow an action, and those that surely deny it."""
    read = [document for document in documents if document]
    allows = [s for document in read for s in allowing(document) if not _held(s)]
    denies = [s for document in read for s in denying(document) if not s.get("Condition")]
    return [s for s in allows if _has(s, action)], [s for s in denies if _has(s, action)]


def _spared(
    kind: str, inside: Sequence[Part], outside: Sequence[Part], account: str
) -> list[str | None]:
    return [left_out(arn_glob(asked), inside, outside) for asked in _all(kind, inside, account)]


def denies_everything(document: Mapping[str, Any] | None) -> bool:
    """True if a policy denies every action on every resource, whatever the circumstances."""
    return any(
        not statement.get("Condition")
        and "Principal" not in statement
        and any(text_glob(each).is_everything for each in listed(statement.get("Action")))
        and any(arn_glob(each).is_everything for each in listed(statement.get("Resource")))
        for statement in denying(document)
    )


def _held(statement: Mapping[str, Any]) -> bool:
    """True if the condition limits the policies or boundaries that may be given."""
    return any(
        key in _HOLDS
        and _NARROWING.fullmatch(operator) is not None
        and bool(values)
        and not any(_any_policy(value) for value in values)
        for operator, key, values in conditions(statement)
    )


def _any_policy(value: str) -> bool:
    """True if the wildcard matches an administrator's policy, or one that anybody may write."""
    glob = text_glob(value)
    return glob.is_everything or any(
        matches(glob, f"arn:{partition}:iam::{owner}:policy/{name}")
        for partition in ("aws", *PARTITIONS.values())
        for owner, name in (("aws", "AdministratorAccess"), ("aws", "IAMFullAccess"))
    )


def _has(statement: Mapping[str, Any], action: str) -> bool:
    name = action.lower()
    spared = listed(statement.get("NotAction"))
    if spared:
        return not any(matches(text_glob(each.lower()), name) for each in spared)
    return any(matches(text_glob(e.lower()), name) for e in listed(statement.get("Action")))


def _resources(statement: Mapping[str, Any], *, denies: bool = False) -> Part:
    """The resources of a statement. A variable is anything if it allows, nothing if it denies."""
    spared = listed(statement.get("NotResource"))
    written = spared or listed(statement.get("Resource"))
    generous = denies == bool(spared)  # a wildcard in its place only makes the set larger
    if not generous:
        written = [each for each in written if not _VARIABLE.search(each)]
    globs = tuple(arn_glob(_VARIABLE.sub("*", each)) for each in written)
    return Part(globs, others=bool(spared))


def _all(kind: str, parts: Sequence[Part], account: str) -> list[str]:
    """Wildcards for every resource of a kind, in each partition and account that is named."""
    named = [
        found.groups()
        for part in parts
        for glob in part.globs
        if (found := _ARN.match("".join(t if isinstance(t, str) else "*" for t in glob.tokens)))
    ]
    partitions = sorted({p for p, _ in named if p and "*" not in p}) or ["aws"]
    accounts = sorted({a for _, a in named if re.fullmatch(r"\d{12}", a)}) or ["000000000000"]
    owners = [account] if account else accounts
    return [f"arn:{p}:iam::{owner}:{kind}/*" for p in partitions for owner in owners]


def _exactly(arn: str) -> Glob:
    return Glob(tuple(arn))


def _told(statements: Sequence[Mapping[str, Any]], action: str, kind: str) -> str:
    for statement in statements:
        spared = listed(statement.get("NotAction"))
        if spared:
            what = f"everything but {', '.join(each.lower() for each in spared[:3])}"
            return f"allows {what} on every {_what(statement, kind)}"
        for written in listed(statement.get("Action")):
            glob = text_glob(written.lower())
            if glob.is_everything or not written.strip("*:"):
                return f"allows {written} on every {_what(statement, kind)}"
            if matches(glob, "iam:\x00") and matches(glob, action.lower()):
                return f"allows {written} on every {_what(statement, kind)}"
    return f"allows {action} on every {kind}"


def _what(statement: Mapping[str, Any], kind: str) -> str:
    spared = listed(statement.get("NotResource"))
    if spared:
        return f"resource but {', '.join(spared[:3])}"
    whole = any(not each.strip("*") for each in listed(statement.get("Resource")))
    return "resource" if whole else kind
