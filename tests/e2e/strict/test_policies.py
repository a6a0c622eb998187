"""IAM: policies that are not there, and more of them than IAM takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, policy, refused

pytestmark = pytest.mark.e2e

EC2 = {"Service": "ec2.amazonaws.com"}


def long(characters: int, **more: Any) -> str:
    """A policy document of so many characters, without white space."""
    statement = allow("s3:GetObject", "arn:aws:s3:::", **more)
    short = len("".join(policy(statement).split()))
    statement["Resource"] += "x" * (characters - short)
    document = policy(statement)
    assert len("".join(document.split())) == characters
    return document


@pytest.mark.parametrize("kind", ["role", "user", "group"])
def test_a_policy_that_is_not_there(account: Account, kind: str) -> None:
    iam = account.client("iam")
    if kind == "role":
        account.role("x", EC2)
    else:
        getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": "x"})
    ghost = account.arn("iam", "policy/ghost")
    attach = getattr(iam, f"attach_{kind}_policy")
    with refused("NoSuchEntity", f"Policy {ghost} does not exist or is not attachable.", 404):
        attach(**{f"{kind.title()}Name": "x"}, PolicyArn=ghost)
    attach(**{f"{kind.title()}Name": "x"}, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_the_eleventh_policy_of_a_role(account: Account) -> None:
    iam = account.client("iam")
    account.role("x", EC2)
    arns = [
        iam.create_policy(PolicyName=f"p{n}", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
        for n in range(11)
    ]
    for arn in [*arns[:10], arns[0]]:
        iam.attach_role_policy(RoleName="x", PolicyArn=arn)
    with refused("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10", 409):
        iam.attach_role_policy(RoleName="x", PolicyArn=arns[10])


def test_a_managed_policy_of_6144_characters(account: Account) -> None:
    iam = account.client("iam")
    with refused("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409):
        iam.create_policy(PolicyName="p", PolicyDocument=long(6145))
    spaced = json.dumps(json.loads(long(6144)), indent=8)
    iam.create_policy(PolicyName="p", PolicyDocument=spaced)


def test_a_trust_policy_of_2048_characters(account: Account) -> None:
    iam = account.client("iam")
    account.role("x", EC2)
    statement = {"Effect": "Allow", "Principal": EC2, "Action": "sts:AssumeRole", "Sid": "x"}
    statement["Sid"] = "x" * (2049 - len("".join(policy(statement).split())) + 1)
    with refused("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409):
        iam.update_assume_role_policy(RoleName="x", PolicyDocument=policy(statement))


def test_inline_policies_share_their_quota(account: Account) -> None:
    iam = account.client("iam")
    account.role("x", EC2)
    iam.put_role_policy(RoleName="x", PolicyName="a", PolicyDocument=long(6000))
    iam.put_role_policy(RoleName="x", PolicyName="b", PolicyDocument=long(4240))
    with refused("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role x", 409):
        iam.put_role_policy(RoleName="x", PolicyName="b", PolicyDocument=long(4241))
    iam.put_role_policy(RoleName="x", PolicyName="a", PolicyDocument=long(5000))
    iam.create_user(UserName="y")
    with refused("LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user y", 409):
        iam.put_user_policy(UserName="y", PolicyName="a", PolicyDocument=long(2049))
