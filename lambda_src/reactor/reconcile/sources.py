"""Where reconciliation reads: the rules' document, the witness, how far the log is proven."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from reactor.digest.checkpoint import Checkpoints
from reactor.reconcile.log import File, LogFiles
from reactor.reconcile.rules import Deployed, read_deployed
from reactor.reconcile.state import State
from reactor.shapes import is_account

_RULES = "rules.json"
# S3's clock and the table's need not be the same to the second.
_CLOCKS_DIFFER = timedelta(minutes=5)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
# A version never changes, so a process reads each once. The tag tells those that are called "null"
# from each other: S3 calls so what is written while versioning is suspended.
_texts: dict[tuple[str, str, str], str] = {}


@dataclass(frozen=True)
class Settings:
    """The trail whose log files to read, and where the rules and their witness lie.

    `bucket` is the bucket to read; if it holds copies, `delivered_to` is the one that CloudTrail
    wrote to. `checkpoint_table` is digest validation's: what it has proven is reconciled, and only
    files that a signed digest names are read. Without, all files are read, `lag_minutes` after they
    came. `witness_bucket` has the rules' document and the lines of the witness. An event is late
    after `late_minutes`. `redeliver` says whether missed events are handed on.
    """

    bucket: str
    trail_name: str
    home_region: str
    account_id: str
    witness_bucket: str
    state_table: str
    work_queue_url: str
    failure_queue_url: str
    bucket_region: str = ""
    prefix: str = ""
    organization_id: str = ""
    delivered_to: str = ""
    checkpoint_table: str = ""
    lag_minutes: int = 90
    late_minutes: int = 15
    stale_minutes: int = 360
    redeliver: bool = True

    @property
    def late_after(self) -> timedelta:
        """What an event may take to its rule."""
        return timedelta(minutes=self.late_minutes)


class LogLike(Protocol):
    """The log of a trail, as `LogFiles`."""

    def places(self, home: tuple[str, str]) -> Iterable[tuple[str, str]]: ...
    def files(
        self, account: str, region: str, start: datetime, end: datetime
    ) -> Iterable[File]: ...


class AwsLike(Protocol):
    """boto3's clients, as `reactor.aws.Aws` makes them."""

    def client(self, service: str, region: str | None = None) -> Any: ...


def log_files(settings: Settings, region: str, **more: Any) -> LogFiles:
    """The log that the settings name; `region` is the bucket's where they don't tell it."""
    return LogFiles(
        settings.bucket_region or region,
        settings.bucket,
        (settings.trail_name, settings.home_region),
        settings.prefix,
        settings.organization_id,
        settings.delivered_to,
        bool(settings.checkpoint_table),
        **more,
    )


class Sources:
    """What there is to compare. `state` is the table; boto3's errors are raised."""

    def __init__(self, aws: AwsLike, settings: Settings) -> None:
        self._aws = aws
        self._settings = settings
        dynamodb = aws.client("dynamodb")
        self.state = State(dynamodb, settings.state_table)
        self._proofs = (
            Checkpoints(
                dynamodb,
                settings.checkpoint_table,
                f"{settings.trail_name}_{settings.home_region}",
            )
            if settings.checkpoint_table
            else None
        )

    @property
    def proven(self) -> bool:
        """True if only what digest validation has proven is read."""
        return self._proofs is not None

    def now(self) -> datetime:
        """AWS's time."""
        self.state.last_day()
        return self.state.clock

    def places(self, log: LogLike) -> dict[tuple[str, str], datetime | None]:
        """The accounts and Regions that have a log, and up to when it is ready (None: not yet)."""
        if self._proofs:
            return {e.place: e.until for e in self._proofs.all() if is_account(e.place[0])}
        home = (self._settings.account_id, self._settings.home_region)
        return dict.fromkeys(log.places(home), self._lagging())

    def ready(self, account: str, region: str) -> datetime:
        """Up to when the log files of a place are there, and proven."""
        if self._proofs:
            return self._proofs.load(account, region).until or _BEGINNING
        return self._lagging()

    def _lagging(self) -> datetime:
        return self.state.clock - timedelta(minutes=self._settings.lag_minutes)

    def deployed(self) -> Deployed:
        """The rules. Raises ValueError if there is no document of them."""
        s3, bucket = self._aws.client("s3"), self._settings.witness_bucket
        found: dict[tuple[str, str, str], datetime] = {}
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=_RULES):
            for each in page.get("Versions", ()):
                if each["Key"] == _RULES:
                    key = (bucket, each["VersionId"], each["ETag"])
                    found[key] = each["LastModified"].astimezone(UTC)
        for key in found.keys() - _texts.keys():
            answer = s3.get_object(Bucket=bucket, Key=_RULES, VersionId=key[1])
            _texts[key] = answer["Body"].read().decode()
        for key in _texts.keys() - found.keys():
            del _texts[key]
        return read_deployed((since, _texts[key]) for key, since in found.items())

    def lines(self, hour: datetime, since: datetime = _BEGINNING) -> Iterator[bytes]:
        """What the witness wrote in an hour; with `since`, only what came after it."""
        s3, bucket = self._aws.client("s3"), self._settings.witness_bucket
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=f"witness/{hour:%Y/%m/%d/%H}/"
        )
        for page in pages:
            for each in page.get("Contents", ()):
                if since > _BEGINNING and each["LastModified"] < since - _CLOCKS_DIFFER:
                    continue
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                yield gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
