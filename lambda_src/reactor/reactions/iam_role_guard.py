"""Judges IAM roles by name, path, trust, policies, boundary and tags, and contains bad ones. The
guard judges the role as it is now, whatever the call was. Containment is one inline policy that
denies everything, or AWS's AWSDenyAll as the boundary: one call takes back either.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.detections.grants import outsiders
from reactor.detections.model import any_matches
from reactor.entries import of_entry
from reactor.event import Event
from reactor.meaning.elements import allowing, listed
from reactor.meaning.powers import admin_power, denies_everything
from reactor.policies import policy_document
from reactor.reaction import Reaction, Step
from reactor.resources import read_tags
from reactor.shapes import dig, mapping, text

QUARANTINE = "reactor-quarantine"
DENY_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*"}],
}
CALLS = frozenset(
    {
        "AttachRolePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "SetDefaultPolicyVersion",
        "UntagRole",
        "UpdateAssumeRolePolicy",
    }
)
_OF_A_POLICY = ("CreatePolicyVersion", "SetDefaultPolicyVersion")
_OURS_NEVER = ("/aws-service-role/", "/aws-reserved/")
# Organizations and Control Tower make these roles, and nobody gets into the account without them.
# Anybody may give a role such a name: the guard judges it and alerts on it, and does not contain
# it.
_ENTRANCES = (
    "/AWSControlTower*",
    "/OrganizationAccountAccessRole",
    "/aws-controltower-*",
    "/service-role/AWSControlTower*",
)
_CONTAINMENTS = ("none", "deny_policy", "boundary", "delete")
_GONE = ("NoSuchEntity",)
_SHOWN = 10
_SLACK = timedelta(minutes=5)  # between a call's time and that of what it made


@dataclass(frozen=True)
class Settings:
    """The rules; names, paths, policies and providers are wildcards (`*`, `?`); those that forbid
    match in any case. Empty `allowed_paths` allow any. `trusted_accounts` are accounts that a role
    may trust besides its own, `trusted_organizations` ids of organizations that a condition may
    name, `allowed_providers` identity providers; None allows any. `required_boundary` is a wildcard
    of the boundary's ARN. `containment` is the action of enforce: none, deny_policy, boundary or
    delete.
    """

    forbidden_names: tuple[str, ...] = ()
    allowed_paths: tuple[str, ...] = ()
    trusted_accounts: tuple[str, ...] | None = ()
    trusted_organizations: tuple[str, ...] | None = None
    allowed_providers: tuple[str, ...] | None = None
    forbidden_policies: tuple[str, ...] = (
        "arn:*:iam::aws:policy/AdministratorAccess",
        "arn:*:iam::aws:policy/IAMFullAccess",
    )
    forbid_admin: bool = True
    required_boundary: str | None = None
    required_tags: tuple[str, ...] = ()
    containment: str = "deny_policy"

    def __post_init__(self) -> None:
        if self.containment not in _CONTAINMENTS:
            raise ValueError(
                f"containment is {self.containment!r}; use one of {', '.join(_CONTAINMENTS)}."
            )


@dataclass(frozen=True)
class Role:
    """A role as it is now: `attached` are ARNs, `inline` and `managed` documents by name or ARN.

    `profiles` are the instance profiles that hold it, if they matter.
    """

    name: str
    path: str
    arn: str
    id: str
    created: object
    trust: Mapping[str, Any]
    boundary: str
    tags: Mapping[str, str]
    attached: tuple[str, ...]
    inline: Mapping[str, Mapping[str, Any] | None]
    managed: Mapping[str, Mapping[str, Any] | None]
    profiles: tuple[str, ...]

    @property
    def contained(self) -> bool:
        """True if a policy of the role denies everything already, whatever the policy's name is."""
        return self.boundary == self.deny_all or any(map(denies_everything, self.inline.values()))

    @property
    def deny_all(self) -> str:
        """ARN of AWS's own policy that denies everything, in the role's partition."""
        return f"arn:{self.arn.split(':')[1]}:iam::aws:policy/AWSDenyAll"

    def is_newer(self, event: Event) -> bool:
        """True if the role was made anew since the event: then another call made it."""
        told = text(dig(event.response, "role", "roleId"))
        if told and told != self.id:
            return True
        if not isinstance(self.created, datetime) or event.time is None:
            return False
        return self.created - event.time > _SLACK

    @property
    def entrance(self) -> bool:
        """True if the role has a name that Organizations or Control Tower use."""
        return any_matches(f"{self.path}{self.name}", _ENTRANCES)


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """Containment and an alert for each role that breaks a rule."""
    if event.failed:
        return []
    steps: list[Step] = []
    for name in _concerned(event, settings, aws):
        role = _look(name, settings, aws)
        if role is None or role.path.startswith(_OURS_NEVER):
            continue
        reasons = list(_broken(role, settings, event.account))
        if reasons:
            spared = role.contained or role.entrance or role.is_newer(event)
            actions = [] if spared else _contain(role, settings)
            # Whoever made the role set its tags: they exempt nothing.
            born = event.name == "CreateRole"
            steps += [replace(action, tags={}) if born else action for action in actions]
            steps.append(_alert(event, role, reasons))
    return steps


