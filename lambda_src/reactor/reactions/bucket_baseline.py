"""Brings new and changed S3 buckets to a baseline; leaves a bucket alone that lacks nothing. It
sets what is missing and replaces nothing: it adds one statement to a bucket's policy, and tags
whose keys the bucket lacks.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.event import Event
from reactor.policies import policy_document, statements
from reactor.reaction import Reaction, Step
from reactor.resources import read_tags
from reactor.shapes import dig, mapping, text

SID = "ReactorDenyInsecureTransport"
CALLS = frozenset(
    {
        "CreateBucket",
        "DeleteBucketEncryption",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "DeleteBucketTagging",
        "PutBucketEncryption",
        "PutBucketLogging",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketTagging",
        "PutBucketVersioning",
    }
)
_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ENCRYPTIONS = ("none", "AES256", "aws:kms")


@dataclass(frozen=True)
class Settings:
    """The baseline.

    `skip_buckets` are wildcards of names to leave alone. `tags` are `key=value`, for buckets that
    lack the key. An empty `log_bucket` asks for no access log.
    """

    block_public_access: bool = True
    encryption: str = "AES256"
    kms_key_arn: str | None = None
    log_bucket: str | None = None
    log_prefix: str = "s3/"
    ownership: bool = True
    skip_buckets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tls_only: bool = True
    versioning: bool = True

    def __post_init__(self) -> None:
        if self.encryption not in _ENCRYPTIONS:
            raise ValueError(
                f"encryption is {self.encryption!r}; use one of {', '.join(_ENCRYPTIONS)}."
            )
        for tag in self.tags:
            if not tag.partition("=")[0] or "=" not in tag:
                raise ValueError(f"tags has {tag!r}; write key=value.")


@dataclass(frozen=True)
class _Bucket:
    """A bucket, and how it is read in its own Region."""

    name: str
    region: str
    arn: str
    aws: Aws
    notes: list[str] = field(default_factory=list)

    def read(self, operation: str, *none_on: str) -> Any:
        call = {"Bucket": self.name}
        return self.aws.read("s3", operation, call, none_on=none_on, region=self.region or None)

    def put(
        self,
        what: str,
        operation: str,
        parameters: Mapping[str, Any],
        undo: tuple[str, Mapping[str, Any]] | None,
        before: object,
        after: object,
    ) -> Action:
        """The action that sets a part of the baseline; `what` completes "set ..."."""
        return Action(
            service="s3",
            operation=operation,
            parameters={"Bucket": self.name, **parameters},
            resources=(self.arn,),
            summary=f"set {what} on the bucket {self.name}",
            done=f"set {what} on the bucket {self.name}",
            undo=undo and Undo("s3", undo[0], {"Bucket": self.name, **undo[1]}),
            not_yet=("OperationAborted",),
            before={what: before},
            after={what: after},
            region=self.region,
        )


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """An action for each part that the bucket lacks, and one alert; nothing if it lacks nothing."""
    name = text(event.request.get("bucketName"))
    if event.failed or not name or any(fnmatchcase(name, p) for p in settings.skip_buckets):
        return []
    region = region_of(event)
    bucket = _Bucket(name, region, f"arn:{_partition(region)}:s3:::{name}", aws)
    tags = read_tags(_tag_set(bucket))
    actions = list(_missing(bucket, settings))
    if not actions and not bucket.notes:
        return []
    tagged = [_with_tags(action, tags) for action in actions]
    return [*tagged, _alert(event, bucket, actions)]


def region_of(event: Event) -> str:
    """The bucket's Region: a CreateBucket names it, `EU` meaning eu-west-1."""
    configuration = mapping(event.request.get("CreateBucketConfiguration"))
    named = text(configuration.get("LocationConstraint"))
    return {"EU": "eu-west-1"}.get(named, named) or event.region


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _tag_set(bucket: _Bucket) -> list[Any]:
    answer = bucket.read("get_bucket_tagging", "NoSuchTagSet", "NoSuchBucket")
    return list(answer["TagSet"]) if answer else []


