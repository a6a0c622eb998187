"""bucket-baseline: what a bucket lacks is set, what it has stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import boto3
import botocore.client as botocore_client
import pytest
from reactor.event import read_event
from reactor.reaction import Reaction
from reactor.reactions import bucket_baseline as baseline

from tests.unit.reactor.world import Context, envelope, log_lines, record

pytestmark = pytest.mark.unit

BaseClient: Any = botocore_client.BaseClient
React = Callable[..., Reaction[baseline.Settings]]
Sent = Callable[[], list[tuple[str, str]]]
Writes = list[tuple[str, dict[str, Any]]]
NAME, ARN = "data-1", "arn:aws:s3:::data-1"
WHOLE = {"log_bucket": "logs-1", "tags": ["team=unknown", "kept=new"]}


@pytest.fixture
def s3(aws: None) -> Any:
    client = boto3.client("s3")
    for name in (NAME, "logs-1"):
        client.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    grant = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs-1/*",
    }
    client.put_bucket_policy(Bucket="logs-1", Policy=json.dumps({"Statement": [grant]}))
    return client


def call(event_name: str = "CreateBucket", name: str = NAME, **changes: Any) -> dict[str, Any]:
    detail = record(
        **{
            "eventSource": "s3.amazonaws.com",
            "eventName": event_name,
            "requestParameters": {"bucketName": name},
            **changes,
        }
    )
    return envelope(detail)


def undo_all(out: str, s3: Any) -> None:
    for audit in [x["action"] for x in log_lines(out) if "undo" in x.get("action", {})]:
        getattr(s3, audit["undo"]["operation"])(**audit["undo"]["parameters"])


def test_a_bare_bucket_gets_everything_and_then_nothing(
    s3: Any, react: React, writes: Writes, sent: Sent
) -> None:
    handler = react(baseline, **WHOLE)
    s3.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [{"Key": "kept", "Value": "old"}]})
    answer = handler(call(), Context())
    assert answer["failed"] == 0
    done = [name for name, _ in writes]
    assert "PutPublicAccessBlock" in done
    block = s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Enabled"
    rules = s3.get_bucket_ownership_controls(Bucket=NAME)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    policy = json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == [baseline.SID]
    tags = {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=NAME)["TagSet"]}
    assert tags == {"kept": "old", "team": "unknown"}
    logging = [p for n, p in writes if n == "PutBucketLogging"]
    assert logging[0]["BucketLoggingStatus"]["LoggingEnabled"] == {
        "TargetBucket": "logs-1",
        "TargetPrefix": "s3/data-1/",
    }
    ((_, text),) = sent()
    assert text.startswith("alice (IAM user) made the bucket data-1 in eu-west-1")


def test_a_bucket_that_lacks_nothing_is_left_alone(
    s3: Any, react: React, writes: Writes, sent: Sent
) -> None:
    handler = react(baseline)
    handler(call(), Context())
    writes.clear()
    for n, name in enumerate(("CreateBucket", "PutBucketPolicy", "PutBucketVersioning")):
        answer = handler(call(name, eventID=f"e-{n}"), Context())
        assert (answer["planned"], answer["alerts"]) == (0, 0)
    assert writes == []
    assert len(sent()) == 1


def test_a_policy_is_merged_and_given_back(
    s3: Any, react: React, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Own",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "s3:GetObject",
                "Resource": f"{ARN}/*",
            }
        ],
    }
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps(own))
    react(baseline)(call("PutBucketPolicy"), Context())
    merged = json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"])
    assert [each["Sid"] for each in merged["Statement"]] == ["Own", baseline.SID]
    undo_all(capsys.readouterr().out, s3)
    assert json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"]) == own
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Suspended"


def test_a_tls_only_policy_of_ones_own_is_enough(s3: Any, react: React, writes: Writes) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:*"],
        "Resource": [ARN, f"{ARN}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Statement": statement}))
    writes.clear()
    react(baseline)(call(), Context())
    assert "PutBucketPolicy" not in [name for name, _ in writes]


def test_protection_that_was_taken_off_comes_back_with_a_loud_alert(
    s3: Any, react: React, sent: Sent
) -> None:
    handler = react(baseline)
    handler(call(), Context())
    s3.delete_public_access_block(Bucket=NAME)
    answer = handler(call("DeleteBucketPublicAccessBlock", eventID="e-2"), Context())
    assert answer["taken"] == 1
    subject, text = sent()[-1]
    assert subject.startswith("[high] bucket data-1 below the baseline")
    assert "called DeleteBucketPublicAccessBlock on the bucket data-1" in text
    assert s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"]


def test_a_stronger_encryption_stays(s3: Any, react: React, writes: Writes) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=NAME, ServerSideEncryptionConfiguration={"Rules": [rule]})
    writes.clear()
    react(baseline)(call(), Context())
    assert "PutBucketEncryption" not in [name for name, _ in writes]
    react(baseline, encryption="aws:kms", kms_key_arn="arn:k")(call(eventID="2"), Context())
    ((_, put),) = [each for each in writes if each[0] == "PutBucketEncryption"]
    (made,) = put["ServerSideEncryptionConfiguration"]["Rules"]
    assert made["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == "arn:k"


def test_what_s3_blocks_stays_blocked(s3: Any, react: React, writes: Writes) -> None:
    """S3 bans SSE-C for new buckets in the encryption's own rule; moto doesn't keep it."""
    banned = {"EncryptionType": ["SSE-C"]}
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": banned,
    }
    original = BaseClient._make_api_call

    def call_s3(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "GetBucketEncryption":
            return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}
        return original(self, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", call_s3):
        react(baseline, encryption="aws:kms")(call(), Context())
    ((_, put),) = [each for each in writes if each[0] == "PutBucketEncryption"]
    (made,) = put["ServerSideEncryptionConfiguration"]["Rules"]
    assert made["BlockedEncryptionTypes"] == banned
    assert made["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}


def test_tags_beside_those_of_aws_are_left_to_people(react: React, aws: None, sent: Sent) -> None:
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "s"}]

    class S3:
        def read(self, _: str, operation: str, *__: object, **___: object) -> Any:
            answers = {"get_bucket_versioning": {"Status": "Enabled"}}
            return {"TagSet": tags} if operation == "get_bucket_tagging" else answers.get(operation)

    off: Any = {"block_public_access": False, "ownership": False, "tls_only": False}
    settings = baseline.Settings(encryption="none", tags=("team=a",), **off)
    (alert,) = baseline.plan(read_event(call()), settings, S3())  # type: ignore[arg-type]
    assert ("Look at", "tags team have to be set by who made its stack") in alert.details  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("request_", "region"),
    [
        ({"CreateBucketConfiguration": {"LocationConstraint": "ap-south-1"}}, "ap-south-1"),
        ({"CreateBucketConfiguration": {"LocationConstraint": "EU"}}, "eu-west-1"),
        ({}, "eu-west-1"),
    ],
)
def test_calls_go_to_the_buckets_region(request_: dict[str, Any], region: str) -> None:
    assert baseline.region_of(read_event(call(requestParameters=request_))) == region


@pytest.mark.parametrize(
    ("event", "settings"),
    [
        (call(name="gone"), {}),
        (call(), {"skip_buckets": ["data-*"]}),
        (call(errorCode="BucketAlreadyExists"), {}),
        (call(requestParameters=None), {}),
    ],
)
def test_nothing_to_set(
    event: dict[str, Any], settings: dict[str, Any], s3: Any, react: React
) -> None:
    assert react(baseline, **settings)(event, Context())["planned"] == 0
