"""Rewritings of one thing: policies that give everything away and do not look like it."""

from __future__ import annotations

import string
import sys
from typing import Any

import pytest
from reactor.detections.grants import outsiders, public_grant
from reactor.meaning.globs import Part, arn_glob, left_out, matches, text_glob
from reactor.meaning.powers import admin_power, denies_everything

from tests.attacks.policies import ACCOUNT, FOREIGN, FRIEND, OURS, THEIRS, search

pytestmark = pytest.mark.unit

ROLES = f"arn:aws:iam::{ACCOUNT}:role"
OWN = f"{ROLES}/app"
GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


def allow(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "iam:**", "Resource": "*"},
        {"Action": "iam:?*", "Resource": "*"},
        {"Action": "iam:Put*", "Resource": "*"},
        {"Action": "IAM:PUTROLEPOLICY", "Resource": "*"},
        {"Action": "*", "NotResource": "arn:aws:s3:::logs"},
        {"Action": "*", "NotResource": ["arn:aws:iam::*:user/*", "arn:aws:s3:::*"]},
        {"Action": [f"iam:{letter}*" for letter in string.ascii_lowercase], "Resource": "*"},
        {"NotAction": ["s3:*", "ec2:*"], "Resource": "**"},
        {"NotAction": "iam:Get*", "Resource": "arn:aws:iam::*:*"},
        {"Action": "iam:AttachRolePolicy", "Resource": [f"{ROLES}/", f"{ROLES}/?", f"{ROLES}/??*"]},
        {"Action": "iam:PutRolePolicy", "Resource": OWN},
        {"Action": "iam:PutRolePolicy", "Resource": f"{ROLES}/${{aws:PrincipalTag/team}}"},
        {"Action": "iam:CreatePolicyVersion", "Resource": "arn:aws:iam"},
        {
            "Action": "iam:AttachRolePolicy",
            "Resource": "*",
            "Condition": {"ArnLike": {"iam:PolicyARN": "arn:*:iam::aws:policy/*"}},
        },
        {
            "Action": "iam:PutUserPolicy",
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"iam:PermissionsBoundary": "arn:aws:iam::1:p"}},
        },
    ],
)
def test_an_administrator_by_another_name(statement: dict[str, Any]) -> None:
    assert admin_power([allow(**statement)], OWN, ACCOUNT)


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:*", "Resource": "*"},
        {"NotAction": "iam:*", "Resource": "*"},
        {"Action": ["iam:Get*", "iam:List*", "iam:PassRole"], "Resource": "*"},
        {"Action": "iam:PutRolePolicy", "Resource": f"{ROLES}/team/*"},
        {
            "Action": "iam:PutRolePolicy",
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}},
        },
    ],
)
def test_work_that_is_no_administrators(statement: dict[str, Any]) -> None:
    assert admin_power([allow(**statement)], OWN, ACCOUNT) == ""


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso-b"])
def test_a_condition_that_names_an_administrator_s_policy_holds_nothing(partition: str) -> None:
    policy = f"arn:{partition}:iam::aws:policy/AdministratorAccess"
    statement = {
        "Action": "iam:AttachRolePolicy",
        "Resource": "*",
        "Condition": {"ArnEquals": {"iam:PolicyARN": policy}},
    }
    assert admin_power([allow(**statement)], OWN, ACCOUNT) != ""


def test_narrow_policies_add_up() -> None:
    halves = [
        allow(Action="iam:PutRolePolicy", Resource=[f"{ROLES}/", f"{ROLES}/?"]),
        allow(Action="iam:PutRolePolicy", Resource=f"{ROLES}/??*"),
    ]
    assert [admin_power([half], f"{ROLES}/x/app", ACCOUNT) for half in halves[:1]] == [""]
    assert (
        admin_power(halves, f"{ROLES}/x/app", ACCOUNT) == "allows iam:PutRolePolicy on every role"
    )


