"""Identity policies: read once, forgotten when IAM changes, limited by boundary and session."""

from __future__ import annotations

import json
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from localaws.iam.permissions import Permissions, role_allows
from localaws.wire.clients import InProcessClients
from localaws.wire.identity import Identity

pytestmark = pytest.mark.unit

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/guard"
SESSION = Identity(
    type="AssumedRole",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/guard/s",
    access_key="ASIA1",
    issuer_arn=ROLE,
    issuer_name="guard",
)
USER = Identity(
    type="IAMUser", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/ana", user_name="ana"
)
ROOT = Identity(type="Root", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root")


def document(action: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Clients:
    """moto's IAM, with a count of the clients that were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def client(self, service: str, account: str, region: str) -> Any:
        assert account == ACCOUNT
        self.asked += 1
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )


class World:
    def __init__(self) -> None:
        self.clients = Clients()
        self.aws = cast(InProcessClients, self.clients)
        self.permissions = Permissions(self.aws)
        self.iam = self.clients.client("iam", ACCOUNT, "us-east-1")
        trust = document("sts:AssumeRole").replace('"Resource": "*"', '"Principal": "*"')
        self.iam.create_role(RoleName="guard", Path="/app/", AssumeRolePolicyDocument=trust)
        self.iam.create_user(UserName="ana")

    def may(self, action: str, identity: Identity = SESSION) -> bool:
        return self.permissions.decide(identity, action, "*", {}).allowed

    def grant(self, action: str, effect: str = "Allow", name: str = "own") -> None:
        self.iam.put_role_policy(
            RoleName="guard", PolicyName=name, PolicyDocument=document(action, effect)
        )
        self.permissions.forget()

    def managed(self, name: str, action: str) -> str:
        made = self.iam.create_policy(PolicyName=name, PolicyDocument=document(action))
        return str(made["Policy"]["Arn"])


@pytest.fixture
def world() -> Any:
    with mock_aws():
        yield World()


def test_silence_is_no(world: World) -> None:
    assert not world.may("ec2:StopInstances")


def test_the_root_user_may(world: World) -> None:
    assert world.may("ec2:StopInstances", ROOT)


def test_inline_and_attached_policies(world: World) -> None:
    world.grant("ec2:Stop*")
    world.iam.attach_role_policy(RoleName="guard", PolicyArn=world.managed("m", "sns:Publish"))
    world.permissions.forget()
    assert world.may("ec2:StopInstances")
    assert world.may("sns:Publish")
    assert not world.may("ec2:StartInstances")


def test_the_groups_of_a_user(world: World) -> None:
    world.iam.create_group(GroupName="ops")
    world.iam.put_group_policy(GroupName="ops", PolicyName="own", PolicyDocument=document("ec2:*"))
    assert not world.may("ec2:StopInstances", USER)
    world.iam.add_user_to_group(GroupName="ops", UserName="ana")
    world.permissions.forget()
    assert world.may("ec2:StopInstances", USER)


def test_a_deny_beats_an_allow(world: World) -> None:
    world.grant("ec2:*")
    world.grant("ec2:StopInstances", "Deny", "no")
    assert world.permissions.decide(SESSION, "ec2:StopInstances", "*", {}).denied
    assert world.may("ec2:StartInstances")


def test_a_boundary_limits_and_grants_nothing(world: World) -> None:
    edge = world.managed("edge", "ec2:Describe*")
    world.iam.put_role_permissions_boundary(RoleName="guard", PermissionsBoundary=edge)
    world.permissions.forget()
    assert not world.may("ec2:DescribeInstances")
    world.grant("ec2:*")
    assert world.may("ec2:DescribeInstances")
    assert not world.may("ec2:StopInstances")


def test_a_sessions_policies_limit_that_session(world: World) -> None:
    world.grant("*")
    arn = world.managed("m", "sns:Publish")
    world.permissions.limit_session("ASIA1", (arn, document("ec2:Describe*")))
    assert world.may("ec2:DescribeInstances")
    assert world.may("sns:Publish")
    assert not world.may("ec2:StopInstances")
    other = Identity(**{**_members(SESSION), "access_key": "ASIA2"})
    assert world.may("ec2:StopInstances", other)
    world.permissions.reset()
    assert world.may("ec2:StopInstances")


def _members(identity: Identity) -> dict[str, Any]:
    return {name: getattr(identity, name) for name in identity.__dataclass_fields__}


def test_policies_are_read_once_until_iam_changes(world: World) -> None:
    world.grant("ec2:*")
    assert world.may("ec2:StopInstances")
    asked = world.clients.asked
    for _ in range(10):
        assert world.may("ec2:StopInstances")
    assert world.clients.asked == asked
    world.iam.delete_role_policy(RoleName="guard", PolicyName="own")
    assert world.may("ec2:StopInstances")  # not known yet
    world.permissions.forget()
    assert not world.may("ec2:StopInstances")


def test_who_is_gone_may_nothing(world: World) -> None:
    world.grant("*")
    world.iam.delete_role_policy(RoleName="guard", PolicyName="own")
    world.iam.delete_role(RoleName="guard")
    world.permissions.forget()
    assert not world.may("ec2:StopInstances")
    assert world.permissions.held(SESSION) is None


def test_what_policies_mention(world: World) -> None:
    assert not world.permissions.mention(SESSION, ":resourcetag/")
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    text = json.loads(document("ec2:*"))
    text["Statement"][0]["Condition"] = condition
    world.iam.put_role_policy(RoleName="guard", PolicyName="own", PolicyDocument=json.dumps(text))
    world.permissions.forget()
    assert world.permissions.mention(SESSION, ":resourcetag/")
    assert not world.permissions.mention(ROOT, ":resourcetag/")


def test_a_role_in_the_hands_of_a_service(world: World) -> None:
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
    assert not world.permissions.role_may(ROLE, "sqs:SendMessage", queue)
    assert not role_allows(world.aws, ROLE, "sqs:SendMessage", queue)
    world.grant("sqs:SendMessage")
    assert world.permissions.role_may(ROLE, "sqs:SendMessage", queue)
    assert role_allows(world.aws, ROLE, "sqs:SendMessage", queue)