def _with_tags(action: Action, tags: Mapping[str, str]) -> Action:
    return replace(action, tags=dict.fromkeys(action.resources, tags))


def _missing(bucket: _Bucket, settings: Settings) -> Iterator[Action]:
    # The first read tells whether the bucket exists.
    versioning = bucket.read("get_bucket_versioning", "NoSuchBucket")
    if versioning is None:
        return
    if settings.block_public_access:
        yield from _public_access(bucket)
    if settings.encryption != "none":
        yield from _encryption(bucket, settings)
    if settings.ownership:
        yield from _ownership(bucket)
    status = versioning.get("Status")
    if settings.versioning and status != "Enabled":
        on = {"VersioningConfiguration": {"Status": "Enabled"}}
        off = {"VersioningConfiguration": {"Status": "Suspended"}}
        undo = ("put_bucket_versioning", off)
        yield bucket.put("versioning", "put_bucket_versioning", on, undo, status, "Enabled")
    if settings.tls_only:
        yield from _tls(bucket)
    if settings.log_bucket and settings.log_bucket != bucket.name:
        yield from _logging(bucket, settings.log_bucket, settings.log_prefix)
    yield from _tagging(bucket, settings)


def _public_access(bucket: _Bucket) -> Iterator[Action]:
    answer = bucket.read("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    before = answer and answer["PublicAccessBlockConfiguration"]
    if before and all(before.get(flag) for flag in _FLAGS):
        return
    after = dict.fromkeys(_FLAGS, True)
    undo: tuple[str, Mapping[str, Any]] = ("delete_public_access_block", {})
    if before:
        undo = ("put_public_access_block", {"PublicAccessBlockConfiguration": before})
    call = {"PublicAccessBlockConfiguration": after}
    what = "the public access block"
    yield bucket.put(what, "put_public_access_block", call, undo, before, after)


def _encryption(bucket: _Bucket, settings: Settings) -> Iterator[Action]:
    answer = bucket.read("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    before = answer and answer["ServerSideEncryptionConfiguration"]
    rules = (before or {}).get("Rules", [])
    now = [mapping(dig(rule, "ApplyServerSideEncryptionByDefault")) for rule in rules]
    algorithms = {text(each.get("SSEAlgorithm")) for each in now}
    # A KMS key is stronger than S3's own: AES256 is the least.
    wanted = {"AES256", "aws:kms", "aws:kms:dsse"}
    if settings.encryption == "aws:kms":
        wanted -= {"AES256"}
    keys = {text(each.get("KMSMasterKeyID")) for each in now}
    if algorithms & wanted and (settings.kms_key_arn is None or settings.kms_key_arn in keys):
        return
    default = {"SSEAlgorithm": settings.encryption}
    if settings.encryption == "aws:kms" and settings.kms_key_arn:
        default["KMSMasterKeyID"] = settings.kms_key_arn
    # What else a rule has stays: S3 itself bans SSE-C there for new buckets, since April 2026.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html
    rule = {
        **(mapping(rules[0]) if rules else {}),
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": settings.encryption == "aws:kms",
    }
    after = {"Rules": [rule]}
    undo: tuple[str, Mapping[str, Any]] = ("delete_bucket_encryption", {})
    if before:
        undo = ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": before})
    call = {"ServerSideEncryptionConfiguration": after}
    yield bucket.put("encryption", "put_bucket_encryption", call, undo, before, after)


def _ownership(bucket: _Bucket) -> Iterator[Action]:
    answer = bucket.read("get_bucket_ownership_controls", "OwnershipControlsNotFoundError")
    before = answer and answer["OwnershipControls"]
    if before and before["Rules"][0]["ObjectOwnership"] == "BucketOwnerEnforced":
        return
    after = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    undo: tuple[str, Mapping[str, Any]] = ("delete_bucket_ownership_controls", {})
    if before:
        undo = ("put_bucket_ownership_controls", {"OwnershipControls": before})
    call = {"OwnershipControls": after}
    what = "ownership without ACLs"
    yield bucket.put(what, "put_bucket_ownership_controls", call, undo, before, after)


def _tls(bucket: _Bucket) -> Iterator[Action]:
    answer = bucket.read("get_bucket_policy", "NoSuchBucketPolicy")
    before = policy_document(answer and answer["Policy"])
    if any(_denies_plain_http(each, bucket.arn) for each in statements(before)):
        return
    statement = {
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.arn, f"{bucket.arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    kept = [each for each in statements(before) if each.get("Sid") != SID]
    after = {**(before or {"Version": "2012-10-17"}), "Statement": [*kept, statement]}
    undo: tuple[str, Mapping[str, Any]] = ("delete_bucket_policy", {})
    if before:
        undo = ("put_bucket_policy", {"Policy": json.dumps(before)})
    call = {"Policy": json.dumps(after)}
    yield bucket.put("a TLS-only policy", "put_bucket_policy", call, undo, before, after)


def _denies_plain_http(statement: Mapping[str, Any], arn: str) -> bool:
    secure = dig(statement, "Condition", "Bool", "aws:SecureTransport")
    resources = statement.get("Resource")
    listed = resources if isinstance(resources, list) else [resources]
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and statement.get("Action") in ("s3:*", "*", ["s3:*"], ["*"])
        and text(secure if isinstance(secure, str) else str(secure)).lower() == "false"
        and ("*" in listed or f"{arn}/*" in listed or f"{arn}*" in listed)
    )


def _logging(bucket: _Bucket, target: str, prefix: str) -> Iterator[Action]:
    before = (bucket.read("get_bucket_logging") or {}).get("LoggingEnabled")
    if before:
        return
    after = {"TargetBucket": target, "TargetPrefix": f"{prefix}{bucket.name}/"}
    call = {"BucketLoggingStatus": {"LoggingEnabled": after}}
    undo: tuple[str, Mapping[str, Any]] = ("put_bucket_logging", {"BucketLoggingStatus": {}})
    yield bucket.put("an access log", "put_bucket_logging", call, undo, None, after)


def _tagging(bucket: _Bucket, settings: Settings) -> Iterator[Action]:
    before = _tag_set(bucket)
    present = read_tags(before)
    wanted = dict(tag.partition("=")[::2] for tag in settings.tags)
    missing = {key: value for key, value in wanted.items() if key not in present}
    if not missing:
        return
    if any(key.startswith("aws:") for key in present):
        # PutBucketTagging replaces the whole set, and AWS's own tags can't be written.
        bucket.notes.append(f"tags {', '.join(missing)} have to be set by who made its stack")
        return
    after = [*before, *({"Key": key, "Value": missing[key]} for key in missing)]
    undo: tuple[str, Mapping[str, Any]] = ("delete_bucket_tagging", {})
    if before:
        undo = ("put_bucket_tagging", {"Tagging": {"TagSet": before}})
    call = {"Tagging": {"TagSet": after}}
    what = f"the tags {', '.join(missing)}"
    yield bucket.put(what, "put_bucket_tagging", call, undo, present, {**present, **missing})


def _alert(event: Event, bucket: _Bucket, actions: list[Action]) -> Alert:
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    new = event.name == "CreateBucket"
    verb = "made" if new else f"called {event.name} on"
    lacking = [next(iter(action.after or {}), "") for action in actions]
    details = [("Lacked", ", ".join(lacking)), ("Bucket", f"{bucket.arn} in {bucket.region}")]
    if bucket.notes:
        details.append(("By hand", "; ".join(bucket.notes)))
    return Alert(
        severity="low" if new else "high",
        subject=f"bucket {bucket.name} below the baseline ({event.account})",
        headline=(
            f"{event.actor.label} {verb} the bucket {bucket.name} in {bucket.region}, account "
            f"{event.account}{when}, and it lacks {', '.join(lacking) or 'tags'}"
        ),
        details=tuple(details),
    )


handler = Reaction("bucket-baseline", plan, Settings, calls={"s3.amazonaws.com": CALLS})
