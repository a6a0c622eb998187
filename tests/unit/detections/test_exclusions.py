"""Exclusions: who and what they leave alone, and what nobody can bring about by a name he chose."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from reactor.detections.exclusions import Exclusion, used
from reactor.event import read_event
from reactor.testing import ACCOUNT, api_call, role_session, root, service, user

pytestmark = pytest.mark.unit

OTHER = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def exclusion(until: str = "2999-12-31", **where: Any) -> Exclusion:
    return Exclusion.parse({"where": where, "reason": "a test", "until": until})


def excluded(where: dict[str, Any], name: str = "iam.PutRolePolicy", **what: Any) -> bool:
    source, _, call = name.partition(".")
    event = read_event(api_call(f"{source}.amazonaws.com", call, **what))
    return used(event, [exclusion(**where)]) is not None


CI = role_session("ci", "run-7", path="/pipelines/")
UNTOLD = {**role_session("ci", "run-7"), "sessionContext": {"sessionIssuer": {}}}
# Somebody names a session, or a role of an account of his own, like one that is left alone.
AS_SESSION = role_session("intern", "ci")
ELSEWHERE = role_session("ci", "run-7", path="/pipelines/", account=OTHER)


@pytest.mark.parametrize(
    ("where", "identity", "expected"),
    [
        ({"principals": [f"{ROLE}/pipelines/ci"]}, CI, True),
        ({"principals": [f"{ROLE}/ci"]}, UNTOLD, True),
        ({"principals": ["*:role/*/ci"]}, CI, True),
        ({"principals": [f"{ROLE}/ci"]}, CI, False),
        ({"principals": ["*ci"]}, AS_SESSION, False),
        ({"principals": [f"arn:aws:sts::{ACCOUNT}:assumed-role/intern/ci"]}, AS_SESSION, False),
        # Anybody has a role of that name in an account of his own.
        ({"principals": ["arn:*:iam::*:role/pipelines/ci"]}, ELSEWHERE, False),
        ({"principals": ["*:role/pipelines/ci"]}, ELSEWHERE, False),
        ({"principals": [f"arn:aws:iam::{OTHER}:role/pipelines/ci"]}, ELSEWHERE, True),
        ({"principals": [f"arn:aws:iam::{ACCOUNT}:user/bob"]}, user("bob"), True),
        ({"principals": [f"arn:aws:iam::{ACCOUNT}:root"]}, root(), True),
        ({"principals": [f"arn:aws:iam::{ACCOUNT}:*"]}, service("ec2.amazonaws.com"), False),
        ({"role_paths": ["/pipelines/"]}, CI, True),
        ({"role_paths": ["/pipelines/"]}, ELSEWHERE, False),
        ({"role_paths": ["/pipelines/"]}, UNTOLD, False),
        ({"role_paths": ["/pipelines/"]}, user("bob", path="/pipelines/"), False),
        ({"accounts": [ACCOUNT]}, ELSEWHERE, True),
        ({"accounts": [OTHER]}, ELSEWHERE, False),
        # All that is given must hold.
        ({"role_paths": ["/pipelines/"], "accounts": [OTHER]}, CI, False),
        ({"role_paths": ["/pipelines/"], "accounts": [OTHER, ACCOUNT]}, CI, True),
    ],
)
def test_callers(where: dict[str, Any], identity: dict[str, Any], expected: bool) -> None:
    assert excluded(where, actor=identity) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("198.51.100.7", True),
        ("198.51.101.7", False),
        ("::ffff:198.51.100.7", True),
        ("::FFFF:c633:6407", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("AWS Internal", False),
        ("AWS Internal/7", False),
        ("cloudformation.amazonaws.com", False),
        ("198.51.100.7, 203.0.113.9", False),  # a forwarded one is what the caller wrote
        ("198.51.100.7:443", False),
        ("198.051.100.7", False),
        ("2001:db8::1%eth0", False),
        ("", False),
    ],
)
def test_addresses(address: str, expected: bool) -> None:
    where = {"source_ip_ranges": ["198.51.100.0/24", "2001:db8::/32"]}
    assert excluded(where, sourceIPAddress=address) is expected


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"vpcEndpointId": "vpce-1", "vpcEndpointAccountId": ACCOUNT}, True),
        # Whoever owns a VPC gives it the addresses that he likes.
        ({"vpcEndpointId": "vpce-1", "vpcEndpointAccountId": OTHER}, False),
        ({"vpcEndpointId": "vpce-1"}, False),
    ],
)
def test_addresses_behind_an_endpoint(endpoint: dict[str, str], expected: bool) -> None:
    where = {"source_ip_ranges": ["10.0.0.0/8"]}
    assert excluded(where, sourceIPAddress="10.1.2.3", **endpoint) is expected


EU = f"arn:aws:%s:eu-west-1:{ACCOUNT}:"


@pytest.mark.parametrize(
    ("pattern", "name", "request_", "expected"),
    [
        (f"{ROLE}/app", "iam.PutRolePolicy", {"roleName": "app", "policyName": "all"}, True),
        (f"{ROLE}/apps/app", "iam.PutRolePolicy", {"roleName": "app", "policyName": "x"}, True),
        (f"{ROLE}/apps/*", "iam.PutRolePolicy", {"roleName": "app"}, False),  # whose path is it?
        (f"arn:aws:iam::{ACCOUNT}:user/app", "iam.PutRolePolicy", {"roleName": "app"}, False),
        (f"arn:aws:iam::{OTHER}:role/app", "iam.PutRolePolicy", {"roleName": "app"}, False),
        ("arn:aws:s3:::app", "iam.PutRolePolicy", {"roleName": "app"}, False),
        (f"arn:aws:iam::{ACCOUNT}:user/b*", "iam.CreateAccessKey", {"userName": "bob"}, True),
        ("arn:aws:s3:::site-*", "s3.PutBucketPolicy", {"bucketName": "site-a", "x": 1}, True),
        ("arn:aws:s3:::site-*", "s3.DeleteBucket", {"bucketName": "other"}, False),
        (EU % "lambda" + "function:app", "lambda.UpdateFunctionCode20150331v2",
         {"functionName": "app"}, True),
        (EU % "lambda" + "function:app", "lambda.UpdateFunctionCode20150331v2",
         {"functionName": EU % "lambda" + "function:app"}, True),
        (EU % "logs" + "log-group:/aws/lambda/*", "logs.DeleteLogGroup",
         {"logGroupName": "/aws/lambda/app"}, True),
        (EU % "rds" + "db:shop", "rds.ModifyDBInstance",
         {"dBInstanceIdentifier": "shop", "dBParameterGroupName": "x"}, True),
        (EU % "ec2" + "security-group/sg-1", "ec2.AuthorizeSecurityGroupIngress",
         {"groupId": "sg-1", "ipPermissions": {"items": [{"fromPort": 22}]}}, True),
        (EU % "cloudtrail" + "trail/org", "cloudtrail.StopLogging", {"name": "org"}, True),
        (EU % "sqs" + "jobs", "sqs.PurgeQueue",
         {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs"}, True),
        # Another Region's.
        (f"arn:aws:rds:eu-west-2:{ACCOUNT}:db:shop", "rds.DeleteDBInstance",
         {"dBInstanceIdentifier": "shop"}, False),
        # A name that the caller chose for what he makes.
        ("arn:aws:s3:::site-*", "s3.CreateBucket", {"bucketName": "site-mine"}, False),
        (f"{ROLE}/app*", "iam.CreateRole", {"roleName": "app-mine"}, False),
        (EU % "events" + "rule/app*", "events.PutRule", {"name": "app-mine"}, False),
        (EU % "ec2" + "key-pair/app*", "ec2.ImportKeyPair", {"keyName": "app-mine"}, False),
        (EU % "rds" + "db:shop*", "rds.RestoreDBInstanceFromDBSnapshot",
         {"dBInstanceIdentifier": "shop-copy", "dBSnapshotIdentifier": "s"}, False),
        # One that is left alone beside one that is not.
        (EU % "cloudwatch" + "alarm:a", "ec2.StopInstances",
         {"instancesSet": {"items": [{"instanceId": "a"}, {"instanceId": "i-2"}]}}, False),
        (EU % "ec2" + "instance/i-1", "ec2.StopInstances",
         {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}, False),
        (EU % "ec2" + "instance/i-?", "ec2.StopInstances",
         {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}, True),
        # What it is about is not known.
        (EU % "ec2" + "subnet/*", "ec2.RunInstances", {"subnetId": "subnet-1"}, False),
        ("arn:aws:s3:::*a", "iam.UpdateAccountPasswordPolicy", {}, False),
    ],
)  # fmt: skip
def test_resources(pattern: str, name: str, request_: dict[str, Any], expected: bool) -> None:
    assert excluded({"resources": [pattern]}, name, request=request_) is expected


def test_every_resource_that_the_record_lists_must_be_meant() -> None:
    def named(*keys: str) -> bool:
        listed = [{"ARN": EU % "kms" + f"key/{key}", "type": "AWS::KMS::Key"} for key in keys]
        where = {"resources": [EU % "kms" + "key/a"]}
        return excluded(where, "kms.DisableKey", request={"keyId": "a"}, resources=listed)

    assert named("a")
    assert not named("a", "b")
    assert not named("b")


def test_what_the_caller_writes_himself_does_not_count() -> None:
    """The names of sessions, user agents and tags of a request are nowhere looked at."""
    identity = role_session("intern", "ci", path="/")
    identity["arn"] = f"arn:aws:sts::{ACCOUNT}:assumed-role/intern/{ROLE}"
    request = {"tags": [{"key": "role", "value": f"{ROLE}/ci"}], "userName": "bob"}
    wheres: list[dict[str, Any]] = [
        {"principals": [f"*{ROLE}/ci"]},
        {"role_paths": ["/ci/"]},
        {"resources": [f"{ROLE}/ci"]},
    ]
    for where in wheres:
        call = api_call(
            "iam.amazonaws.com", "TagUser", actor=identity, request=request,
            userAgent=f"{ROLE}/ci",
        )  # fmt: skip
        assert used(read_event(call), [exclusion(**where)]) is None


def test_the_last_day_is_that_of_the_event() -> None:
    where = {"accounts": [ACCOUNT]}
    ended, later = exclusion("2026-05-01", **where), exclusion("2026-05-02", **where)

    def one(time: str) -> Exclusion | None:
        call = api_call("iam.amazonaws.com", "DeleteUser", time=time)
        return used(read_event(call), [ended, later])

    assert one("2026-05-01T23:59:59Z") is ended
    assert one("2026-05-02T00:00:00Z") is later
    assert one("2026-05-03T00:00:00Z") is None
    assert one("no time") is None
    assert (ended.until, ended.reason) == (date(2026, 5, 1), "a test")


WHOLE: dict[str, Any] = {"where": {"accounts": [ACCOUNT]}, "reason": "x", "until": "2026-12-31"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "where, reason and until"),
        ({**WHOLE, "principals": ["x"]}, "nothing else"),
        ({**WHOLE, "where": {}}, "some of principals"),
        ({**WHOLE, "where": {"acounts": [ACCOUNT]}}, "some of principals"),
        ({**WHOLE, "where": {"accounts": ACCOUNT}}, "list of texts"),
        ({**WHOLE, "where": {"accounts": []}}, "leave it out"),
        ({**WHOLE, "where": {"source_ip_ranges": ["10.0.0.1/8"]}}, "has host bits set"),
        ({**WHOLE, "reason": " "}, "say why"),
        ({**WHOLE, "until": "20261231"}, "last day"),
        ({**WHOLE, "until": "2026-02-30"}, "last day"),
        ({**WHOLE, "until": None}, "last day"),
    ],
)
def test_a_misread_exclusion_is_refused(given: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Exclusion.parse(given)
