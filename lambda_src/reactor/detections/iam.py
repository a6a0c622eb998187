"""IAM: policy documents, names and callers that a pattern can't judge."""

from __future__ import annotations

from reactor.detections.grants import admin_action, outsiders
from reactor.detections.model import Detected, Known, any_matches, decides
from reactor.event import Event
from reactor.policies import policy_document
from reactor.shapes import dig, text

# Roles that AWS makes and keeps; nobody else can write there.
_AWS_PATHS = ("/aws-service-role/", "/aws-reserved/")


@decides("iam-admin-inline")
def admin_inline(event: Event, known: Known) -> Detected | None:
    """A new policy that makes its holder as good as an administrator."""
    del known
    if event.actor.automation:
        return None
    request = event.request
    if event.name == "SetDefaultPolicyVersion":
        arn, version = text(request.get("policyArn")), text(request.get("versionId"))
        return Detected(
            f"version {version} became the default; the event does not hold what it allows", arn
        )
    found = admin_action(policy_document(request.get("policyDocument")), event.account)
    return Detected(f"the policy {found}", _target(event)) if found else None


@decides("iam-role-forbidden")
def role_forbidden(event: Event, known: Known) -> Detected | None:
    """A role whose name, path, trust or policies break the rules."""
    if event.actor.automation:
        return None
    request = event.request
    name = text(request.get("roleName"))
    path = text(request.get("path")) or _path_of(text(dig(event.response, "role", "arn")))
    if path.startswith(_AWS_PATHS):
        return None
    reasons = []
    if event.name == "CreateRole":
        if any_matches(name, known.forbidden_role_names, any_case=True):
            reasons.append(f"the name {name} is forbidden")
        if known.allowed_role_paths and not any_matches(path or "/", known.allowed_role_paths):
            reasons.append(f"the path {path or '/'} is not allowed")
    if event.name == "AttachRolePolicy":
        policy = text(request.get("policyArn"))
        if any_matches(policy, known.forbidden_role_policies, any_case=True):
            reasons.append(f"the policy {policy} is forbidden")
    if event.name == "PutRolePolicy":
        found = admin_action(policy_document(request.get("policyDocument")), event.account)
        if found:
            reasons.append(f"its inline policy {found}")
    trusted = _trust(event, known)
    if trusted:
        reasons.append(f"it trusts {', '.join(trusted[:5])}")
    return Detected("; ".join(reasons), name) if reasons else None


@decides("iam-trust-external")
def trust_external(event: Event, known: Known) -> Detected | None:
    """A role that somebody outside the account may assume."""
    found = _trust(event, known)
    if not found or event.actor.automation:
        return None
    return Detected(f"trusts {', '.join(found[:5])}", text(event.request.get("roleName")))


@decides("iam-key-for-other")
def key_for_other(event: Event, known: Known) -> Detected | None:
    """An access key for somebody else: two people then know the secret."""
    del known
    target = text(event.request.get("userName")) or text(
        dig(event.response, "accessKey", "userName")
    )
    actor = event.actor
    if not target or (actor.kind == "iam_user" and target == actor.name):
        return None
    return Detected(f"an access key for {target}, made by {actor.label}", target)


def _trust(event: Event, known: Known) -> list[str]:
    if event.name == "CreateRole":
        document = event.request.get("assumeRolePolicyDocument")
    elif event.name == "UpdateAssumeRolePolicy":
        document = event.request.get("policyDocument")
    else:
        return []
    return outsiders(
        policy_document(document), event.account, known.trusted_accounts, known.organizations
    )


def _target(event: Event) -> str:
    names = ("roleName", "userName", "groupName", "policyArn", "policyName")
    return next(filter(None, (text(event.request.get(name)) for name in names)), "")


def _path_of(arn: str) -> str:
    resource = arn.split(":", 5)[5] if arn.count(":") >= 5 else ""
    middle = resource.partition("/")[2].rpartition("/")[0]
    return f"/{middle}/" if middle else ""
