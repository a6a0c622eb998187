"""Buckets: whose they are, who pays, MFA delete, and what it excludes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.http import Response
from localaws.wire.parts import Json

# The device's serial number (or ARN) and its code.
_MFA = re.compile(r"\S+ \d{6}")


@dataclass
class Buckets:
    """What is kept of buckets, by their names."""

    owners: dict[str, str] = field(default_factory=dict)
    """The account that made it."""

    payers: dict[str, str] = field(default_factory=dict)
    """Requester or BucketOwner, where it was said."""

    mfa_delete: dict[str, str] = field(default_factory=dict)
    """Enabled or Disabled, once the root user has switched it."""

    configurations: dict[str, dict[str, dict[str, Json]]] = field(default_factory=dict)
    """By kind (`Metrics`, `Analytics`, ...) and id."""

    def forget(self, bucket: str) -> None:
        for kept in (self.owners, self.payers, self.mfa_delete, self.configurations):
            kept.pop(bucket, None)


@gap.learns("s3", "CreateBucket")
def _made(call: Call) -> None:
    call.kept(Buckets).owners[str(call.parameters["Bucket"])] = call.account


@gap.learns("s3", "DeleteBucket")
def _gone(call: Call) -> None:
    call.kept(Buckets).forget(str(call.parameters["Bucket"]))


def _has_token(call: Call) -> bool:
    """The root user, with the serial number and code of a device.

    The local AWS has no devices: it takes any code of the right form.
    """
    if call.identity.type != "Root":
        return False
    return bool(_MFA.fullmatch(call.request.fields.get("x-amz-mfa", "").strip()))


def _protected(call: Call) -> bool:
    bucket = str(call.parameters.get("Bucket", ""))
    return call.kept(Buckets).mfa_delete.get(bucket) == "Enabled"


@gap.refuses("s3", "PutBucketVersioning")
def _versioning(call: Call) -> None:
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
    s3 = call.client("s3", call.kept(Buckets).owners.get(bucket))
    try:
        current = s3.get_bucket_versioning(Bucket=bucket).get("Status")
    except ClientError:
        return  # no such bucket: the emulator says so
    # To switch off what is off asks for no token.
    switches = mfa_delete == "Enabled" or (mfa_delete == "Disabled" and _protected(call))
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


@gap.refuses("s3", "PutBucketLifecycle", "PutBucketLifecycleConfiguration")
def _no_lifecycle_beside_mfa(call: Call) -> None:
    need(
        not _protected(call),
        "InvalidBucketState",
        "Lifecycle configuration is not supported on a bucket with Mfa Authentication enabled.",
        409,
    )


@gap.refuses("s3", "DeleteObject")
def _version_delete(call: Call) -> None:
    if call.parameters.get("VersionId") and _protected(call):
        _demand_token(call)


@gap.refuses("s3", "DeleteObjects")
def _version_deletes(call: Call) -> None:
    objects = (call.parameters.get("Delete") or {}).get("Objects") or ()
    if any(o.get("VersionId") for o in objects) and _protected(call):
        _demand_token(call)


def _demand_token(call: Call) -> None:
    need(
        _has_token(call),
        "AccessDenied",
        "Mfa Authentication must be used for this request",
        403,
    )


@gap.answers("s3", "GetBucketVersioning", inside=True)
def _get_versioning(call: Call) -> Response | Json:
    asked = call.forward()
    state = call.kept(Buckets).mfa_delete.get(str(call.parameters.get("Bucket", "")))
    if state is None or asked.status >= 300:
        return asked
    return {**call.decoded(asked), "MFADelete": state}


@gap.answers("s3", "PutBucketRequestPayment", alone=True)
def _put_payer(call: Call) -> Response:
    """The emulator takes this for CreateBucket, and answers the GET with a listing."""
    bucket = own_bucket(call)
    payer = (call.parameters.get("RequestPaymentConfiguration") or {}).get("Payer")
    need(
        payer in ("Requester", "BucketOwner"),
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    call.kept(Buckets).payers[bucket] = str(payer)
    return Response(200)


@gap.answers("s3", "GetBucketRequestPayment", alone=True, inside=True)
def _get_payer(call: Call) -> Json:
    return {"Payer": call.kept(Buckets).payers.get(own_bucket(call), "BucketOwner")}


def own_bucket(call: Call) -> str:
    """The bucket that a call is about.

    Raises RefusalError for one that is not there, or another account's.
    """
    bucket = str(call.parameters["Bucket"])
    owner = call.kept(Buckets).owners.get(bucket, call.account)
    try:
        call.client("s3", owner).head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise RefusalError("NoSuchBucket", "The specified bucket does not exist", 404) from None
        owner = ""
    need(owner == call.account, "AccessDenied", "Access Denied", 403)
    return bucket


@gap.learns("s3", "PutBucketVersioning")
def _switched(call: Call) -> None:
    wanted = call.parameters.get("VersioningConfiguration") or {}
    if wanted.get("MFADelete"):
        call.kept(Buckets).mfa_delete[str(call.parameters["Bucket"])] = wanted["MFADelete"]
