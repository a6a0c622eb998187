"""Brings new and changed S3 buckets to a baseline; leaves a bucket alone that lacks nothing. It
sets what is missing and replaces nothing: it adds one statement to a bucket's policy, and tags
whose keys the bucket lacks.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.entries import of_entry
from reactor.event import Event
from reactor.meaning.elements import denying, listed
from reactor.meaning.globs import arn_glob, matches, text_glob
from reactor.partitions import partition_of
from reactor.policies import policy_document, statements
from reactor.reaction import Reaction, Step
from reactor.resources import own_tags, read_tags
from reactor.retry import error_code
from reactor.shapes import dig, is_account, mapping, text

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
_HANDLER = "reactor.reactions.bucket_baseline.handler"
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Settings:
    """The baseline.

    `skip_buckets` are wildcards of names to leave alone. `tags` are `key=value`, for buckets that
    lack the key. An empty `log_bucket` asks for no access log. `key_accounts` are accounts whose
    KMS keys a bucket may have, besides its own.
    """

    block_public_access: bool = True
    encryption: str = "AES256"
    key_accounts: tuple[str, ...] = ()
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
        for account in self.key_accounts:
            if not is_account(account):
                raise ValueError(f"key_accounts has {account!r}; use ids of twelve digits.")
        for tag in self.tags:
            if not tag.partition("=")[0] or "=" not in tag:
                raise ValueError(f"tags has {tag!r}; write key=value.")


@dataclass(frozen=True)
class _Bucket:
    """A bucket, and how it is read in its own Region, as long as it is of its account.

    Whoever deletes a bucket frees its name for every other account.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """

    name: str
    region: str
    account: str
    arn: str
    aws: Aws
    notes: list[str] = field(default_factory=list)

    @property
    def owned(self) -> dict[str, str]:
        """The parameters of every call."""
        owner = {"ExpectedBucketOwner": self.account} if is_account(self.account) else {}
        return {"Bucket": self.name, **owner}

    def read(self, operation: str, *none_on: str) -> Any:
        call = self.owned
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
            parameters={**self.owned, **parameters},
            resources=(self.arn,),
            summary=f"set {what} on the bucket {self.name}",
            done=f"set {what} on the bucket {self.name}",
            undo=undo and Undo("s3", undo[0], {**self.owned, **undo[1]}),
            not_yet=("OperationAborted",),
            before={what: before},
            after={what: after},
            region=self.region,
        )


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """An action for each part that the bucket lacks, and one alert; nothing if it lacks nothing."""
    name = _name(event)
    if event.failed or not name or any(fnmatchcase(name, p) for p in settings.skip_buckets):
        return []
    region = region_of(event)
    arn = f"arn:{partition_of(region)}:s3:::{name}"
    bucket = _Bucket(name, region, event.account, arn, aws)
    tags = read_tags(_tag_set(bucket))
    if event.name == "CreateBucket":  # whoever made it may have set all others
        tags = own_tags(tags)
    actions = list(_missing(event, bucket, settings))
    if not actions and not bucket.notes:
        return []
    tagged = [_with_tags(action, tags) for action in actions]
    return [*tagged, _alert(event, bucket, actions)]


def _name(event: Event) -> str:
    """The bucket's name, out of its ARN where the request was too large for CloudTrail."""
    found = [each.id for each in event.resources if each.type == "AWS::S3::Bucket"]
    named = found[0].rpartition(":")[2] if found else ""
    return text(event.request.get("bucketName")) or named


def region_of(event: Event) -> str:
    """The bucket's Region: a CreateBucket names it, `EU` meaning eu-west-1."""
    configuration = mapping(event.request.get("CreateBucketConfiguration"))
    named = text(configuration.get("LocationConstraint"))
    return {"EU": "eu-west-1"}.get(named, named) or event.region


def _tag_set(bucket: _Bucket) -> list[Any]:
    answer = bucket.read("get_bucket_tagging", "NoSuchTagSet", "NoSuchBucket")
    return list(answer["TagSet"]) if answer else []


def _with_tags(action: Action, tags: Mapping[str, str]) -> Action:
    return replace(action, tags=dict.fromkeys(action.resources, tags))


def _missing(event: Event, bucket: _Bucket, settings: Settings) -> Iterator[Action]:
    # The first read tells whether the bucket exists.
    versioning = bucket.read("get_bucket_versioning", "NoSuchBucket")
    if versioning is None:
        return
    if settings.block_public_access:
        yield from _public_access(bucket)
    if settings.encryption != "none":
        yield from _encryption(event, bucket, settings)
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


