"""The log files of an hour: those that proven digests name, or those that lie in the bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.session import get_session

from reactor.digest.content import ContentError, gunzip, refuse_large
from reactor.digest.engine import Engine
from reactor.digest.names import Shard, account_root
from reactor.digest.transport import Transport
from reactor.digest.verdicts import Verdict
from reactor.shapes import is_account, is_region

if TYPE_CHECKING:
    from botocore.session import Session

    from reactor.digest.transport import Body

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# A file is held in memory, unpacked. CloudTrail's are some hundred KB.
MAX_FILE = 96 << 20


@dataclass(frozen=True)
class File:
    """A log file; `text` is None where it can't be read, and `reason` says why."""

    key: str
    text: bytes | None
    reason: str = ""


class LogFiles:
    """A trail's log. `proven` takes only files that a digest signed by CloudTrail names, with the
    content that it tells. `delivered_to` is the bucket that CloudTrail wrote to if `bucket` holds
    copies. `session` makes botocore's session.
    """

    def __init__(
        self,
        region: str,
        bucket: str,
        trail: tuple[str, str],
        prefix: str,
        organization_id: str,
        delivered_to: str,
        proven: bool,
        session: Callable[[], Session] = get_session,
    ) -> None:
        self._region = region
        self._bucket = bucket
        self._trail = trail
        self._prefix = prefix
        self._organization = organization_id
        self._delivered_to = delivered_to
        self._proven = proven
        self._session = session

    def places(self, home: tuple[str, str]) -> Iterator[tuple[str, str]]:
        """The accounts and Regions that have log files; `home` are the trail's own."""
        root = account_root(self._prefix, self._organization)
        with closing(Transport(self._region, 4, session=self._session)) as transport:
            accounts = [home[0]]
            if self._organization:
                accounts = [n for n in transport.folders(self._bucket, root) if is_account(n)]
            for account in accounts:
                for region in transport.folders(self._bucket, f"{root}{account}/CloudTrail/"):
                    if is_region(region):
                        yield account, region

    def files(self, account: str, region: str, start: datetime, end: datetime) -> Iterator[File]:
        """The files that were delivered after `start` and up to `end`, one in memory at a time.

        Raises AccessError if a listing or a public key can't be read.
        """
        shard = Shard(self._bucket, account, region, *self._trail, self._prefix, self._organization)
        with closing(Transport(self._region, 8, session=self._session)) as transport:
            if self._proven:
                with self._engine(transport) as engine:
                    yield from self._named(transport, engine, shard, start, end)
                return
            for key in _listed(transport, shard, start, end):
                yield _read(transport, shard.bucket, key, None)

    @contextmanager
    def _engine(self, transport: Transport) -> Iterator[Engine]:
        replicas: Mapping[str, str] = (
            {self._delivered_to: self._bucket} if self._delivered_to else {}
        )
        with Engine(transport, 4, replicas) as engine:
            yield engine

    def _named(
        self, transport: Transport, engine: Engine, shard: Shard, start: datetime, end: datetime
    ) -> Iterator[File]:
        bucket = engine.delivered_to(shard.bucket)
        after = f"{shard.digest_folder}{start - _HOUR:%Y/%m/%d}/"
        last = f"{shard.digest_folder}{end + _DAY:%Y/%m/%d}/"
        for page in engine.pages(bucket, shard.digest_folder, after):
            for entry in page:
                name = shard.digest_name(entry.key)
                if name is None or name.trail != shard.trail or not start < name.end <= end:
                    continue
                checked = engine.fetch_digest(shard, bucket, name).result()
                if checked.link.verdict is not Verdict.VALID:
                    yield File(entry.key, None, f"its digest is {checked.link.verdict}")
                for log in checked.logs:
                    yield _read(transport, engine.read_from(log.bucket), log.key, log.hash)
            if page and page[-1].key > last:
                return


def _listed(transport: Transport, shard: Shard, start: datetime, end: datetime) -> Iterator[str]:
    after = f"{shard.log_folder}{start:%Y/%m/%d}/"
    last = f"{shard.log_folder}{end + _DAY:%Y/%m/%d}/"
    for page in transport.pages(shard.bucket, shard.log_folder, after):
        for entry in page:
            time = shard.log_time(entry.key)
            if time is not None and start < time <= end:
                yield entry.key
        if page and page[-1].key > last:
            return


def _read(transport: Transport, bucket: str, key: str, hash_: str | None) -> File:
    def consume(body: Body) -> bytes:
        refuse_large(body.headers)
        return gunzip(body, limit=MAX_FILE)

    try:
        text = transport.get(bucket, key, consume)
    except ContentError as error:
        return File(key, None, str(error))
    if hash_ is not None and hashlib.sha256(text).hexdigest() != hash_:
        return File(key, None, "its content is not what its digest tells")
    return File(key, text)
