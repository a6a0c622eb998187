"""The accounts and Regions of a trail, and the way to their files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from reactor.digest.engine import Engine
from reactor.digest.names import Shard, account_root
from reactor.digest.transport import Transport
from reactor.digest.verdicts import Verdict
from reactor.shapes import is_account, is_region

if TYPE_CHECKING:
    from reactor.digest.checkpoint import Checkpoint

_MOST_REGIONS = 64  # AWS has half as many; whoever may write to the bucket makes folders
_SIGNED_FOR = timedelta(days=30)
_MOST_PAGES = 10
_MOST_TRIED = 20
_KINDS = ("CloudTrail-Digest", "CloudTrail")


@dataclass(frozen=True)
class Settings:
    """The trail whose files to prove, and how.

    `bucket` is the bucket to read; if it holds copies, `delivered_to` is the bucket that CloudTrail
    wrote to. No `accounts` or `regions` means all that have files in the bucket. `lag_minutes` is
    the time that a digest may take to come after its hour, `stale_minutes` the greatest age of the
    newest digest's end. `lookback_hours` is how far back the function looks for log files that were
    added later. In `reprove_days` all that is kept is proven anew, a share a day; 0 turns it off.
    `retention_days` is how long files are kept; 0 means that the oldest digest there tells.
    """

    bucket: str
    trail_name: str
    home_region: str
    account_id: str
    work_queue_url: str
    checkpoint_table: str
    bucket_region: str = ""
    prefix: str = ""
    organization_id: str = ""
    delivered_to: str = ""
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    lag_minutes: int = 90
    stale_minutes: int = 240
    lookback_hours: int = 24
    concurrency: int = 32
    reprove_days: int = 30
    retention_days: int = 0

    def __post_init__(self) -> None:
        if self.lookback_hours < 4:
            raise ValueError("lookback_hours must be 4 or more, so that runs overlap.")
        if not 1 <= self.concurrency <= 256:
            raise ValueError("concurrency must be from 1 to 256.")
        if self.reprove_days < 0 or self.retention_days < 0:
            raise ValueError("reprove_days and retention_days must be 0 or more.")

    @property
    def trail(self) -> str:
        """The trail as digest keys name it."""
        return f"{self.trail_name}_{self.home_region}"


class TrailPlaces:
    """A place is an account and a Region of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine that reads the bucket."""
        settings = self._settings
        replicas = {settings.delivered_to: settings.bucket} if settings.delivered_to else {}
        transport = self.transport(settings.concurrency + 24)
        with closing(transport), Engine(transport, settings.concurrency, replicas) as engine:
            yield engine

    def transport(self, connections: int) -> Transport:
        """Connections to the bucket's Region."""
        settings = self._settings
        region = settings.bucket_region or os.environ.get("AWS_REGION", settings.home_region)
        return Transport(region, connections)

    def shard(self, account: str, region: str, organization_id: str | None = None) -> Shard:
        """Where a place's files are; the trail's own organization, unless another is given."""
        settings = self._settings
        return Shard(
            settings.bucket,
            account,
            region,
            settings.trail_name,
            settings.home_region,
            settings.prefix,
            settings.organization_id if organization_id is None else organization_id,
        )

    def expected(self, account: str, region: str) -> bool:
        """Whether the settings say that a place must be there."""
        settings = self._settings
        accounts = settings.accounts or (settings.account_id,)
        return account in accounts and region in (settings.regions or (settings.home_region,))

    @property
    def fixed(self) -> bool:
        """Whether all places are named in the settings."""
        return bool(self._settings.accounts and self._settings.regions)

    def found(self) -> Iterator[tuple[str, str]]:
        """The places that the settings name, or else that have files in the bucket."""
        settings = self._settings
        root = account_root(settings.prefix, settings.organization_id)
        with closing(self.transport(4)) as transport:
            accounts = settings.accounts
            if not accounts:
                accounts = (settings.account_id,)
                if settings.organization_id:
                    found = transport.folders(settings.bucket, root)
                    accounts = tuple(name for name in found if is_account(name))
            for account in accounts:
                regions = settings.regions
                if not regions:
                    # If all digests are gone, the log files' folder still tells of the Region.
                    named = dict.fromkeys(
                        name
                        for kind in _KINDS
                        for name in transport.folders(settings.bucket, f"{root}{account}/{kind}/")
                        if is_region(name)
                    )
                    regions = tuple(named)[:_MOST_REGIONS] or (settings.home_region,)
                for region in regions:
                    yield account, region

    def strays(
        self,
        engine: Engine,
        transport: Transport,
        places: set[tuple[str, str]],
        checkpoint: Checkpoint,
        now: datetime,
    ) -> Iterator[tuple[str, str]]:
        """Folders and files that are no place's, with what is wrong with them."""
        settings = self._settings
        for organization_id in dict.fromkeys((settings.organization_id, "")):
            own = organization_id == settings.organization_id
            root = account_root(settings.prefix, organization_id)
            accounts = transport.level(settings.bucket, root, _MOST_PAGES)[0]
            for account in filter(is_account, accounts):
                for kind in _KINDS:
                    prefix = f"{root}{account}/{kind}/"
                    folders, files = transport.level(settings.bucket, prefix, _MOST_PAGES)
                    for file in files:
                        if file.size or not file.key.endswith("/"):
                            yield file.key, "CloudTrail puts no file there"
                    for region in folders:
                        if own and (account, region) in places:
                            continue
                        shard = self.shard(account, region, organization_id)
                        if not is_region(region):
                            yield f"{prefix}{region}/", "CloudTrail makes no folder of that name"
                        elif not _signed(engine, shard, checkpoint, now):
                            yield f"{prefix}{region}/", "no trail has signed a digest for it"


def _signed(engine: Engine, shard: Shard, checkpoint: Checkpoint, now: datetime) -> bool:
    """Whether any trail has signed a digest of an account and Region; looked up once a month."""
    known = sha256(f"signed {shard.digest_folder}".encode()).hexdigest()[:24]
    if known in checkpoint.told and now - checkpoint.told[known] < _SIGNED_FOR:
        return True
    shard = replace(shard, bucket=engine.delivered_to(shard.bucket))
    page = next(engine.pages(shard.bucket, shard.digest_folder, ""), [])
    names = [name for entry in page if (name := shard.digest_name(entry.key))]
    for name in names[:_MOST_TRIED]:
        link = engine.fetch_digest(shard, shard.bucket, name).result().link
        if link.verdict is Verdict.VALID:
            checkpoint.told[known] = now
            return True
    return False
