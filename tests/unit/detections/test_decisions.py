"""Decisions on what samples don't show: odd shapes, conditions, settings, garbage."""

from __future__ import annotations

import copy
import json
import random
from typing import Any
from urllib.parse import quote

import pytest
from reactor.detections import Known, decide, decision, decisions
from reactor.detections.grants import admin_action, outsiders, public_grant
from reactor.event import read_event
from reactor.settings import SettingsError, parse_settings
from reactor.testing import role_session

from trailctl.replay.catalogue import load_catalogue

pytestmark = pytest.mark.unit

ACCOUNT, OTHER = "111122223333", "444455556666"


def event(source: str, name: str, request: Any, **more: Any) -> Any:
    detail = {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "requestParameters": request,
        "responseElements": None,
        "recipientAccountId": ACCOUNT,
        "awsRegion": "eu-west-1",
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        **more,
    }
    outer = {"source": f"aws.{source}", "detail-type": "AWS API Call via CloudTrail"}
    return read_event({**outer, "detail": detail})


def policy(**statement: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}


@pytest.mark.parametrize(
    ("document", "is_admin"),
    [
        (policy(Action="*"), True),
        (policy(Action=["s3:Get*", "*:*"]), True),
        (policy(Action="IAM:*"), True),
        (policy(NotAction="s3:*"), True),
        (policy(NotAction=["iam:*", "sts:*"]), False),
        (policy(Action="s3:*"), False),
        (policy(Action="*", Resource="arn:aws:s3:::x"), False),
        (policy(Action="*", Effect="Deny"), False),
        ({"Statement": {"Effect": "Allow", "Action": "*", "Resource": ["*"]}}, True),
        ({"Statement": ["*", 5, None]}, False),
        ({}, False),
        (None, False),
    ],
)
def test_what_makes_an_administrator(document: Any, is_admin: bool) -> None:
    assert bool(admin_action(document)) is is_admin


