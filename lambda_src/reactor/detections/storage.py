"""S3: bodies made from XML, whose shapes a pattern can't cover."""

from __future__ import annotations

import re

from reactor.detections.grants import foreign, public_grant
from reactor.detections.model import Detected, Known, any_matches, decides
from reactor.event import Event
from reactor.policies import policy_document
from reactor.shapes import dig, items, mapping, text
from reactor.wording import several

_GROUPS = ("groups/global/AllUsers", "groups/global/AuthenticatedUsers")
_CANNED = ("public-read", "public-read-write", "authenticated-read")


@decides("bucket-created")
def bucket_created(event: Event, known: Known) -> Detected | None:
    """A new bucket, with its own Region; expected names are left alone."""
    name = _bucket(event)
    if any_matches(name, known.expected_buckets):
        return None
    return Detected(f"the bucket {name} was made in {bucket_region(event)}", name)


def bucket_region(event: Event) -> str:
    """The Region of a new bucket; `EU` is the old name of eu-west-1."""
    asked = text(dig(event.request, "CreateBucketConfiguration", "LocationConstraint"))
    return {"": event.region, "EU": "eu-west-1"}.get(asked, asked)


@decides("s3-policy-public")
def policy_public(event: Event, known: Known) -> Detected | None:
    """A bucket policy that lets anybody in."""
    del known
    found = public_grant(policy_document(event.request.get("bucketPolicy")))
    return Detected(f"the bucket policy {found}", _bucket(event)) if found else None


@decides("s3-acl-public")
def acl_public(event: Event, known: Known) -> Detected | None:
    """An ACL, canned, by header or as a document, that lets anybody in."""
    del known
    request = event.request
    for canned in _texts(request.get("x-amz-acl")):
        if canned in _CANNED:
            return Detected(f"the canned ACL {canned}", _bucket(event))
    for name, value in request.items():
        if name.startswith("x-amz-grant-") and any(
            group in each for each in _texts(value) for group in _GROUPS
        ):
            return Detected(f"{name} to a public group", _bucket(event))
    policy = mapping(request.get("AccessControlPolicy"))
    grants = mapping(policy.get("AccessControlList")).get("Grant")
    for grant in items(grants):
        uri = text(dig(grant, "Grantee", "URI"))
        if uri.endswith(_GROUPS):
            group = uri.rpartition("/")[2]
            return Detected(f"{text(dig(grant, 'Permission'))} to {group}", _bucket(event))
    return None


@decides("s3-replication-foreign")
def replicated(event: Event, known: Known) -> Detected | None:
    """A bucket whose objects are copied into another account."""
    for rule in items(dig(event.request, "ReplicationConfiguration", "Rule")):
        target = text(dig(rule, "Destination", "Account"))
        if text(dig(rule, "Status")) != "Disabled" and foreign([target], event, known):
            where = text(dig(rule, "Destination", "Bucket"))
            return Detected(f"objects are copied to {where} of account {target}", _bucket(event))
    return None


@decides("s3-foreign-key")
def foreign_key(event: Event, known: Known) -> Detected | None:
    """An object, or all new ones of a bucket, under a key of another account."""
    request = event.request
    rules = items(dig(request, "ServerSideEncryptionConfiguration", "Rule"))
    keys = [
        text(request.get("x-amz-server-side-encryption-aws-kms-key-id")),
        *(text(dig(r, "ApplyServerSideEncryptionByDefault", "KMSMasterKeyID")) for r in rules),
    ]
    found = foreign(keys, event, known)
    return Detected(f"the key is {found[0]}", _bucket(event)) if found else None


# An expiry of three months or more is housekeeping.
_SHORT = re.compile(r"[0-8]?[0-9]")
_REMOVED = {
    "DeleteBucketEncryption": "the default encryption was removed",
    "DeleteBucketOwnershipControls": "ACLs count again",
    "DeleteBucketPolicy": "the bucket policy was deleted",
    "DeleteBucketReplication": "the bucket is no longer replicated",
}


@decides("s3-protection-off")
def protection_off(event: Event, known: Known) -> Detected | None:
    """A bucket that lost versioning, MFA delete, a retention, a copy, a policy, its encryption or
    access log, or whose objects are set to expire.
    """
    del known
    bucket, request = _bucket(event), event.request
    if event.name in _REMOVED:
        return Detected(_REMOVED[event.name], bucket)
    if event.name == "PutBucketVersioning":
        versioning = mapping(request.get("VersioningConfiguration"))
        if text(versioning.get("Status")) == "Suspended":
            return Detected("versioning was suspended", bucket)
        if text(versioning.get("MfaDelete")) == "Disabled":
            return Detected("versions can be deleted without MFA", bucket)
    elif event.name == "PutBucketObjectLockConfiguration":
        if not dig(request, "ObjectLockConfiguration", "Rule"):
            return Detected("new objects are no longer retained", bucket)
    elif event.name == "PutBucketOwnershipControls":
        for rule in items(dig(request, "OwnershipControls", "Rule")):
            if text(dig(rule, "ObjectOwnership")) not in ("", "BucketOwnerEnforced"):
                return Detected("ACLs count again", bucket)
    elif event.name == "PutBucketReplication":
        copied = items(dig(request, "ReplicationConfiguration", "Rule"))
        if copied and all(text(dig(rule, "Status")) == "Disabled" for rule in copied):
            return Detected("no rule replicates the bucket any more", bucket)
    elif event.name == "PutBucketLogging":
        status = mapping(request.get("BucketLoggingStatus"))
        if "BucketLoggingStatus" in request and not mapping(status.get("LoggingEnabled")):
            return Detected("access logging was switched off", bucket)
    elif event.name == "PutBucketLifecycle":
        # A lone rule is an object, several are a list.
        rules = mapping(request.get("LifecycleConfiguration")).get("Rule")
        for rule in items(rules):
            if text(dig(rule, "Status")) == "Disabled":
                continue
            for kind in ("Expiration", "NoncurrentVersionExpiration"):
                days = text(dig(rule, kind, "Days")) or text(dig(rule, kind, "NoncurrentDays"))
                date = text(dig(rule, kind, "Date"))
                if date or _SHORT.fullmatch(days):
                    when = f"after {several(int(days), 'day')}" if days else f"on {date}"
                    what = "old versions" if kind.startswith("Noncurrent") else "objects"
                    return Detected(f"{what} are deleted {when}", bucket)
    return None


def _bucket(event: Event) -> str:
    return text(event.request.get("bucketName"))


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [each for each in map(text, found) if each]