def _concerned(event: Event, settings: Settings, aws: Aws) -> list[str]:
    """The roles whose rights the call may have changed: the role that it names, or a policy's
    holders.
    """
    name = text(event.request.get("roleName")) or text(dig(event.response, "role", "roleName"))
    policy = text(event.request.get("policyArn"))
    if name:
        return [name]
    if event.name not in _OF_A_POLICY or not policy or not settings.forbid_admin:
        return []
    who = {"PolicyArn": policy, "EntityFilter": "Role"}
    return [
        each["RoleName"]
        for page in _pages(aws, "list_entities_for_policy", who)
        for each in page["PolicyRoles"]
    ]


def _look(name: str, settings: Settings, aws: Aws) -> Role | None:
    """The role as IAM shows it; None if it is gone."""
    who = {"RoleName": name}
    # IAM may not show a role yet that was just made.
    answer = aws.read("iam", "get_role", who, not_yet=_GONE, none_on=_GONE)
    if answer is None:
        return None
    found = answer["Role"]
    attached = [
        each["PolicyArn"]
        for page in _pages(aws, "list_attached_role_policies", who)
        for each in page["AttachedPolicies"]
    ]
    inline: dict[str, Any] = {}
    for page in _pages(aws, "list_role_policies", who):
        for policy in page["PolicyNames"]:
            call = {**who, "PolicyName": policy}
            held = aws.read("iam", "get_role_policy", call, none_on=_GONE)
            inline[policy] = policy_document(held and held["PolicyDocument"])
    managed: dict[str, Any] = {}
    for arn in attached if settings.forbid_admin else ():
        about = aws.read("iam", "get_policy", {"PolicyArn": arn}, none_on=_GONE)
        if about is None:
            continue
        call = {"PolicyArn": arn, "VersionId": about["Policy"]["DefaultVersionId"]}
        version = aws.read("iam", "get_policy_version", call, none_on=_GONE)
        managed[arn] = policy_document(version and version["PolicyVersion"]["Document"])
    profiles = (
        [
            each["InstanceProfileName"]
            for page in _pages(aws, "list_instance_profiles_for_role", who)
            for each in page["InstanceProfiles"]
        ]
        if settings.containment == "delete"
        else []
    )
    return Role(
        name=name,
        path=found["Path"],
        arn=found["Arn"],
        id=text(found.get("RoleId")),
        created=found.get("CreateDate"),
        trust=policy_document(found.get("AssumeRolePolicyDocument")) or {},
        boundary=text(dig(found, "PermissionsBoundary", "PermissionsBoundaryArn")),
        tags=read_tags(found.get("Tags")),
        attached=tuple(attached),
        inline=inline,
        managed=managed,
        profiles=tuple(profiles),
    )


def _pages(aws: Aws, operation: str, call: Mapping[str, Any]) -> Iterator[Any]:
    marker: dict[str, str] = {}
    while True:
        page = aws.read("iam", operation, {**call, **marker}, none_on=_GONE)
        if page is None:
            return
        yield page
        if not page.get("IsTruncated"):
            return
        marker = {"Marker": page["Marker"]}


def _broken(role: Role, settings: Settings, account: str) -> Iterator[str]:
    """The rules that a role breaks, a clause each."""
    if any_matches(role.name, settings.forbidden_names, any_case=True):
        yield f"its name {role.name} is forbidden"
    if settings.allowed_paths and not any_matches(role.path, settings.allowed_paths):
        yield f"its path {role.path} is not allowed"
    if settings.trusted_accounts is not None:
        for principal in outsiders(
            role.trust, account, settings.trusted_accounts, settings.trusted_organizations
        ):
            yield "it trusts anybody" if principal == "*" else f"it trusts {principal}"
    if settings.allowed_providers is not None:
        for statement in allowing(role.trust):
            for provider in listed(mapping(statement.get("Principal")).get("Federated")):
                if not any_matches(provider, settings.allowed_providers):
                    yield f"it trusts the identity provider {provider}"
    for arn in role.attached:
        if any_matches(arn, settings.forbidden_policies, any_case=True):
            yield f"the policy {arn} is attached"
    if settings.forbid_admin:
        yield from _admin(role, settings, account)
    required = settings.required_boundary
    if required is not None and not any_matches(role.boundary, (required, role.deny_all)):
        yield f"its boundary is {role.boundary or 'missing'}, not {required}"
    missing = [key for key in settings.required_tags if key not in role.tags]
    if missing:
        yield f"it has no tag {', '.join(missing)}"


def _admin(role: Role, settings: Settings, account: str) -> Iterator[str]:
    """The policies that make the role an administrator, one by one or all together."""
    known = {
        arn: document
        for arn, document in role.managed.items()
        if not any_matches(arn, settings.forbidden_policies, any_case=True)  # told already
    }
    found = False
    for name, document in {**known, **role.inline}.items():
        told = admin_power([document], role.arn, account)
        if told:
            found = True
            yield f"its policy {name} {told}"
    if not found and len(known) == len(role.managed):
        documents = [*role.managed.values(), *role.inline.values()]
        told = admin_power(documents, role.arn, account)
        if told:
            yield f"its policies together: {told}"


