"""Objects under a KMS key: what a caller must be allowed besides S3's own actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from localaws.cloudtrail.keeper import CloudTrail
from localaws.wire import gap
from localaws.wire.errors import RefusalError
from localaws.wire.gap import Need
from localaws.wire.identity import Identity
from localaws.wire.parts import Parts
from tests.unit.localaws.calls import REGION, call, parts

pytestmark = pytest.mark.unit

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
BUCKET = "arn:aws:s3:::the-logs"
READER = Identity(
    type="AssumedRole",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/s",
    issuer_arn=ROLE,
    issuer_name="reader",
)
LOG = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/f.json.gz"
DIGEST = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/f.json.gz"


@cache
def client(service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


@pytest.fixture
def shared() -> Iterator[Parts]:
    with mock_aws():
        made = parts(lambda service, account, region: client(service))
        trails = CloudTrail(lambda: datetime.now(UTC))
        trails.handle("CreateTrail", ACCOUNT, REGION, {"Name": "audit", "S3BucketName": "the-logs"})
        made.add(trails)
        client("s3").create_bucket(Bucket="the-logs")
        yield made


def key(*principals: str) -> str:
    """A key whose policy names these principals, and nobody else."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def encrypt(arn: str, bucket_key: bool = False) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    client("s3").put_bucket_encryption(
        Bucket="the-logs",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
            ]
        },
    )


def needs(shared: Parts, operation: str, **p: Any) -> list[Need]:
    made = call(shared, "s3", operation, {"Bucket": "the-logs", "Key": "a", **p}, account=ACCOUNT)
    made.identity = READER
    needing = gap.needs_of(made)
    assert needing is not None
    assert needing.besides
    return list(needing.needs(made))


def context(need: Need) -> dict[str, Any]:
    """The encryption context."""
    place = "kms:EncryptionContext:"
    found = {k.removeprefix(place): v for k, v in need.context.items() if k.startswith(place)}
    assert need.context["kms:EncryptionContextKeys"] == sorted(found)
    return found


ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def test_without_a_key_nothing_more(shared: Parts) -> None:
    client("s3").put_object(Bucket="the-logs", Key="a", Body=b"")
    assert needs(shared, "GetObject") == []
    assert needs(shared, "PutObject") == []
    assert needs(shared, "GetObject", Key="none") == []


def test_a_key_of_the_account_asks_the_caller_s_policies(shared: Parts) -> None:
    arn = key(ROOT)
    encrypt(arn)
    [writes] = needs(shared, "PutObject")
    assert (writes.action, writes.resource) == ("kms:GenerateDataKey", arn)
    assert context(writes) == {"aws:s3:arn": f"{BUCKET}/a"}
    assert writes.context["kms:ViaService"] == f"s3.{REGION}.amazonaws.com"
    client("s3").put_object(
        Bucket="the-logs", Key="a", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )
    [reads] = needs(shared, "GetObject")
    assert (reads.action, context(reads)) == ("kms:Decrypt", {"aws:s3:arn": f"{BUCKET}/a"})


def test_a_key_that_names_the_caller_is_enough(shared: Parts) -> None:
    encrypt(key(ROLE, ROOT))
    assert needs(shared, "PutObject") == []


def test_a_key_that_does_not_admit_the_caller(shared: Parts) -> None:
    encrypt(key(f"arn:aws:iam::{ACCOUNT}:role/other"))
    with pytest.raises(RefusalError) as caught:
        needs(shared, "PutObject")
    assert (caught.value.code, caught.value.status) == ("AccessDenied", 403)
    assert "kms:GenerateDataKey" in caught.value.message


def test_an_aws_managed_key_admits_the_account(shared: Parts) -> None:
    encrypt("alias/aws/s3")
    assert needs(shared, "PutObject") == []


@pytest.mark.parametrize(
    ("bucket_key", "name", "expected"),
    [
        (True, LOG, {"aws:s3:arn": BUCKET}),
        (True, "a", {"aws:s3:arn": BUCKET}),
        (False, DIGEST, {"aws:s3:arn": f"{BUCKET}/{DIGEST}"}),
        (
            False,
            LOG,
            {
                "aws:s3:arn": f"{BUCKET}/{LOG}",
                "aws:cloudtrail:arn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit",
            },
        ),
    ],
)
def test_the_encryption_context(
    shared: Parts, bucket_key: bool, name: str, expected: dict[str, str]
) -> None:
    arn = key(ROOT)
    encrypt(arn, bucket_key)
    client("s3").put_object(
        Bucket="the-logs", Key=name, Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )
    [need] = needs(shared, "GetObject", Key=name)
    assert context(need) == expected
