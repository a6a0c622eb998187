"""Somebody whose bucket only looks as if it were above the baseline."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reactor.actions import Action, Alert
from reactor.reactions import bucket_baseline as baseline
from reactor.testing import AwsDouble, Refusal, api_call, decide, role_session

from tests.unit.reactor.world import ACCOUNT

pytestmark = pytest.mark.unit

NAME, ARN = "data-1", "arn:aws:s3:::data-1"
OTHER = "210987654321"
BOTH = [ARN, f"{ARN}/*"]
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
DENY: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": BOTH,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def metadata(arn: str = KEY, state: str = "Enabled") -> dict[str, Any]:
    account = arn.split(":")[4]
    return {"KeyMetadata": {"Arn": arn, "AWSAccountId": account, "KeyState": state}}


def bucket(
    *statements: dict[str, Any], key: str | None = None, algorithm: str = "aws:kms", **more: Any
) -> AwsDouble:
    """A bucket that lacks nothing, but for what the test says."""
    default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    rule = {"ApplyServerSideEncryptionByDefault": default}
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements) or [DENY]})
    flags = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return AwsDouble(
        {
            "s3.get_bucket_tagging": {"TagSet": []},
            "s3.get_bucket_versioning": {"Status": "Enabled"},
            "s3.get_public_access_block": {
                "PublicAccessBlockConfiguration": dict.fromkeys(flags, True)
            },
            "s3.get_bucket_ownership_controls": {
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
            },
            "s3.get_bucket_policy": {"Policy": policy},
            "s3.get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [rule]}},
            "kms.describe_key": metadata(),
            **more,
        }
    )


def call(event_name: str = "PutBucketPolicy", **more: Any) -> dict[str, Any]:
    fields = {"request": {"bucketName": NAME}, **more}
    return api_call("s3.amazonaws.com", event_name, **fields)


def set_by(aws: AwsDouble, event: dict[str, Any] | None = None, **settings: Any) -> list[str]:
    steps = decide(baseline.handler, event or call(), aws=aws, settings=settings)
    return [step.operation for step in steps if isinstance(step, Action)]


# ---- TLS only


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Principal": {"AWS": ["*"]}},
        {"Principal": {"AWS": ["*", f"arn:aws:iam::{ACCOUNT}:root"]}},
        {"Action": ["s3:GetObject", "*"]},
        {"Action": "S3:**"},
        {"Resource": "*"},
        {"Resource": f"{ARN}*"},
        {"Resource": ["arn:*:s3:::data-?", "arn:aws:s3:::*/*"]},
        {"Condition": {"BoolIfExists": {"AWS:securetransport": [False]}}},
        {"Condition": {"bool": {"aws:SecureTransport": ["true", "false"]}}},
        {"Condition": {}},
    ],
)
def test_a_statement_that_denies_plain_http_is_enough(change: dict[str, Any]) -> None:
    assert set_by(bucket({**DENY, **change})) == []


def test_two_statements_that_deny_it_together_are_enough() -> None:
    assert set_by(bucket({**DENY, "Resource": ARN}, {**DENY, "Resource": f"{ARN}/*"})) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": None, "NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
        {"NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}},
        {"Principal": {"Service": "*"}},
        {"Action": "s3:GetObject"},
        {"Action": "s3:?"},
        {"Action": ["s3:Get*", "s3:Put*"]},
        {"Action": None, "NotAction": "s3:ListBucket"},
        {"Resource": f"{ARN}/*"},
        {"Resource": ARN},
        {"Resource": [ARN, f"{ARN}/public/*"]},
        {"Resource": [ARN, f"{ARN}/*.txt"]},
        {"Resource": [ARN, "arn:aws:s3:::data-2/*"]},
        {"Resource": None, "NotResource": f"{ARN}/secret/*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "never"}}},
        {"Condition": {"Bool": {"aws:ViaAWSService": "false"}}},
        {"Condition": {"Null": {"aws:SecureTransport": "true"}}},
        {"Condition": {"StringNotEquals": {"aws:SecureTransport": "false"}}},
        {"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        {"Condition": {"Bool": {}}},
        {
            "Condition": {
                "Bool": {"aws:SecureTransport": "false"},
                "StringEquals": {"aws:PrincipalTag/never": "there"},
            }
        },
        {
            "Condition": {
                "Bool": {"aws:SecureTransport": "false", "aws:MultiFactorAuthPresent": "false"}
            }
        },
        {
            "Condition": {
                "Bool": {"aws:SecureTransport": "false"},
                "DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
            }
        },
    ],
)
def test_a_deny_that_lets_somebody_through_is_not(change: dict[str, Any]) -> None:
    statement = {k: v for k, v in {**DENY, **change}.items() if v is not None}
    assert set_by(bucket(statement)) == ["put_bucket_policy"]


def test_a_statement_of_our_name_that_allows_is_replaced() -> None:
    theirs = {**DENY, "Sid": baseline.SID, "Effect": "Allow"}
    (put, _) = decide(baseline.handler, call(), aws=bucket(theirs))
    assert isinstance(put, Action)
    (made,) = json.loads(put.parameters["Policy"])["Statement"]
    assert made["Effect"] == "Deny"


# ---- the default key


@pytest.mark.parametrize(
    ("key", "answer", "told"),
    [
        (f"arn:aws:kms:eu-west-1:{OTHER}:key/1", None, f"of the account {OTHER}"),
        (f"arn:aws:kms:eu-west-1:{OTHER}:alias/aws/s3", None, f"of the account {OTHER}"),
        (KEY, metadata(state="Disabled"), "is Disabled"),
        (KEY, metadata(state="PendingDeletion"), "is PendingDeletion"),
        (KEY, Refusal("NotFoundException"), "is not there"),
        ("alias/app", Refusal("NotFoundException"), "is not there"),
        ("alias/app", metadata(f"arn:aws:kms:eu-west-1:{OTHER}:key/1"), "is not there"),
    ],
)
def test_a_key_that_protects_nothing_is_replaced(key: str, answer: Any, told: str) -> None:
    aws = bucket(key=key, **({"kms.describe_key": answer} if answer else {}))
    (put, alert) = decide(baseline.handler, call("PutBucketEncryption"), aws=aws)
    assert isinstance(put, Action)
    assert isinstance(alert, Alert)
    assert (put.operation, alert.severity) == ("put_bucket_encryption", "high")
    assert told in dict(alert.details)["Look at"]


@pytest.mark.parametrize(
    ("key", "more", "settings"),
    [
        (KEY, {}, {}),
        ("alias/app", {}, {}),
        ("1", {}, {}),
        (None, {}, {}),
        (KEY, {"kms.describe_key": Refusal("AccessDeniedException")}, {}),
        (f"arn:aws:kms:eu-west-1:{OTHER}:key/1", {}, {"key_accounts": [OTHER]}),
        ("alias/app", {}, {"encryption": "aws:kms", "kms_key_arn": KEY}),
    ],
)
def test_a_key_of_the_account_stays(key: str | None, more: Any, settings: Any) -> None:
    assert set_by(bucket(key=key, **more), **settings) == []


# ---- two baselines

ROLE = f"arn:aws:iam::{ACCOUNT}:role/other-eu-west-1"
OURS = {"encryption": "aws:kms", "kms_key_arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/2"}


def by_function(**more: str) -> dict[str, Any]:
    return {
        "lambda.get_function_configuration": {
            "Handler": "reactor.reactions.bucket_baseline.handler",
            "Role": ROLE,
            **more,
        }
    }


def put_by_the_other() -> dict[str, Any]:
    return call("PutBucketEncryption", actor=role_session("other-eu-west-1", "other"))


def test_two_baselines_do_not_take_back_what_the_other_did() -> None:
    aws = bucket(key=KEY, **by_function())
    (alert,) = decide(baseline.handler, put_by_the_other(), aws=aws, settings=OURS)
    assert isinstance(alert, Alert)
    told = dict(alert.details)["Look at"]
    assert (alert.severity, "other, another reaction" in told) == ("high", True)
    assert KEY in told
    assert OURS["kms_key_arn"] in told


@pytest.mark.parametrize(
    "more",
    [
        by_function(Handler="index.handler"),
        by_function(Role=f"arn:aws:iam::{ACCOUNT}:role/somebody"),
        {"lambda.get_function_configuration": Refusal("ResourceNotFoundException")},
    ],
)
def test_nobody_else_passes_as_a_baseline(more: Any) -> None:
    assert set_by(bucket(key=KEY, **more), put_by_the_other(), **OURS) == ["put_bucket_encryption"]


def test_not_even_a_baseline_sets_a_foreign_key() -> None:
    aws = bucket(key=f"arn:aws:kms:eu-west-1:{OTHER}:key/1", **by_function())
    assert set_by(aws, put_by_the_other(), **OURS) == ["put_bucket_encryption"]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")],
)
def test_a_statement_names_the_bucket_in_its_own_partition(region: str, partition: str) -> None:
    event = call(awsRegion=region)
    aws = bucket({**DENY, "Effect": "Allow"}, algorithm="AES256")
    (put, _) = decide(baseline.handler, event, aws=aws)
    assert isinstance(put, Action)
    (statement,) = json.loads(put.parameters["Policy"])["Statement"][1:]
    arn = f"arn:{partition}:s3:::{NAME}"
    assert statement["Resource"] == [arn, f"{arn}/*"]


# ---- whose bucket it is


def test_every_call_names_the_account_that_the_bucket_must_be_of() -> None:
    aws = bucket({**DENY, "Effect": "Allow"}, algorithm="none")
    steps = decide(baseline.handler, call(), aws=aws)
    made = [(step.operation, step.parameters) for step in steps if isinstance(step, Action)]
    undone = [(s.operation, s.undo.parameters) for s in steps if isinstance(s, Action) and s.undo]
    read = [(each.operation, each.parameters) for each in aws.calls if each.service == "s3"]
    assert len(made) == len(undone) == 2
    for operation, parameters in (*read, *made, *undone):
        assert parameters["ExpectedBucketOwner"] == ACCOUNT, operation


def test_a_bucket_is_found_where_cloudtrail_left_the_request_out() -> None:
    resources = [
        {"type": "AWS::S3::Object", "ARNPrefix": f"{ARN}/"},
        {"type": "AWS::S3::Bucket", "ARN": ARN, "accountId": ACCOUNT},
    ]
    event = call(request={"omitted": True}, resources=resources)
    assert set_by(bucket({**DENY, "Effect": "Allow"}), event) == ["put_bucket_policy"]


def test_tags_that_the_maker_of_a_bucket_set_exempt_nothing() -> None:
    tags = {"TagSet": [{"Key": "ok", "Value": "yes"}, {"Key": "aws:x", "Value": "y"}]}
    for event_name, kept in (("CreateBucket", {"aws:x"}), ("PutBucketPolicy", {"ok", "aws:x"})):
        aws = bucket({**DENY, "Effect": "Allow"})
        aws.answers["s3.get_bucket_tagging"] = tags
        put = decide(baseline.handler, call(event_name), aws=aws)[0]
        assert isinstance(put, Action)
        assert set(put.tags[ARN]) == kept