def _contain(role: Role, settings: Settings) -> Iterator[Action]:
    if settings.containment == "deny_policy":
        call = {"RoleName": role.name, "PolicyName": QUARANTINE}
        undo = Undo("iam", "delete_role_policy", call)
        if role.inline.get(QUARANTINE) is not None:  # somebody else's, of our name
            theirs = json.dumps(role.inline[QUARANTINE])
            undo = Undo("iam", "put_role_policy", {**call, "PolicyDocument": theirs})
        yield _action(
            role,
            "put_role_policy",
            {**call, "PolicyDocument": json.dumps(DENY_ALL)},
            f"deny everything to the role {role.name}",
            f"denied everything to the role {role.name}",
            undo,
            after={"inline_policies": sorted({*role.inline, QUARANTINE})},
        )
    elif settings.containment == "boundary":
        who = {"RoleName": role.name}
        deny = role.deny_all
        undo = Undo("iam", "delete_role_permissions_boundary", who)
        if role.boundary:
            before = {**who, "PermissionsBoundary": role.boundary}
            undo = Undo("iam", "put_role_permissions_boundary", before)
        yield _action(
            role,
            "put_role_permissions_boundary",
            {**who, "PermissionsBoundary": deny},
            f"bound the role {role.name} by AWSDenyAll",
            f"bound the role {role.name} by AWSDenyAll",
            undo,
            after={"boundary": deny},
        )
    elif settings.containment == "delete":
        yield from _delete(role)


def _delete(role: Role) -> Iterator[Action]:
    """The calls that delete a role, in the order that IAM requires: the role leaves its profiles
    first.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html
    """
    who = {"RoleName": role.name}
    for profile in role.profiles:
        call = {**who, "InstanceProfileName": profile}
        yield _action(
            role,
            "remove_role_from_instance_profile",
            call,
            f"take {role.name} out of the instance profile {profile}",
            f"took {role.name} out of the instance profile {profile}",
            Undo("iam", "add_role_to_instance_profile", call),
            key=profile,
        )
    for arn in role.attached:
        call = {**who, "PolicyArn": arn}
        yield _action(
            role,
            "detach_role_policy",
            call,
            f"detach {arn} from {role.name}",
            f"detached {arn} from {role.name}",
            Undo("iam", "attach_role_policy", call),
            key=arn,
        )
    for name, document in role.inline.items():
        call = {**who, "PolicyName": name}
        put = {**call, "PolicyDocument": json.dumps(document)}
        yield _action(
            role,
            "delete_role_policy",
            call,
            f"delete the policy {name} of {role.name}",
            f"deleted the policy {name} of {role.name}",
            Undo("iam", "put_role_policy", put),
            key=name,
        )
    made: dict[str, Any] = {
        **who,
        "Path": role.path,
        "AssumeRolePolicyDocument": json.dumps(role.trust),
        "Tags": [{"Key": key, "Value": value} for key, value in role.tags.items()],
    }
    if role.boundary:
        made["PermissionsBoundary"] = role.boundary
    yield _action(
        role,
        "delete_role",
        who,
        f"delete the role {role.name}",
        f"deleted the role {role.name}",
        Undo("iam", "create_role", made),
    )


def _action(
    role: Role,
    operation: str,
    call: Mapping[str, Any],
    summary: str,
    done: str,
    undo: Undo,
    *,
    key: str = "",
    after: Mapping[str, Any] | None = None,
) -> Action:
    return Action(
        service="iam",
        operation=operation,
        parameters=call,
        resources=(role.arn,),
        summary=summary,
        done=done,
        undo=undo,
        key=key,
        before={
            "boundary": role.boundary or None,
            "attached_policies": list(role.attached),
            "inline_policies": sorted(role.inline),
            "instance_profiles": list(role.profiles) or None,
            "trust": role.trust,
        },
        after=after,
        tags={role.arn: role.tags},
    )


def _alert(event: Event, role: Role, reasons: Sequence[str]) -> Alert:
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    contained = "; it is contained already" if role.contained else ""
    if role.is_newer(event):
        contained = "; the role was made anew since, and its maker's own call is judged"
    if role.entrance:
        contained = "; it has the name of a role of AWS's own, which is never contained"
    return Alert(
        severity="high",
        subject=f"role {role.name} breaks a rule ({event.account})",
        headline=(
            f"{event.actor.label} called {event.name} on the role {role.name} in account "
            f"{event.account}{when}, which breaks the rules: {reasons[0]}{contained}"
        ),
        details=(("Why", "; ".join(reasons[:_SHOWN]) + more), ("Role", role.arn)),
        **of_entry("iam-role-forbidden"),
    )


handler = Reaction("iam-role-guard", plan, Settings, calls={"iam.amazonaws.com": CALLS})