def test_a_deny_counts_only_where_it_always_holds() -> None:
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert admin_power([{"Statement": [everything, deny]}], OWN, ACCOUNT) == ""
    held = {**deny, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    assert admin_power([{"Statement": [everything, held]}], OWN, ACCOUNT)
    narrow = {**deny, "Resource": "arn:aws:iam::*:user/*"}
    assert admin_power([{"Statement": [everything, narrow]}], OWN, ACCOUNT)


@pytest.mark.parametrize(
    ("statement", "contained"),
    [
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, False),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, False),
        ({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}, False),
        ({"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::x"}, False),
        (
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": 1}}},
            False,
        ),
    ],
)
def test_only_a_full_deny_contains(statement: dict[str, Any], contained: bool) -> None:
    assert denies_everything({"Statement": [statement]}) is contained


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:PrincipalArn": "arn:*"}},
        {"StringLike": {"aws:PrincipalArn": f"arn:*{ACCOUNT}:role/x"}},  # a path may hold colons
        {"StringLike": {"aws:userid": "?*"}},
        {"StringEquals": {"aws:username": "alice"}},  # anybody may name a user so
        {"StringEquals": {"sts:ExternalId": "secret"}},
        {"StringEquals": {"aws:PrincipalTag/team": "red"}},
        {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"IpAddress": {"aws:SourceIp": [f"{n}.0.0.0/3" for n in range(0, 256, 32)]}},
        {"IpAddress": {"aws:SourceIp": "2000::/3"}},
        {"IpAddress": {"aws:SourceIp": "::ffff:0.0.0.0/96"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
        {"StringLike": {"aws:SourceVpce": "vpce-*"}},
        {"ArnEquals": {"aws:PrincipalAccount": "*"}},
        {"Null": {"aws:PrincipalOrgID": "false"}},
    ],
)
def test_a_condition_that_leaves_everybody(condition: dict[str, Any]) -> None:
    everybody = allow(Action="*", Principal={"AWS": "*"}, Resource="*", Condition=condition)
    assert outsiders(everybody, ACCOUNT, ()) == ["*"]
    assert public_grant(everybody)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": FOREIGN}}, [FOREIGN]),
        ({"StringEquals": {"aws:PrincipalAccount": [ACCOUNT, FRIEND]}}, []),
        ({"StringEquals": {"aws:PrincipalOrgID": THEIRS}}, [f"{THEIRS} (an organization)"]),
        ({"StringEquals": {"aws:PrincipalOrgID": OURS}}, []),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{FOREIGN}:role/*"}}, [FOREIGN]),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:*:iam::{ACCOUNT}:role/*"}}, []),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, []),
        (
            {"StringLike": {"aws:userid": "AROAFOREIGN123456789:*"}},
            ["AROAFOREIGN123456789 (a unique id)"],
        ),
        (
            {
                "StringEquals": {"aws:PrincipalOrgID": THEIRS, "aws:PrincipalAccount": ACCOUNT},
            },
            [],
        ),
    ],
)
def test_callers_that_a_condition_leaves_are_named(
    condition: dict[str, Any], told: list[str]
) -> None:
    policy = allow(Action="sts:AssumeRole", Principal="*", Condition=condition)
    found = outsiders(policy, ACCOUNT, (FRIEND,), (OURS,))
    # Two kinds of names for one set: either is told, and neither is everybody.
    assert found == told or (len(condition) == 1 and "*" not in found and told == [])


@pytest.mark.parametrize(
    ("condition", "is_open"),
    [
        (None, True),
        ({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}, True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}, True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*/app:*"}}, True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme*/app"}}, True),
        ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}}, False),
        ({"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/a:x"}}, False),
        (
            {"StringLikeIfExists": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}},
            True,
        ),
    ],
)
def test_a_pipeline_of_anybody(condition: object, is_open: bool) -> None:
    policy = allow(
        Action="sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": GITHUB},
        **({"Condition": condition} if condition else {}),
    )
    assert bool(outsiders(policy, ACCOUNT, ())) is is_open


def test_a_unique_id_is_an_outsider() -> None:
    policy = allow(Action="sts:AssumeRole", Principal={"AWS": "AROAFOREIGN123456789"})
    (told,) = outsiders(policy, ACCOUNT, ())
    assert told.startswith("AROAFOREIGN123456789 (a unique id")


@pytest.mark.parametrize(
    ("pattern", "arn", "is_one"),
    [
        ("*", "arn:aws:iam::1:role/x", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", True),
        ("arn:aws:*:role/x", "arn:aws:iam::1:role/x", False),
        ("arn:aws:iam", "arn:aws:iam::1:role/x", True),
        ("arn:aws:ia", "arn:aws:iam::1:role/x", False),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a:b/c", True),
        ("arn:aws:iam::1:role/?", "arn:aws:iam::1:role/ab", False),
    ],
)
def test_wildcards_of_arns(pattern: str, arn: str, is_one: bool) -> None:
    assert matches(arn_glob(pattern), arn) is is_one


def test_a_text_that_is_left_out_is_named() -> None:
    asked = text_glob("a*")
    assert left_out(asked, [Part((text_glob("*"),))]) is None
    assert left_out(asked, [Part((text_glob("a"), text_glob("a?*")))]) is None
    assert left_out(asked, [Part((text_glob("a?*"),))]) == "a"
    assert left_out(asked, [Part((text_glob("*"),))], [Part((text_glob("ab"),))]) == "ab"
    assert left_out(asked, [Part((text_glob("ab*"),), others=True)]) == "ab"
    assert left_out(asked, []) == "a"


def test_no_broad_random_policy_is_called_narrow() -> None:
    """A sample of what `python -m tests.attacks.policies` does at length."""
    assert search(250, seed=sys.maxsize) == []


def test_the_search_would_find_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.attacks.policies.strangers", lambda *_: [])
    monkeypatch.setattr("tests.attacks.policies.admin_power", lambda *_: "")
    found = {wrong.partition(":")[0] for wrong in search(60, seed=1)}
    assert found == {"wrong_about_powers", "wrong_about_trust"}
