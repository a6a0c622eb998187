"""An attacker opens resources to an account of their own, unseen by detections if they can."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from reactor.detections import Known, decide
from reactor.event import read_event
from reactor.patterns import EventPattern
from reactor.testing import api_call, role_session, user

from trailctl.replay.catalogue import load_catalogue

pytestmark = pytest.mark.unit

OWN, THEIRS = "123456789012", "444455556666"
_RULES = [
    (entry, [EventPattern(each) for each in entry.rules(entry.example_values).values()])
    for entry in load_catalogue().values()
    if entry.severity in ("medium", "high", "critical")
]


def alarms(event: dict[str, Any], known: Known | None = None) -> set[str]:
    """The entries of at least medium severity that find an event; many may be needed for one."""
    read = read_event(event)
    return {
        entry.id
        for entry, patterns in _RULES
        if any(pattern.matches(event) for pattern in patterns)
        and (not entry.decision or decide(entry.id, read, known or Known()) is not None)
    }


def bucket_policy(**statement: Any) -> dict[str, Any]:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    request = {"bucketName": "data", "bucketPolicy": {"Statement": [whole]}}
    return api_call("s3.amazonaws.com", "PutBucketPolicy", request=request)


@pytest.mark.parametrize(
    "condition",
    [
        None,
        # Each looks as if it narrowed the callers down, and does not.
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": ["o-a1b2c3d4e5/*"]}},
        {"StringNotEquals": {"aws:PrincipalAccount": OWN}},
        {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}},
        {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"StringEquals": {"aws:PrincipalTag/team": "data"}},
        {"StringEquals": {"sts:ExternalId": "secret"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_conditions_that_narrow_nothing_hide_nothing(condition: Any) -> None:
    held = {"Condition": condition} if condition else {}
    everybody = alarms(bucket_policy(Principal="*", **held))
    assert "s3-policy-public" in everybody
    mine = alarms(bucket_policy(Principal={"AWS": f"arn:aws:iam::{THEIRS}:root"}, **held))
    assert "resource-policy-foreign" in mine


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": THEIRS},
        {"AWS": [f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{THEIRS}:user/eve"]},
        {"AWS": f"arn:aws-cn:iam::{THEIRS}:root"},
        {"AWS": f"arn:aws:sts::{THEIRS}:assumed-role/x/y"},
        {"AWS": "AIDAJQABLZS4A3QDU576Q"},
        {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
    ],
)
def test_an_account_is_found_however_it_is_written(principal: Any) -> None:
    assert "resource-policy-foreign" in alarms(bucket_policy(Principal=principal))


def test_everybody_but_somebody_is_everybody() -> None:
    assert "s3-policy-public" in alarms(bucket_policy(NotPrincipal={"AWS": OWN}))


@pytest.mark.parametrize("write", [json.dumps, lambda d: quote(json.dumps(d))])
def test_a_policy_is_read_in_each_spelling(write: Any) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": THEIRS}, "Action": "*", "Resource": "*"}
    for document in ({"Statement": statement}, {"Statement": [statement]}):
        request = {"keyId": "k", "policy": write(document)}
        assert "resource-policy-foreign" in alarms(
            api_call("kms.amazonaws.com", "PutKeyPolicy", request=request)
        )


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-grant-read": f'id="{"b" * 64}"'},
        {"x-amz-grant-full-control": ["emailAddress=eve@example.com"]},
    ],
)
def test_a_bucket_is_not_given_away_by_its_headers(headers: dict[str, Any]) -> None:
    request = {"bucketName": "data", **headers}
    assert "resource-policy-foreign" in alarms(
        api_call("s3.amazonaws.com", "CreateBucket", request=request)
    )


def test_a_name_like_one_of_aws_hides_nothing() -> None:
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    for name in (
        "AWSServiceRoleForSSO",
        "AWSReservedSSO_Admin_0123456789abcdef",
        "stacksets-exec-1",
    ):
        for actor in (
            role_session(name, "x"),
            role_session(name, "x", path="/x/aws-service-role/sso.amazonaws.com/"),
            role_session(name, "x", invokedBy="cloudformation.amazonaws.com"),
            user(name, path="/aws-service-role/"),
        ):
            call = api_call(
                "iam.amazonaws.com",
                "AttachRolePolicy",
                actor=actor,
                request={"roleName": name, "policyArn": admin},
            )
            assert {"iam-admin-attached", "iam-role-forbidden"} <= alarms(call), (name, actor)


def test_a_grant_by_a_service_is_its_work_and_one_by_a_person_is_not() -> None:
    request = {"keyId": "k", "granteePrincipal": f"arn:aws:iam::{THEIRS}:role/x"}
    person = api_call("kms.amazonaws.com", "CreateGrant", request=request)
    assert "resource-policy-foreign" in alarms(person)
    by = user("alice", invokedBy="rds.amazonaws.com")
    service = api_call("kms.amazonaws.com", "CreateGrant", request=request, actor=by)
    assert not alarms(service)


def test_trusted_accounts_are_left_alone_and_no_others() -> None:
    event = bucket_policy(Principal={"AWS": [THEIRS, "777788889999"]})
    assert "resource-policy-foreign" in alarms(event, Known(trusted_accounts=(THEIRS,)))
    assert not alarms(event, Known(trusted_accounts=(THEIRS, "777788889999")))


@pytest.mark.parametrize(
    ("source", "name", "request_"),
    [
        ("cloudtrail", "StopLogging", {"name": "t"}),
        ("organizations", "LeaveOrganization", None),
        ("guardduty", "DeleteDetector", {"detectorId": "d"}),
        ("iam", "AttachUserPolicy", {"userName": "eve", "policyArn": "arn:aws:iam::aws:policy/x"}),
    ],
)
def test_an_attempt_that_is_refused_is_seen(source: str, name: str, request_: Any) -> None:
    for error in ("AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation"):
        call = api_call(f"{source}.amazonaws.com", name, request=request_, error=error)
        assert alarms(call) & {"tamper-refused", "privilege-refused"}
