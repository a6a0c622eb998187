"""Somebody with some rights against iam-role-guard: by names, by policies of others, by undoing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
import pytest
from reactor.reaction import Reaction
from reactor.reactions import iam_role_guard as guard

from tests.unit.reactor.world import ACCOUNT, Context, envelope, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[guard.Settings]]
Sent = Callable[[], list[tuple[str, str]]]
ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
READ = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    }
)


def make_role(name: str = "app", **more: Any) -> None:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)


def call(event_name: str, **request: Any) -> dict[str, Any]:
    detail = record(
        eventSource="iam.amazonaws.com", eventName=event_name, requestParameters=request
    )
    return envelope(detail, source="aws.iam")


def put_narrow_policies(action: str, kind: str) -> None:
    """Two policies of the role that allow the call on every resource of its kind together."""
    every = f"arn:aws:iam::{ACCOUNT}:{kind}"
    for name, resources in (("a", [f"{every}/", f"{every}/?"]), ("b", [f"{every}/??*"])):
        statement = {"Effect": "Allow", "Action": action, "Resource": resources}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        boto3.client("iam").put_role_policy(
            RoleName="app", PolicyName=name, PolicyDocument=document
        )


def inline(name: str, role: str = "app") -> Any:
    return boto3.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def test_a_policy_named_as_the_quarantine_contains_nothing(react: React, aws: None) -> None:
    make_role()
    iam = boto3.client("iam")
    iam.put_role_policy(RoleName="app", PolicyName=guard.QUARANTINE, PolicyDocument=ALL)
    event = call("PutRolePolicy", roleName="app", policyName=guard.QUARANTINE)
    assert react(guard)(event, Context())["taken"] == 1
    assert inline(guard.QUARANTINE) == guard.DENY_ALL


def test_undo_gives_back_the_policy_of_that_name(
    react: React, aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    make_role()
    iam = boto3.client("iam")
    iam.put_role_policy(RoleName="app", PolicyName=guard.QUARANTINE, PolicyDocument=ALL)
    react(guard)(call("PutRolePolicy", roleName="app"), Context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    (undo,) = [line["action"]["undo"] for line in lines if "action" in line]
    getattr(iam, undo["operation"])(**undo["parameters"])
    assert inline(guard.QUARANTINE) == json.loads(ALL)


def test_a_boundary_named_as_awss_contains_nothing(react: React, aws: None) -> None:
    iam = boto3.client("iam")
    own = iam.create_policy(PolicyName="AWSDenyAll", PolicyDocument=ALL)["Policy"]["Arn"]
    make_role(PermissionsBoundary=own)
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    assert react(guard)(call("PutRolePolicy", roleName="app"), Context())["taken"] == 1


def test_awss_own_boundary_does_contain(react: React, aws: None) -> None:
    make_role(PermissionsBoundary="arn:aws:iam::aws:policy/AWSDenyAll")
    boto3.client("iam").put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    settings = {"required_boundary": f"arn:aws:iam::{ACCOUNT}:policy/bound"}
    answer = react(guard, **settings)(call("PutRolePolicy", roleName="app"), Context())
    assert (answer["planned"], answer["alerts"]) == (0, 1)


@pytest.mark.parametrize("event_name", ["CreatePolicyVersion", "SetDefaultPolicyVersion"])
def test_a_policy_that_grows_under_its_roles(event_name: str, react: React, aws: None) -> None:
    iam = boto3.client("iam")
    arn = iam.create_policy(PolicyName="team", PolicyDocument=READ)["Policy"]["Arn"]
    for name in ("one", "two"):
        make_role(name)
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    make_role("other")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALL, SetAsDefault=True)
    answer = react(guard)(call(event_name, policyArn=arn), Context())
    assert (answer["taken"], answer["alerts"]) == (2, 2)
    assert inline(guard.QUARANTINE, "one") == inline(guard.QUARANTINE, "two") == guard.DENY_ALL
    assert iam.list_role_policies(RoleName="other")["PolicyNames"] == []


def test_a_quarantine_that_somebody_takes_away_comes_back(react: React, aws: None) -> None:
    make_role()
    iam = boto3.client("iam")
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALL)
    handler = react(guard)
    handler(call("PutRolePolicy", roleName="app"), Context())
    iam.delete_role_policy(RoleName="app", PolicyName=guard.QUARANTINE)
    event = call("DeleteRolePolicy", roleName="app", policyName=guard.QUARANTINE)
    answer = handler(event, Context())
    assert (answer["taken"], answer["alerts"]) == (1, 1)
    assert inline(guard.QUARANTINE) == guard.DENY_ALL


@pytest.mark.parametrize("kind", ["attached", "inline"])
def test_a_deny_that_held_the_rest_and_is_taken_away(kind: str, react: React, aws: None) -> None:
    make_role()
    iam = boto3.client("iam")
    put_narrow_policies("iam:CreatePolicyVersion", "policy")
    statement = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    deny = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    handler = react(guard)
    if kind == "attached":
        arn = iam.create_policy(PolicyName="held", PolicyDocument=deny)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    else:
        iam.put_role_policy(RoleName="app", PolicyName="held", PolicyDocument=deny)
    assert handler(call("PutRolePolicy", roleName="app"), Context())["alerts"] == 0
    if kind == "attached":
        iam.detach_role_policy(RoleName="app", PolicyArn=arn)
        event = call("DetachRolePolicy", roleName="app", policyArn=arn)
    else:
        iam.delete_role_policy(RoleName="app", PolicyName="held")
        event = call("DeleteRolePolicy", roleName="app", policyName="held")
    assert handler(event, Context())["taken"] == 1


# Calls on a role that give it no right, no trust, and take no tag.
HARMLESS = {
    *("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"),  # who uses it, not what it may
    *("DeleteRole", "DeleteServiceLinkedRole", "TagRole", "UpdateRole", "UpdateRoleDescription"),
}


def test_every_call_that_changes_what_a_role_may_is_judged() -> None:
    """By IAM's own model: whatever takes a role's name, and does not only read."""
    model = botocore.session.get_session().get_service_model("iam")
    inputs = {name: model.operation_model(name).input_shape for name in model.operation_names}
    calls = {name for name, shape in inputs.items() if shape and "RoleName" in shape.members}
    changing = {name for name in calls if not name.startswith(("Get", "List"))}
    assert changing - HARMLESS == {name for name in guard.CALLS if "Role" in name}
    assert changing >= HARMLESS


def test_a_forbidden_name_in_other_letters(react: React, aws: None) -> None:
    make_role("AdMiN-x")
    handler = react(guard, forbidden_names=["admin*"])
    assert handler(call("CreateRole", roleName="AdMiN-x"), Context())["taken"] == 1


def test_an_inline_policy_named_as_a_forbidden_one(react: React, aws: None) -> None:
    make_role()
    boto3.client("iam").put_role_policy(RoleName="app", PolicyName="Admin", PolicyDocument=ALL)
    handler = react(guard, forbidden_policies=["*Admin*"])
    assert handler(call("PutRolePolicy", roleName="app"), Context())["taken"] == 1


def test_two_policies_that_are_an_administrators_together(
    react: React, aws: None, sent: Sent
) -> None:
    make_role(Path="/team/")
    put_narrow_policies("iam:PutRolePolicy", "role")
    assert react(guard)(call("PutRolePolicy", roleName="app"), Context())["taken"] == 1
    ((_, text),) = sent()
    assert "its policy b allows iam:PutRolePolicy on the role itself" in text
