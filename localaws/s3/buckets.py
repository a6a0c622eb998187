"""Buckets: whose they are, who pays, MFA delete, and what it excludes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam import authorize
from localaws.wire.call import (
    After,
    Answer,
    Check,
    Incoming,
    Json,
    Key,
    answered_on_a_thread,
    blocking,
    need,
    succeeded,
)
from localaws.wire.codec import RefusedError
from localaws.wire.http import Response

# The device's serial number (or ARN) and its code.
_MFA = re.compile(r"\S+ \d{6}")


def _made(call: Incoming, _: Response) -> None:
    call.front.kept.bucket_owners[str(call.parameters["Bucket"])] = call.account


def _gone(call: Incoming, _: Response) -> None:
    call.front.kept.forget_bucket(str(call.parameters["Bucket"]))


def _has_token(call: Incoming) -> bool:
    """The root user, with the serial number and code of a device.

    The local AWS has no devices: it takes any code of the right form.
    """
    if call.identity.type != "Root":
        return False
    return bool(_MFA.fullmatch(call.operation.request.fields.get("x-amz-mfa", "").strip()))


def _protected(call: Incoming) -> bool:
    bucket = str(call.parameters.get("Bucket", ""))
    return call.front.kept.mfa_delete.get(bucket) == "Enabled"


@blocking
def _versioning(call: Incoming) -> None:
    bucket = str(call.parameters.get("Bucket", ""))
    wanted = call.parameters.get("VersioningConfiguration") or {}
    mfa_delete, status = wanted.get("MFADelete"), wanted.get("Status")
    need(
        status in ("Enabled", "Suspended"),
        "IllegalVersioningConfigurationException",
        "The Versioning element must be specified",
    )
    need(
        mfa_delete in (None, "Enabled", "Disabled"),
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    s3 = call.client("s3", call.front.kept.bucket_owners.get(bucket))
    try:
        current = s3.get_bucket_versioning(Bucket=bucket).get("Status")
    except ClientError:
        return  # no such bucket: the emulator says so
    switches = mfa_delete is not None
    changes = _protected(call) and current != status
    need(
        not (switches or changes) or _has_token(call),
        "AccessDenied",
        "Mfa Authentication must be used for this request",
        403,
    )
    if mfa_delete == "Enabled":
        need(
            not _lifecycle(s3, bucket),
            "InvalidBucketState",
            "Mfa Authentication is not supported on a bucket with lifecycle configuration. "
            "Delete lifecycle configuration before enabling Mfa.",
            409,
        )
    if status == "Suspended":
        need(
            not _object_lock(s3, bucket),
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
            409,
        )


def _lifecycle(s3: Any, bucket: str) -> bool:
    try:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    except ClientError:
        return False
    return bool(rules.get("Rules"))


def _object_lock(s3: Any, bucket: str) -> bool:
    try:
        s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError:
        return False
    return True


async def _no_lifecycle_beside_mfa(call: Incoming) -> None:
    need(
        not _protected(call),
        "InvalidBucketState",
        "Lifecycle configuration is not supported on a bucket with Mfa Authentication enabled.",
        409,
    )


async def _version_delete(call: Incoming) -> None:
    if call.parameters.get("VersionId") and _protected(call):
        _demand_token(call)


async def _version_deletes(call: Incoming) -> None:
    objects = (call.parameters.get("Delete") or {}).get("Objects") or ()
    if any(o.get("VersionId") for o in objects) and _protected(call):
        _demand_token(call)


def _demand_token(call: Incoming) -> None:
    need(
        _has_token(call),
        "AccessDenied",
        "Mfa Authentication must be used for this request",
        403,
    )


async def _get_versioning(call: Incoming) -> Response | Json:
    asked = await call.forward()
    state = call.front.kept.mfa_delete.get(str(call.parameters.get("Bucket", "")))
    if state is None or not succeeded(asked):
        return asked
    return {**call.decoded(asked), "MFADelete": state}


@answered_on_a_thread
def _put_payer(call: Incoming) -> Response:
    """The emulator takes this for CreateBucket, and answers the GET with a listing."""
    bucket = own_bucket(call)
    payer = (call.parameters.get("RequestPaymentConfiguration") or {}).get("Payer")
    need(
        payer in ("Requester", "BucketOwner"),
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    call.front.kept.payers[bucket] = str(payer)
    return Response(200)


@answered_on_a_thread
def _get_payer(call: Incoming) -> Json:
    return {"Payer": call.front.kept.payers.get(own_bucket(call), "BucketOwner")}


def own_bucket(call: Incoming) -> str:
    """The bucket that a call is about, where the caller may (blocking).

    Raises RefusedError for one that is not there, or another account's.
    """
    authorize.ensure(call)
    bucket = str(call.parameters["Bucket"])
    owner = call.front.kept.bucket_owners.get(bucket, call.account)
    try:
        call.client("s3", owner).head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise RefusedError("NoSuchBucket", "The specified bucket does not exist", 404) from None
        owner = ""
    need(owner == call.account, "AccessDenied", "Access Denied", 403)
    return bucket


def _switched(call: Incoming, _: Response) -> None:
    wanted = call.parameters.get("VersioningConfiguration") or {}
    if wanted.get("MFADelete"):
        call.front.kept.mfa_delete[str(call.parameters["Bucket"])] = wanted["MFADelete"]


ANSWERS: Mapping[Key, Answer] = {
    ("s3", "GetBucketRequestPayment"): _get_payer,
    ("s3", "GetBucketVersioning"): _get_versioning,
    ("s3", "PutBucketRequestPayment"): _put_payer,
}
CHECKS: Mapping[Key, tuple[Check, ...]] = {
    ("s3", "DeleteObject"): (_version_delete,),
    ("s3", "DeleteObjects"): (_version_deletes,),
    ("s3", "PutBucketLifecycle"): (_no_lifecycle_beside_mfa,),
    ("s3", "PutBucketLifecycleConfiguration"): (_no_lifecycle_beside_mfa,),
    ("s3", "PutBucketVersioning"): (_versioning,),
}
AFTER: Mapping[Key, After] = {
    ("s3", "CreateBucket"): _made,
    ("s3", "DeleteBucket"): _gone,
    ("s3", "PutBucketVersioning"): _switched,
}
OVERLAID: frozenset[Key] = frozenset(
    {("s3", "GetBucketRequestPayment"), ("s3", "GetBucketVersioning")}
)
