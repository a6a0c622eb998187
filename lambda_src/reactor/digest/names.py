"""The keys of CloudTrail's log and digest files.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

_TRAIL_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):cloudtrail:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":trail/(?P<name>[A-Za-z0-9._-]{3,128})"
)
# Digits are ASCII's: whoever may write to the bucket chooses the names.
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_DAY = r"(?P<day>[0-9]{4}/[0-9]{2}/[0-9]{2})/"


@dataclass(frozen=True, slots=True)
class TrailArn:
    """The parts of a trail's ARN."""

    partition: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> TrailArn:
        """Reads an ARN such as `arn:aws:cloudtrail:us-east-1:111122223333:trail/main`.

        Raises ValueError with a sentence that says what is wrong.
        """
        found = _TRAIL_ARN.fullmatch(arn)
        if found is None:
            raise ValueError(f"{arn} is no trail's ARN: {_why(arn)}")
        return cls(**found.groupdict())


def _why(arn: str) -> str:
    """What is wrong with a trail's ARN.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
    """
    _, has_name, name = arn.partition(":trail/")
    if has_name and len(name) < 3:
        return f"its name, {name or 'none'}, is under 3 characters"
    if has_name and len(name) > 128:
        return "its name is over 128 characters"
    if has_name and (odd := re.search(r"[^A-Za-z0-9._-]", name)):
        return f"its name has {odd[0]!r}, and may have letters, digits, dots, hyphens, underscores"
    return "give one such as arn:aws:cloudtrail:us-east-1:111122223333:trail/main"


@dataclass(frozen=True, slots=True)
class DigestName:
    """The content of a digest file's key: its trail, the end of its time, if it fills a gap."""

    key: str
    trail: str
    """The trail's name and home Region, joined by an underscore as in the key."""
    end: datetime
    backfill: bool


@dataclass(frozen=True)
class Shard:
    """One account and Region of one trail. Each has its own chain of digests."""

    bucket: str
    account: str
    region: str
    trail_name: str
    home_region: str
    prefix: str = ""
    organization_id: str = ""

    @property
    def trail(self) -> str:
        """The trail as digest keys name it."""
        return f"{self.trail_name}_{self.home_region}"

    @property
    def digest_folder(self) -> str:
        """The prefix of the Region's digest files."""
        root = account_root(self.prefix, self.organization_id)
        return f"{root}{self.account}/CloudTrail-Digest/{self.region}/"

    @property
    def log_folder(self) -> str:
        """The prefix of the Region's log files."""
        root = account_root(self.prefix, self.organization_id)
        return f"{root}{self.account}/CloudTrail/{self.region}/"

    def digest_key(self, end: datetime, backfill: bool = False) -> str:
        """The key of the digest that ends then."""
        return (
            f"{self.digest_folder}{end:%Y/%m/%d}/{self.account}_CloudTrail-Digest_{self.region}_"
            f"{self.trail}_{end:%Y%m%dT%H%M%SZ}{'_backfill' if backfill else ''}.json.gz"
        )

    def log_key(self, time: datetime, unique: str) -> str:
        """The key of the log file of that minute."""
        return (
            f"{self.log_folder}{time:%Y/%m/%d}/{self.account}_CloudTrail_{self.region}_"
            f"{time:%Y%m%dT%H%MZ}_{unique}.json.gz"
        )

    def digest_name(self, key: str) -> DigestName | None:
        """The content of the key of a digest file of this account and Region, of any trail."""
        found = self._digest_pattern.fullmatch(key)
        end = _time(found, "%Y%m%dT%H%M%SZ")
        if found is None or end is None:
            return None
        return DigestName(key, found["trail"], end, found["backfill"] is not None)

    def log_time(self, key: str) -> datetime | None:
        """The minute in the name of a log file of this account and Region; None for other keys."""
        return _time(self._log_pattern.fullmatch(key), "%Y%m%dT%H%MZ")

    @cached_property
    def _digest_pattern(self) -> re.Pattern[str]:
        account, region = re.escape(self.account), re.escape(self.region)
        return re.compile(
            re.escape(self.digest_folder)
            + _DAY
            + rf"{account}_CloudTrail-Digest_{region}_(?P<trail>[^/]+)_"
            r"(?P<time>[0-9]{8}T[0-9]{6}Z)(?P<backfill>_backfill)?\.json\.gz"
        )

    @cached_property
    def _log_pattern(self) -> re.Pattern[str]:
        account, region = re.escape(self.account), re.escape(self.region)
        return re.compile(
            re.escape(self.log_folder)
            + _DAY
            + rf"{account}_CloudTrail_{region}_(?P<time>[0-9]{{8}}T[0-9]{{4}}Z)_[^/]+\.json\.gz"
        )


def account_root(prefix: str, organization_id: str) -> str:
    """The prefix of the accounts' folders."""
    start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return f"{start}AWSLogs/{organization_id}/" if organization_id else f"{start}AWSLogs/"


def is_organization(text: str) -> bool:
    """True if the text is an organization's id."""
    return _ORGANIZATION.fullmatch(text) is not None


def _time(found: re.Match[str] | None, form: str) -> datetime | None:
    """The time in a name; None where the folder is another day's, which CloudTrail never does."""
    if found is None or found["time"][:8] != found["day"].replace("/", ""):
        return None
    try:
        return datetime.strptime(found["time"], form).replace(tzinfo=UTC)
    except ValueError:
        return None
