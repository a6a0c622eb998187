"""S3: MFA delete and what it excludes, Object Lock, and configurations by id."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, refused

pytestmark = pytest.mark.e2e

TOKEN = "Mfa Authentication must be used for this request"
LIFECYCLE = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}
ON = {"Status": "Enabled", "MFADelete": "Enabled"}


def device(account: Account) -> str:
    return f"{account.arn('iam', 'mfa/root')} 123456"


@pytest.fixture
def guarded(account: Account) -> tuple[Any, str]:
    """The root user's S3 client and a bucket with MFA delete."""
    s3, bucket = account.client("s3"), account.bucket()
    s3.put_bucket_versioning(Bucket=bucket, MFA=device(account), VersioningConfiguration=ON)
    return s3, bucket


def test_mfa_delete_is_switched_by_root_with_a_token(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    with refused("AccessDenied", TOKEN, 403):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=ON)
    with refused("AccessDenied", TOKEN, 403):
        s3.put_bucket_versioning(Bucket=bucket, MFA="root", VersioningConfiguration=ON)
    who = account.client("s3", account.user("ana", allow("s3:*")))
    with refused("AccessDenied", TOKEN, 403):
        who.put_bucket_versioning(Bucket=bucket, MFA=device(account), VersioningConfiguration=ON)
    assert "MFADelete" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, MFA=device(account), VersioningConfiguration=ON)
    found = s3.get_bucket_versioning(Bucket=bucket)
    assert (found["Status"], found["MFADelete"]) == ("Enabled", "Enabled")
    off = {"Status": "Enabled", "MFADelete": "Disabled"}
    with refused("AccessDenied", TOKEN, 403):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=off)
    s3.put_bucket_versioning(Bucket=bucket, MFA=device(account), VersioningConfiguration=off)
    assert s3.get_bucket_versioning(Bucket=bucket)["MFADelete"] == "Disabled"


def test_versioning_state_under_mfa_delete(account: Account, guarded: tuple[Any, str]) -> None:
    s3, bucket = guarded
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with refused("AccessDenied", TOKEN, 403):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_versioning(
        Bucket=bucket, MFA=device(account), VersioningConfiguration={"Status": "Suspended"}
    )


def test_versions_are_deleted_with_a_token_only(account: Account, guarded: tuple[Any, str]) -> None:
    s3, bucket = guarded
    version = s3.put_object(Bucket=bucket, Key="log", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="log")
    assert marker["DeleteMarker"] is True
    with refused("AccessDenied", TOKEN, 403):
        s3.delete_object(Bucket=bucket, Key="log", VersionId=version)
    one = {"Objects": [{"Key": "log", "VersionId": version}]}
    with refused("AccessDenied", TOKEN, 403):
        s3.delete_objects(Bucket=bucket, Delete=one)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "log"}]})
    s3.delete_object(Bucket=bucket, Key="log", VersionId=version, MFA=device(account))
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_no_lifecycle_on_a_bucket_with_mfa_delete(guarded: tuple[Any, str]) -> None:
    s3, bucket = guarded
    with refused("InvalidBucketState", status=409):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)


def test_no_mfa_delete_on_a_bucket_with_lifecycle(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)
    with refused(
        "InvalidBucketState",
        "Mfa Authentication is not supported on a bucket with lifecycle configuration. "
        "Delete lifecycle configuration before enabling Mfa.",
        409,
    ):
        s3.put_bucket_versioning(Bucket=bucket, MFA=device(account), VersioningConfiguration=ON)
    s3.delete_bucket_lifecycle(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, MFA=device(account), VersioningConfiguration=ON)


def test_a_bucket_that_is_made_anew_has_no_mfa_delete(guarded: tuple[Any, str]) -> None:
    s3, bucket = guarded
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert "MFADelete" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)


def test_object_lock_holds_versioning(account: Account) -> None:
    s3, bucket = account.client("s3"), f"lock-{account.number}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    with refused(
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot "
        "be changed.",
        409,
    ):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def test_a_versioning_state_that_is_none(account: Account) -> None:
    with refused("IllegalVersioningConfigurationException"):
        account.client("s3").put_bucket_versioning(
            Bucket=account.bucket(), VersioningConfiguration={"Status": "On"}
        )


# --- configurations by id ----------------------------------------------------------------------

TIERING = {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
INVENTORY = {
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "Schedule": {"Frequency": "Daily"},
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::x", "Format": "CSV"}},
}
KINDS: dict[str, dict[str, Any]] = {
    "analytics": {"StorageClassAnalysis": {}},
    "intelligent_tiering": TIERING,
    "inventory": INVENTORY,
    "metrics": {"Filter": {"Prefix": "logs/"}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_by_its_id(account: Account, kind: str) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    member = f"{kind.title().replace('_', '')}Configuration"

    def call(verb: str, **more: Any) -> Any:
        plural = "s" if verb == "list" else ""
        method = getattr(s3, f"{verb}_bucket_{kind}_configuration{plural}")
        return method(Bucket=bucket, **more)

    assert f"{member}List" not in call("list")
    for identity in ("one", "two"):
        call("put", Id=identity, **{member: {"Id": identity, **KINDS[kind]}})
    found = call("get", Id="one")[member]
    assert found == {"Id": "one", **KINDS[kind]}
    assert [c["Id"] for c in call("list")[f"{member}List"]] == ["one", "two"]
    call("delete", Id="one")
    s3.head_bucket(Bucket=bucket)
    for verb in ("get", "delete"):
        with refused("NoSuchConfiguration", "The specified configuration does not exist.", 404):
            call(verb, Id="one")


def test_configurations_of_whose_bucket(account: Account, other: Account) -> None:
    s3, bucket = account.client("s3"), other.bucket()
    with refused("NoSuchBucket", "The specified bucket does not exist", 404):
        s3.list_bucket_metrics_configurations(Bucket="there-is-no-such-bucket")
    with refused("AccessDenied", "Access Denied", 403):
        s3.list_bucket_metrics_configurations(Bucket=bucket)
    mine, who = account.bucket(), account.user("ana")
    with refused("AccessDenied", status=403):
        account.client("s3", who).list_bucket_metrics_configurations(Bucket=mine)