@pytest.mark.parametrize(
    ("condition", "narrows"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringLike": {"AWS:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/*"]}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/*"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, False),
        ({"ArnLike": {"aws:SourceArn": "*"}}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": "nonsense"}, False),
        (None, False),
    ],
)
def test_which_conditions_narrow_everybody_down(condition: Any, narrows: bool) -> None:
    public = policy(Action="s3:GetObject", Principal="*", Condition=condition)
    assert bool(public_grant(public)) is not narrows


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", ["*"]),
        ({"AWS": "*"}, ["*"]),
        ({"AWS": [OTHER, ACCOUNT]}, [OTHER]),
        ({"AWS": f"arn:aws-cn:iam::{OTHER}:role/x"}, [f"arn:aws-cn:iam::{OTHER}:role/x"]),
        ({"Federated": f"arn:aws:iam::{OTHER}:saml-provider/x"}, 1),
        ({"Federated": "cognito-identity.amazonaws.com"}, 1),
        ({"Federated": "accounts.example.com"}, []),
        ({"Service": "ec2.amazonaws.com"}, []),
        ({"AWS": "arn:aws:iam::777788889999:root"}, []),
        (None, []),
        (7, []),
    ],
)
def test_who_is_outside(principal: Any, expected: Any) -> None:
    found = outsiders(policy(Action="sts:*", Principal=principal), ACCOUNT, ("777788889999",))
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_documents_are_read_raw_and_encoded() -> None:
    text = json.dumps(policy(Action="*"))
    for document in (text, quote(text)):
        found = decide(
            "iam-admin-inline", event("iam", "PutUserPolicy", {"policyDocument": document})
        )
        assert found is not None
        assert found.reason == "the policy allows * on every resource"


def test_known_accounts_names_and_brokers_are_left_alone() -> None:
    trust = json.dumps(policy(Action="sts:AssumeRole", Principal={"AWS": OTHER}))
    role = event("iam", "CreateRole", {"roleName": "app", "assumeRolePolicyDocument": trust})
    assert decide("iam-trust-external", role) is not None
    assert decide("iam-trust-external", role, Known(trusted_accounts=(OTHER,))) is None
    image = event(
        "ec2",
        "ModifyImageAttribute",
        {"imageId": "ami-1", "launchPermission": {"add": {"items": [{"userId": OTHER}]}}},
    )
    assert decide("ami-shared", image) is not None
    assert decide("ami-shared", image, Known(trusted_accounts=(OTHER,))) is None
    bucket = event("s3", "CreateBucket", {"bucketName": "app-logs"})
    assert decide("bucket-created", bucket, Known(expected_buckets=("app-*",))) is None
    named = Known(forbidden_role_names=("admin*",), allowed_role_paths=("/apps/*",))
    plain = event("iam", "CreateRole", {"roleName": "admin-x", "path": "/"})
    found = decide("iam-role-forbidden", plain, named)
    assert found is not None
    assert found.reason == "the name admin-x is forbidden; the path / is not allowed"


def test_a_bucket_is_where_its_constraint_says() -> None:
    for constraint, region in (
        (None, "eu-west-1"),
        ("EU", "eu-west-1"),
        ("ap-east-1", "ap-east-1"),
    ):
        request = {
            "bucketName": "b",
            "CreateBucketConfiguration": {"LocationConstraint": constraint},
        }
        found = decide("bucket-created", event("s3", "CreateBucket", request))
        assert found is not None
        assert found.reason.endswith(f"in {region}")


@pytest.mark.parametrize(
    ("advanced", "narrow"),
    [
        ([[("eventCategory", "equals", "Management")]], False),
        (
            [
                [("eventCategory", "equals", "Management"), ("readOnly", "equals", "true")],
                [("eventCategory", "equals", "Management"), ("readOnly", "equals", "false")],
            ],
            False,
        ),
        ([[("eventCategory", "equals", "Management"), ("readOnly", "equals", "false")]], True),
        ([[("eventCategory", "equals", "Management"), ("eventSource", "notEquals", "kms")]], True),
        ([[("eventCategory", "equals", "Data")]], True),
    ],
)
def test_advanced_selectors(advanced: list[list[tuple[str, str, str]]], narrow: bool) -> None:
    selectors = [
        {"fieldSelectors": [{"field": f, op: [value]} for f, op, value in fields]}
        for fields in advanced
    ]
    request = {"trailName": "org", "advancedEventSelectors": selectors}
    found = decide("trail-narrowed", event("cloudtrail", "PutEventSelectors", request))
    assert (found is not None) is narrow


def shared(source: str, name: str, request: Any, known: Known | None = None) -> str:
    found = decide("resource-policy-foreign", event(source, name, request), known or Known())
    return found.reason if found else ""


@pytest.mark.parametrize(
    ("statement", "foreign"),
    [
        ({"Principal": {"AWS": OTHER}}, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/x"}}, True),
        ({"Principal": {"AWS": ["AIDAEXAMPLEOTHER12345"]}}, True),
        ({"Principal": {"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]}}, False),
        ({"Principal": {"Service": "cloudtrail.amazonaws.com"}}, False),
        ({"Principal": {"AWS": OTHER}, "Effect": "Deny"}, False),
        # Everybody is the business of the entries on public policies.
        ({"Principal": "*"}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": OTHER}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}}, False),
        (
            {
                "Principal": "*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
            },
            False,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OTHER}:x"}},
            },
            True,
        ),
    ],
)
@pytest.mark.parametrize("place", ["text", "object", "deep", "list"])
def test_a_policy_is_found_wherever_a_service_puts_it(
    statement: dict[str, Any], foreign: bool, place: str
) -> None:
    document = policy(Action="s3:*", **statement)
    text = json.dumps(document)
    request = {
        "text": {"policy": text},
        "object": {"bucketName": "b", "bucketPolicy": document},
        "deep": {"PutAccessPointPolicyRequest": {"Policy": text}},
        "list": {"patchOperations": [{"op": "replace", "path": "/policy", "value": text}]},
    }[place]
    assert bool(shared("s3", "PutBucketPolicy", request)) is foreign
    assert not shared("s3", "PutBucketPolicy", request, Known(trusted_accounts=(OTHER,))) or (
        "unique id" in shared("s3", "PutBucketPolicy", request, Known(trusted_accounts=(OTHER,)))
    )


def test_organizations_are_trusted_by_name_once_any_is_known() -> None:
    ours, theirs = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
    for organization, known, foreign in (
        (theirs, Known(), False),
        (theirs, Known(trusted_organizations=(ours,)), True),
        (ours, Known(trusted_organizations=(ours,)), False),
    ):
        by_policy = policy(
            Action="*",
            Principal="*",
            Condition={"StringEquals": {"aws:PrincipalOrgID": organization}},
        )
        by_share = {"principals": [f"arn:aws:organizations::{OTHER}:organization/{organization}"]}
        assert bool(shared("s3", "PutBucketPolicy", {"bucketPolicy": by_policy})) is False
        assert bool(shared("s3", "PutBucketPolicy", {"bucketPolicy": by_policy}, known)) is foreign
        assert bool(shared("ram", "CreateResourceShare", by_share, known)) is foreign
    with pytest.raises(ValueError, match="trusted_organizations"):
        Known(trusted_organizations=("acme",))


@pytest.mark.parametrize(
    ("source", "name", "request_"),
    [
        ("lambda", "AddLayerVersionPermission20181031", {"principal": "*"}),
        ("ssm", "ModifyDocumentPermission", {"accountIdsToAdd": ["all"]}),
        ("events", "PutPermission", {"principal": "*"}),
    ],
)
def test_everybody_is_told_where_no_policy_says_it(source: str, name: str, request_: Any) -> None:
    assert shared(source, name, request_) == f"{name} lets everybody in"
    limited = {**request_, "organizationId": "o-a1b2c3d4e5", "condition": {"key": "x"}}
    assert source == "ssm" or not shared(source, name, limited)


def test_an_event_that_names_no_recipient_is_not_foreign_to_itself() -> None:
    request = {"policy": json.dumps(policy(Action="*", Principal={"AWS": ACCOUNT}))}
    who = {"type": "IAMUser", "userName": "alice", "accountId": ACCOUNT}
    old = event("kms", "PutKeyPolicy", request, recipientAccountId=None, userIdentity=who)
    assert decide("resource-policy-foreign", old) is None


def test_what_aws_does_by_itself_is_no_attack_but_a_name_is_not_enough() -> None:
    admin = {"roleName": "x", "policyDocument": json.dumps(policy(Action="*"))}
    name = "AWSServiceRoleForSSO"
    for path, found in (("/aws-service-role/sso.amazonaws.com/", False), ("/", True)):
        who = role_session(name, "x", path=path, invokedBy="sso.amazonaws.com")
        call = event("iam", "PutRolePolicy", admin, userIdentity=who)
        assert (decide("iam-admin-inline", call) is not None) is found
        assert (decide("iam-role-forbidden", call) is not None) is found


def test_settings_are_strict() -> None:
    assert parse_settings(Known, '{"burst_from": 3}').burst_from == 3
    for wrong in ('{"burst": 3}', '{"burst_from": 0}', '{"large_from": "big"}'):
        with pytest.raises(SettingsError):
            parse_settings(Known, wrong)
    with pytest.raises(ValueError, match="twelve digits"):
        Known(trusted_accounts=("1",))


def test_unknown_detections_are_a_mistake() -> None:
    with pytest.raises(KeyError):
        decision("root-login")


NOISE: list[Any] = [None, "", "x", 0, 1.5, True, [], {}, [None], [{}], {"items": [5]}, {"a": {}}]


@pytest.mark.parametrize("id_", sorted(decisions()))
def test_nothing_raises_on_odd_input(id_: str) -> None:
    """Every sample, with any part of it replaced by something else."""
    rng = random.Random(id_)
    for sample in load_catalogue()[id_].samples.match:
        for _ in range(150):
            odd = copy.deepcopy(sample.event)
            node: Any = odd["detail"]
            while True:
                keys = list(node) if isinstance(node, dict) else list(range(len(node)))
                if not keys:
                    break
                key = rng.choice(keys)
                if not isinstance(node[key], dict | list) or rng.random() < 0.4:
                    node[key] = rng.choice(NOISE)
                    break
                node = node[key]
            decide(id_, read_event(odd))
    assert decide(id_, read_event(None)) is None or id_ in (
        "bucket-created",
        "federation-token",
        "password-data",
        *(entry.id for entry in load_catalogue().values() if entry.count),
    )
