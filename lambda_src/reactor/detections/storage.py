"""S3: bodies that are XML at heart, in which a pattern sees only half."""

from __future__ import annotations

from reactor.detections.grants import public_grant
from reactor.detections.model import Finding, Known, any_matches, decides
from reactor.event import Event
from reactor.policies import policy_document
from reactor.shapes import dig, items, mapping, text

_GROUPS = ("groups/global/AllUsers", "groups/global/AuthenticatedUsers")
_CANNED = ("public-read", "public-read-write", "authenticated-read")


@decides("bucket-created")
def bucket_created(event: Event, known: Known) -> Finding | None:
    """A new bucket, with the Region it is really in; expected names are left alone."""
    name = _bucket(event)
    if any_matches(name, known.expected_buckets):
        return None
    return Finding(f"the bucket {name} was made in {bucket_region(event)}", name)


def bucket_region(event: Event) -> str:
    """Where CreateBucket put the bucket; `EU` is the old name of eu-west-1."""
    asked = text(dig(event.request, "CreateBucketConfiguration", "LocationConstraint"))
    return {"": event.region, "EU": "eu-west-1"}.get(asked, asked)


@decides("s3-policy-public")
def policy_public(event: Event, known: Known) -> Finding | None:
    """A bucket policy that lets anybody in."""
    del known
    found = public_grant(policy_document(event.request.get("bucketPolicy")))
    return Finding(f"the bucket policy {found}", _bucket(event)) if found else None


@decides("s3-acl-public")
def acl_public(event: Event, known: Known) -> Finding | None:
    """An ACL, canned, by header or as a document, that lets anybody in."""
    del known
    request = event.request
    for canned in _texts(request.get("x-amz-acl")):
        if canned in _CANNED:
            return Finding(f"the canned ACL {canned}", _bucket(event))
    for name, value in request.items():
        if name.startswith("x-amz-grant-") and any(
            group in each for each in _texts(value) for group in _GROUPS
        ):
            return Finding(f"{name} to a public group", _bucket(event))
    policy = mapping(request.get("AccessControlPolicy"))
    grants = mapping(policy.get("AccessControlList")).get("Grant")
    for grant in items(grants):
        uri = text(dig(grant, "Grantee", "URI"))
        if uri.endswith(_GROUPS):
            group = uri.rpartition("/")[2]
            return Finding(f"{text(dig(grant, 'Permission'))} to {group}", _bucket(event))
    return None


@decides("s3-protection-off")
def protection_off(event: Event, known: Known) -> Finding | None:
    """Versioning suspended, encryption or access logging removed, or objects set to expire."""
    del known
    bucket, request = _bucket(event), event.request
    if event.name == "PutBucketVersioning":
        if text(dig(request, "VersioningConfiguration", "Status")) == "Suspended":
            return Finding("versioning was suspended", bucket)
    elif event.name == "DeleteBucketEncryption":
        return Finding("the default encryption was removed", bucket)
    elif event.name == "PutBucketLogging":
        status = mapping(request.get("BucketLoggingStatus"))
        if not mapping(status.get("LoggingEnabled")):
            return Finding("access logging was switched off", bucket)
    elif event.name == "PutBucketLifecycle":
        # A lone rule is an object, several are a list.
        rules = mapping(request.get("LifecycleConfiguration")).get("Rule")
        for rule in items(rules):
            if text(dig(rule, "Status")) == "Disabled":
                continue
            for kind in ("Expiration", "NoncurrentVersionExpiration"):
                days = text(dig(rule, kind, "Days")) or text(dig(rule, kind, "NoncurrentDays"))
                date = text(dig(rule, kind, "Date"))
                if days or date:
                    when = f"after {days} days" if days else f"on {date}"
                    what = "old versions" if kind.startswith("Noncurrent") else "objects"
                    return Finding(f"{what} are deleted {when}", bucket)
    return None


def _bucket(event: Event) -> str:
    return text(event.request.get("bucketName"))


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [each for each in map(text, found) if each]
