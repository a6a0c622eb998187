"""Where a trail's files lie.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Named(Protocol):
    """One account and Region of one trail: what has a chain of digests of its own."""

    @property
    def bucket(self) -> str: ...

    @property
    def account(self) -> str: ...

    def digest_key(self, end: datetime, backfill: bool = False) -> str:
        """The key of the digest that ends then."""
        ...

    def log_key(self, time: datetime, unique: str) -> str:
        """The key of the log file of that minute."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """The names that CloudTrail gives."""

    bucket: str
    account: str
    region: str
    trail_name: str
    home_region: str
    prefix: str = ""

    def digest_key(self, end: datetime, backfill: bool = False) -> str:
        name = f"{self.account}_CloudTrail-Digest_{self.region}_{self.trail_name}"
        late = "_backfill" if backfill else ""
        return (
            f"{self._folder('CloudTrail-Digest', end)}{name}_{self.home_region}_"
            f"{end:%Y%m%dT%H%M%SZ}{late}.json.gz"
        )

    def log_key(self, time: datetime, unique: str) -> str:
        name = f"{self.account}_CloudTrail_{self.region}_{time:%Y%m%dT%H%MZ}_{unique}"
        return f"{self._folder('CloudTrail', time)}{name}.json.gz"

    def _folder(self, kind: str, time: datetime) -> str:
        start = f"{self.prefix}/" if self.prefix else ""
        return f"{start}AWSLogs/{self.account}/{kind}/{self.region}/{time:%Y/%m/%d}/"
