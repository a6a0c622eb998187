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
from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.s3.buckets import Buckets
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
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
        yield from _use(call, s3, "kms:Decrypt", str(found["SSEKMSKeyId"]))


@gap.needs("s3", "PutObject", besides=True)
def _encrypts(call: Call) -> Iterator[Need]:
    p = call.parameters
    s3 = _owners(call)
    key = p.get("SSEKMSKeyId")
    if not p.get("ServerSideEncryption"):
        key = default_encryption(s3, p["Bucket"]).get("KMSMasterKeyID")
    if key:
        yield from _use(call, s3, "kms:GenerateDataKey", str(key))


def _owners(call: Call) -> Any:
    return call.client("s3", call.kept(Buckets).owners.get(call.parameters["Bucket"]))


def _use(call: Call, s3: Any, action: str, key: str) -> Iterator[Need]:
    """What the caller's own policies must allow, unless the key's policy names the caller."""
    if key.removeprefix("alias/").startswith("aws/") or ":alias/aws/" in key:
        return  # a key of AWS's own admits everybody in its account who may use S3
    place = key.split(":") if key.startswith("arn:") else ["", "", "", call.region, call.account]
    kms = call.client("kms", place[4], place[3])
    try:
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        policy = kms.get_key_policy(KeyId=metadata["KeyId"], PolicyName="default")["Policy"]
    except ClientError:
        return  # no such key: the emulator took it
    need = Need(action, str(metadata["Arn"]), _context(call, s3, str(metadata["Arn"])))
    identity = call.identity
    caller = Principal.aws(
        *filter(None, (identity.arn, identity.issuer_arn)), account=identity.account
    )
    try:
        decision = evaluate(
            policy, principal=caller, action=action, resource=need.resource, context=need.context
        )
    except PolicyError:
        return
    if decision.allowed and not decision.delegated and place[4] == call.account:
        return
    if not decision.allowed:
        raise RefusalError(
            "AccessDenied",
            f"User: {identity.arn} is not authorized to perform: {action} on resource: "
            f"{need.resource} because no resource-based policy allows the {action} action",
            403,
        )
    yield need


def _context(call: Call, s3: Any, key: str) -> dict[str, str | list[str]]:
    bucket, name = call.parameters["Bucket"], call.parameters["Key"]
    arn = f"arn:{call.partition}:s3:::{bucket}"
    default = default_encryption(s3, bucket)
    encryption = {"aws:s3:arn": f"{arn}/{name}"}
    if default.get("BucketKeyEnabled"):
        encryption = {"aws:s3:arn": arn}
    elif "/CloudTrail/" in name:
        for trail in call.of(CloudTrail).trails():
            if trail.settings.get("S3BucketName") == bucket:
                encryption["aws:cloudtrail:arn"] = trail.arn
    return {
        **{f"kms:EncryptionContext:{k}": value for k, value in encryption.items()},
        "kms:EncryptionContextKeys": sorted(encryption),
        "kms:CallerAccount": call.account,
        "kms:ViaService": f"s3.{key.split(':')[3]}.amazonaws.com",
    }