def _encryption(event: Event, bucket: _Bucket, settings: Settings) -> Iterator[Action]:
    answer = bucket.read("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    before = answer and answer["ServerSideEncryptionConfiguration"]
    rules = (before or {}).get("Rules", [])
    now = mapping(dig(rules[0], "ApplyServerSideEncryptionByDefault")) if rules else {}
    algorithm, key = text(now.get("SSEAlgorithm")), text(now.get("KMSMasterKeyID"))
    # A KMS key is stronger than S3's own: AES256 is the least.
    wanted = {"AES256", "aws:kms", "aws:kms:dsse"}
    if settings.encryption == "aws:kms":
        wanted -= {"AES256"}
    ours = settings.kms_key_arn
    sound, why = _sound(bucket, algorithm, key, settings)
    if sound and algorithm in wanted and ours in (None, key, sound):
        return
    other = _other_baseline(event, bucket) if sound else ""
    if other:
        bucket.notes.append(
            f"{other}, another reaction of this kind, sets {key or algorithm} and this one "
            f"{ours or settings.encryption}: give both the same, or have one skip the bucket"
        )
        return
    if why:
        bucket.notes.append(why)
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


def _sound(bucket: _Bucket, algorithm: str, key: str, settings: Settings) -> tuple[str, str]:
    """What encrypts a bucket, if it protects it: S3 itself or a key's ARN. Else why it does not.

    No key is the account's own of S3. A key of another account lets that account decide who may
    read, and one that is disabled or gone makes the bucket useless.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    parts = key.split(":")
    account = parts[4] if len(parts) > 5 else bucket.account
    if not algorithm.startswith("aws:kms") or not key or account in settings.key_accounts:
        return key or algorithm, ""
    if account != bucket.account:
        return "", f"its KMS key {key} is of the account {account}"
    gone = ("NotFoundException", "InvalidArnException")
    region = bucket.region or None
    try:
        answer = bucket.aws.read("kms", "describe_key", {"KeyId": key}, none_on=gone, region=region)
    except Exception as error:
        # The key's policy keeps the guard out; its ARN says whose it is.
        if error_code(error) == "AccessDeniedException" and len(parts) > 5:
            return key, ""
        raise
    about = mapping(dig(answer, "KeyMetadata"))
    state, arn = text(about.get("KeyState")), text(about.get("Arn"))
    if text(about.get("AWSAccountId")) != bucket.account:
        return "", f"its KMS key {key} is not there"
    return (arn, "") if state == "Enabled" else ("", f"its KMS key {key} is {state}")


def _other_baseline(event: Event, bucket: _Bucket) -> str:
    """The other deployment of this guard that made the call; empty if somebody else made it.

    A session of a function's role has the function's name, and its configuration tells handler and
    role. Two deployments with two keys would take back what the other did, without end.
    """
    who = event.actor
    if who.kind != "role" or who.account != bucket.account or not _FUNCTION.fullmatch(who.session):
        return ""
    call = {"FunctionName": who.session}
    gone = ("ResourceNotFoundException",)
    about = mapping(bucket.aws.read("lambda", "get_function_configuration", call, none_on=gone))
    runs = text(about.get("Handler")) == _HANDLER and text(about.get("Role")) == who.issuer
    return who.session if runs else ""


def _tls(bucket: _Bucket) -> Iterator[Action]:
    answer = bucket.read("get_bucket_policy", "NoSuchBucketPolicy")
    before = policy_document(answer and answer["Policy"])
    if _denies_plain_http(before, bucket.arn):
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


def _denies_plain_http(document: Mapping[str, Any] | None, arn: str) -> bool:
    """True if a policy denies everybody everything in the bucket and on it, without TLS.

    Statements that deny less don't count, whatever they add up to. A statement denies plain HTTP
    if it has no condition, or only that one: every further one must hold, too.
    """
    resources = [
        resource
        for each in denying(document)
        if "NotPrincipal" not in each and _is_everybody(each.get("Principal"))
        if any(map(_is_every_action, listed(each.get("Action"))))
        if _holds_for_plain_http(each)
        for resource in listed(each.get("Resource"))
    ]
    # What begins as the objects' ARNs do and ends with `*` holds every object.
    objects = (each for each in resources if each.endswith("*"))
    return any(matches(arn_glob(each), arn) for each in resources) and any(
        matches(arn_glob(each), f"{arn}/") for each in objects
    )


def _is_everybody(principal: object) -> bool:
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    return "*" in listed(principal)


def _is_every_action(pattern: str) -> bool:
    """True if a wildcard matches actions of any length, whose characters it does not spell out."""
    glob = text_glob(pattern.lower())
    return all(matches(glob, "s3:" + "\x00" * size) for size in (1, 99))


def _holds_for_plain_http(statement: Mapping[str, Any]) -> bool:
    """S3 always knows aws:SecureTransport, so that ...IfExists adds nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    found = [
        (text(operator).lower(), text(key).lower(), value if isinstance(value, list) else [value])
        for operator, keys in mapping(statement.get("Condition")).items()
        for key, value in mapping(keys).items()
    ]
    return bool(found) == bool(statement.get("Condition")) and all(
        operator in ("bool", "boolifexists")
        and key == "aws:securetransport"
        and "false" in [str(each).lower() for each in values]
        for operator, key, values in found
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
    lacking = ", ".join(next(iter(action.after or {}), "") for action in actions)
    ending = f"it lacks {lacking}" if actions else "people have to look at it"
    details = (
        ("Lacked", lacking),
        ("Bucket", f"{bucket.arn} in {bucket.region}"),
        ("Look at", "; ".join(bucket.notes)),
    )
    return Alert(
        severity="low" if new and not bucket.notes else "high",
        subject=f"bucket {bucket.name} below the baseline ({event.account})",
        headline=(
            f"{event.actor.label} {verb} the bucket {bucket.name} in {bucket.region}, account "
            f"{event.account}{when}, and {ending}"
        ),
        details=tuple((label, told) for label, told in details if told),
        **of_entry("bucket-created" if new else "s3-config-change"),
    )


handler = Reaction("bucket-baseline", plan, Settings, calls={"s3.amazonaws.com": CALLS})
