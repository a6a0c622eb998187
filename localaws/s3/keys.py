"""Objects under a KMS key: who reads or writes them uses the key, too.

S3 asks KMS in the caller's name, with the object's ARN in the encryption context or, where the
bucket has an S3 Bucket Key, the bucket's ARN; of CloudTrail's log files the trail's ARN beside it.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from localaws.cloudtrail.keeper import CloudTrail
from localaws.kms.callers import key_needs
from localaws.s3.buckets import Buckets
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need
from localaws.wire.parts import Json


def default_encryption(s3: Any, bucket: str) -> Json:
    """The bucket's rule: SSEAlgorithm, KMSMasterKeyID and BucketKeyEnabled; empty without one."""
    try:
        answer = s3.get_bucket_encryption(Bucket=bucket)
    except ClientError:
        return {}
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"][:1] or [{}]
    default = rule.get("ApplyServerSideEncryptionByDefault") or {}
    return {**default, "BucketKeyEnabled": bool(rule.get("BucketKeyEnabled"))}


@gap.needs("s3", "GetObject", besides=True)
def _decrypts(call: Call) -> Iterator[Need]:
    p = call.parameters
    s3 = _owners(call)
    try:
        which = {"VersionId": p["VersionId"]} if p.get("VersionId") else {}
        found = s3.head_object(Bucket=p["Bucket"], Key=p["Key"], **which)
    except ClientError:
        return  # no such object: the emulator says so
    if found.get("SSEKMSKeyId"):
        yield from key_needs(call, ("kms:Decrypt",), str(found["SSEKMSKeyId"]), _context(call, s3))


@gap.needs("s3", "PutObject", besides=True)
def _encrypts(call: Call) -> Iterator[Need]:
    p = call.parameters
    s3 = _owners(call)
    key = p.get("SSEKMSKeyId")
    if not p.get("ServerSideEncryption"):
        key = default_encryption(s3, p["Bucket"]).get("KMSMasterKeyID")
    if key:
        yield from key_needs(call, ("kms:GenerateDataKey",), str(key), _context(call, s3))


def _owners(call: Call) -> Any:
    return call.client("s3", call.kept(Buckets).owners.get(call.parameters["Bucket"]))


def _context(call: Call, s3: Any) -> dict[str, str]:
    bucket, name = call.parameters["Bucket"], call.parameters["Key"]
    arn = f"arn:{call.partition}:s3:::{bucket}"
    if default_encryption(s3, bucket).get("BucketKeyEnabled"):
        return {"aws:s3:arn": arn}
    context = {"aws:s3:arn": f"{arn}/{name}"}
    if "/CloudTrail/" in name:
        for trail in call.of(CloudTrail).trails():
            if trail.settings.get("S3BucketName") == bucket:
                context["aws:cloudtrail:arn"] = trail.arn
    return context
