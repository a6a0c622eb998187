"""iam-role-guard: each rule, each containment, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import settings as effort
from reactor.event import read_event
from reactor.reaction import Reaction
from reactor.reactions import iam_role_guard as guard

from tests.unit.reactor.fuzz import JSON
from tests.unit.reactor.world import ACCOUNT, REGION, Context, envelope, log_lines, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[guard.Settings]]
Sent = Callable[[], list[tuple[str, str]]]
Writes = list[tuple[str, dict[str, Any]]]
ADMIN = f"arn:aws:iam::{ACCOUNT}:policy/Admin"
FORBIDDEN = {"forbidden_policies": ["arn:*:iam::*:policy/Admin*"]}
CORP = {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"}
LAMBDA = {"Service": "lambda.amazonaws.com"}


def trust(principal: object, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def role(name: str = "app", principal: object = LAMBDA, **more: Any) -> None:
    policy = trust(principal)
    boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy, **more)


def call(name: str = "app", event_name: str = "CreateRole", **changes: Any) -> dict[str, Any]:
    detail = record(
        **{
            "eventSource": "iam.amazonaws.com",
            "eventName": event_name,
            "requestParameters": {"roleName": name},
            **changes,
        }
    )
    return envelope(detail)


def test_a_role_that_breaks_no_rule_is_left_alone(react: React, aws: None, writes: Writes) -> None:
    role(Path="/apps/", Tags=[{"Key": "owner", "Value": "a"}])
    writes.clear()
    settings = {"allowed_paths": ["/apps/*"], "required_tags": ["owner"]}
    answer = react(guard, **settings)(call(), Context())
    assert (answer["planned"], answer["alerts"], writes) == (0, 0, [])


@pytest.mark.parametrize(
    ("settings", "made", "told"),
    [
        ({"forbidden_names": ["adm*", "app"]}, {}, "its name app is forbidden"),
        ({"allowed_paths": ["/apps/*"]}, {}, "its path / is not allowed"),
        ({}, {"principal": {"AWS": "*"}}, "it trusts anybody"),
        ({}, {"principal": "*"}, "it trusts anybody"),
        ({}, {"principal": {"AWS": "arn:aws:iam::999999999999:root"}}, "it trusts arn:aws:iam::99"),
        (
            {"allowed_providers": []},
            {"principal": {"Federated": "accounts.google.com"}},
            "provider",
        ),
        (
            {"required_boundary": "arn:*:policy/bound"},
            {},
            "its boundary is missing, not arn:\u2217:",
        ),
        ({"required_tags": ["owner", "app"]}, {}, "it has no tag owner, app"),
    ],
)
def test_roles_that_break_a_rule_are_contained(
    settings: dict[str, Any], made: dict[str, Any], told: str, react: React, aws: None, sent: Sent
) -> None:
    role(**made)
    answer = react(guard, **settings)(call(), Context())
    assert answer["taken"] == 1
    ((_, text),) = sent()
    assert told in text
    held = boto3.client("iam").get_role_policy(RoleName="app", PolicyName=guard.QUARANTINE)
    assert held["PolicyDocument"] == guard.DENY_ALL


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("OrganizationAccountAccessRole", "/"),
        ("AWSControlTowerExecution", "/"),
        ("aws-controltower-ConfigRecorderRole", "/"),
        ("AWSControlTowerStackSetRole", "/service-role/"),
    ],
)
@pytest.mark.parametrize("containment", ["deny_policy", "boundary", "delete"])
def test_the_entrances_of_aws_are_told_and_never_contained(
    name: str, path: str, containment: str, react: React, aws: None, writes: Writes, sent: Sent
) -> None:
    role(name, {"AWS": "*"}, Path=path)
    writes.clear()
    answer = react(guard, containment=containment)(call(name), Context())
    assert (answer["planned"], answer["alerts"]) == (0, 1)
    ((_, text),) = sent()
    assert "it trusts anybody; it has the name of a role of AWS's own" in text
    assert writes == []


@pytest.mark.parametrize(
    ("name", "path"), [("OrganizationAccountAccessRole", "/mine/"), ("x", "/")]
)
def test_a_role_that_only_looks_like_an_entrance_is_contained(
    name: str, path: str, react: React, aws: None
) -> None:
    role(name, {"AWS": "*"}, Path=path)
    assert react(guard)(call(name), Context())["taken"] == 1


@pytest.mark.parametrize(
    ("settings", "principal"),
    [
        ({"trusted_accounts": ["999999999999"]}, {"AWS": "arn:aws:iam::999999999999:root"}),
        ({"trusted_accounts": None}, {"AWS": "arn:aws:iam::999999999999:root"}),
        ({}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        ({"allowed_providers": ["arn:*:saml-provider/corp"]}, CORP),
    ],
)
def test_allowed_trusts_are_left_alone(
    settings: dict[str, Any], principal: dict[str, Any], react: React, aws: None
) -> None:
    role(principal=principal)
    assert react(guard, **settings)(call(), Context())["planned"] == 0


@pytest.mark.parametrize(
    ("statement", "admin"),
    [
        ({"Action": "*", "Resource": "*"}, True),
        ({"Action": ["s3:*", "iam:*"], "Resource": ["*"]}, True),
        ({"NotAction": "s3:*", "Resource": "*"}, True),
        ({"Action": "s3:*", "Resource": "*"}, False),
        ({"Action": "*", "Resource": "arn:aws:s3:::b"}, False),
    ],
)
@pytest.mark.parametrize("kind", ["inline", "managed"])
def test_a_policy_as_good_as_an_administrators(
    kind: str, statement: dict[str, Any], admin: bool, react: React, aws: None, sent: Sent
) -> None:
    iam = boto3.client("iam")
    role()
    if kind == "inline":
        policy = document(**statement)
        iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=policy)
    else:
        made = iam.create_policy(PolicyName="own", PolicyDocument=document(**statement))
        iam.attach_role_policy(RoleName="app", PolicyArn=made["Policy"]["Arn"])
    answer = react(guard)(call(event_name="PutRolePolicy"), Context())
    assert (answer["taken"], len(sent())) == ((1, 1) if admin else (0, 0))


def test_containment_is_taken_back_by_what_the_record_says(
    react: React, aws: None, capsys: pytest.CaptureFixture[str], writes: Writes
) -> None:
    role()
    iam = boto3.client("iam")
    iam.create_policy(PolicyName="Admin", PolicyDocument=document(Action="s3:*", Resource="*"))
    iam.attach_role_policy(RoleName="app", PolicyArn=ADMIN)
    handler = react(guard, **FORBIDDEN)
    assert handler(call(event_name="AttachRolePolicy"), Context())["taken"] == 1
    (audit,) = [x["action"] for x in log_lines(capsys.readouterr().out) if "action" in x]
    assert audit["before"]["attached_policies"] == [ADMIN]
    assert audit["resources"] == [f"arn:aws:iam::{ACCOUNT}:role/app"]
    writes.clear()
    again = handler(call(event_name="AttachRolePolicy", eventID="later"), Context())
    assert (again["planned"], again["alerts"], writes) == (0, 1, [])
    undo = audit["undo"]
    getattr(iam, undo["operation"])(**undo["parameters"])
    assert iam.list_role_policies(RoleName="app")["PolicyNames"] == []


def test_a_boundary_contains_and_gives_the_old_one_back(
    react: React, aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = boto3.client("iam")
    bound = iam.create_policy(PolicyName="b", PolicyDocument=document(Action="s3:*", Resource="*"))
    arn = bound["Policy"]["Arn"]
    role(principal="*", PermissionsBoundary=arn)
    react(guard, containment="boundary")(call(), Context())
    (audit,) = [x["action"] for x in log_lines(capsys.readouterr().out) if "action" in x]
    assert audit["parameters"]["PermissionsBoundary"] == "arn:aws:iam::aws:policy/AWSDenyAll"
    assert audit["undo"]["parameters"] == {"RoleName": "app", "PermissionsBoundary": arn}


def test_deletion_is_in_the_order_that_iam_asks_for(
    react: React, aws: None, writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = boto3.client("iam")
    role(principal="*")
    iam.create_policy(PolicyName="Admin", PolicyDocument=document(Action="s3:*", Resource="*"))
    iam.attach_role_policy(RoleName="app", PolicyArn=ADMIN)
    policy = document(Action="s3:*", Resource="*")
    iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=policy)
    iam.create_instance_profile(InstanceProfileName="fleet")
    iam.add_role_to_instance_profile(InstanceProfileName="fleet", RoleName="app")
    writes.clear()
    answer = react(guard, containment="delete")(call(), Context())
    assert answer["taken"] == 4
    assert [name for name, _ in writes] == [
        "RemoveRoleFromInstanceProfile",
        "DetachRolePolicy",
        "DeleteRolePolicy",
        "DeleteRole",
    ]
    audits = [x["action"] for x in log_lines(capsys.readouterr().out) if "action" in x]
    for audit in reversed(audits):
        getattr(iam, audit["undo"]["operation"])(**audit["undo"]["parameters"])
    assert iam.list_role_policies(RoleName="app")["PolicyNames"] == ["own"]
    (profile,) = iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"]
    assert profile["InstanceProfileName"] == "fleet"
    assert react(guard, containment="none")(call(eventID="x"), Context())["alerts"] == 1


@pytest.mark.parametrize("path", ["/aws-service-role/x.amazonaws.com/", "/aws-reserved/sso/"])
def test_aws_own_roles_are_never_touched(path: str, react: React, aws: None) -> None:
    role(principal="*", Path=path)
    assert react(guard)(call(), Context())["planned"] == 0


@pytest.mark.parametrize(
    "event", [call("gone"), call(errorCode="AccessDenied"), call(requestParameters=None)]
)
def test_calls_without_a_role_to_judge_plan_nothing(
    event: dict[str, Any], react: React, aws: None
) -> None:
    answer = react(guard)(event, Context(left=5.5))
    assert (answer["planned"], answer["alerts"]) == (0, 0)


def test_dry_run_and_notify_change_nothing(react: React, aws: None, writes: Writes) -> None:
    role(principal="*")
    writes.clear()
    assert react(guard, "dry_run")(call(), Context())["alerts"] == 0
    assert react(guard, "notify")(call(), Context())["alerts"] == 1
    assert writes == []


class _Odd:
    def read(self, *_: object, **__: object) -> None:
        return None


@effort(max_examples=60)
@given(JSON)
def test_odd_requests_raise_nothing_unexpected(request: object) -> None:
    detail = record(eventName="CreateRole", requestParameters=request)
    assert guard.plan(read_event(envelope(detail)), guard.Settings(), _Odd()) == []  # type: ignore[arg-type]


def test_calls_go_to_iams_region(react: React, aws: None, sent: Sent) -> None:
    role(principal="*")
    answer = react(guard)(call(awsRegion="us-east-1"), Context())
    assert answer["refused"] == 1
    here = Context(invoked_function_arn=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:guard")
    assert react(guard)(call(awsRegion="us-east-1", eventID="2"), here)["taken"] == 1
    assert REGION != "us-east-1"
