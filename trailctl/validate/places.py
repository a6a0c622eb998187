"""Which accounts and Regions of a trail to validate, and where their files are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reactor.digest.names import Shard, TrailArn, account_root
from reactor.digest.names import is_organization as is_organization_id
from reactor.digest.transport import Transport
from reactor.shapes import is_account, is_region

from trailctl.errors import UsageError


@dataclass(frozen=True)
class Wanted:
    """The accounts, Regions and files that were asked for; an empty member is to be found out."""

    trail: TrailArn
    bucket: str = ""
    prefix: str = ""
    organization_id: str = ""
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    all_accounts: bool = False
    all_regions: bool = False


def shards(wanted: Wanted, transport: Transport, organization: Callable[[], str]) -> list[Shard]:
    """The accounts and Regions, in order.

    Asks CloudTrail and the bucket for what is not given.

    Raises UsageError if there is no such trail or nothing to validate, AccessError if AWS does not
    tell.
    """
    trail = wanted.trail
    bucket, prefix, organization_id = wanted.bucket, wanted.prefix, wanted.organization_id
    if not bucket:
        described = _described(trail, transport)
        bucket = str(described["S3BucketName"])
        prefix = prefix or str(described.get("S3KeyPrefix") or "")
        if described.get("IsOrganizationTrail") and not organization_id:
            organization_id = organization()
        if organization_id and not wanted.accounts and not wanted.all_accounts:
            raise UsageError(
                "this is an organization trail: name the accounts with --account-id, or give "
                "--all-accounts"
            )
    accounts = list(wanted.accounts) or [trail.account]
    if not organization_id:
        organization_id = _organization_in(bucket, prefix, accounts, wanted, transport)
    root = account_root(prefix, organization_id)
    if wanted.all_accounts:
        found = [name for name in transport.folders(bucket, root) if is_account(name)]
        accounts = sorted({*found, *wanted.accounts})
        if not accounts:
            raise UsageError(f"there is no account's folder in s3://{bucket}/{root}")
    chosen = []
    for account in accounts:
        regions = list(wanted.regions)
        if wanted.all_regions:
            regions = sorted({*regions, *_regions_in(bucket, root, account, transport)})
            if not regions:
                raise UsageError(f"there is no Region's folder in s3://{bucket}/{root}{account}/")
        for region in regions:
            chosen.append(
                Shard(bucket, account, region, trail.name, trail.region, prefix, organization_id)
            )
    return chosen


def _described(trail: TrailArn, transport: Transport) -> dict[str, object]:
    arn = f"arn:{trail.partition}:cloudtrail:{trail.region}:{trail.account}:trail/{trail.name}"
    # With names, DescribeTrails silently leaves out trails of other Regions; without, it has all.
    answer = transport.call("cloudtrail", "DescribeTrails", trail.region, {})
    for each in answer.get("trailList", ()):
        if each.get("TrailARN") == arn:
            return dict(each)
    raise UsageError(
        f"there is no trail {arn}, or not for these credentials; with --s3-bucket (and --s3-prefix)"
        " its files can be validated all the same"
    )


def _organization_in(
    bucket: str, prefix: str, accounts: Sequence[str], wanted: Wanted, transport: Transport
) -> str:
    """The organization whose folder is in the bucket, where the accounts' own are not."""
    found = transport.folders(bucket, account_root(prefix, ""))
    organizations = [name for name in found if is_organization_id(name)]
    has_own = (
        any(is_account(name) for name in found)
        if wanted.all_accounts
        else (any(account in found for account in accounts))
    )
    if has_own or not organizations:
        return ""
    if len(organizations) > 1:
        raise UsageError(
            f"s3://{bucket} has folders of {', '.join(organizations)}: choose with "
            "--organization-id"
        )
    return organizations[0]


def _regions_in(bucket: str, root: str, account: str, transport: Transport) -> set[str]:
    """Regions with digests, and those with log files: a Region whose digests are all gone is a
    finding.
    """
    found: set[str] = set()
    for kind in ("CloudTrail-Digest", "CloudTrail"):
        found |= set(transport.folders(bucket, f"{root}{account}/{kind}/"))
    return {name for name in found if is_region(name)}
