"""Fetches objects and judges each by itself, in threads: digests by their signatures, log files by
their hashes.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from reactor.digest.chain import Link
from reactor.digest.content import (
    MAX_DIGEST,
    MAX_LOG,
    SMALL_DIGEST,
    ZLIB,
    ContentError,
    Inflater,
    LateError,
    SizeError,
    gunzip,
    refuse_large,
    sha256_of_gzip,
)
from reactor.digest.document import (
    ALGORITHM,
    Digest,
    DigestFormatError,
    LogEntry,
    parse,
    parse_head,
)
from reactor.digest.keys import Finder, PublicKeys
from reactor.digest.names import DigestName, Shard
from reactor.digest.transport import AccessError, quoted
from reactor.digest.verdicts import Finding, Kind, Verdict, shown

if TYPE_CHECKING:
    from reactor.digest.transport import Body, Direct, Entry, Transport

DIGEST_THREADS = 24
_LATEST_BACKFILL = timedelta(days=366)


class HelperLike(Protocol):
    """Who hashes log files beside this process, as long as nothing is in the way."""

    def add(self, direct: Direct, path: str, done: Callable[[str | None], None]) -> None:
        """Call `done` with an object's hash, or None, from another thread, after `flush`."""
        ...

    def flush(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """A digest that was looked at, and the log files that it names if it is valid."""

    link: Link
    logs: tuple[LogEntry, ...] = ()


class Engine:
    """Threads and connections that validations share; close it, or use it in a `with`.

    `replicas` maps the bucket that CloudTrail delivered to onto one that holds copies; `on_finding`
    is called with each object's verdict, by one thread at a time; `inflater` uncompresses.
    `helpers` hash log files, too: each gets its share, in turn.
    """

    def __init__(
        self,
        transport: Transport,
        concurrency: int = 64,
        replicas: Mapping[str, str] | None = None,
        on_finding: Callable[[Finding], None] | None = None,
        inflater: Inflater = ZLIB,
        helpers: Sequence[HelperLike] = (),
    ) -> None:
        self._transport = transport
        self._inflater = inflater
        self._replicas = dict(replicas or {})
        self._originals = {copy: original for original, copy in self._replicas.items()}
        self._on_finding = on_finding
        self._telling = threading.Lock()
        self._large = threading.Lock()
        self._digest_pool = ThreadPoolExecutor(min(DIGEST_THREADS, concurrency), "digests")
        self._log_pool = ThreadPoolExecutor(concurrency, "logs")
        self._room = threading.BoundedSemaphore(4 * concurrency)
        self._helpers = helpers
        self._turns = cycle((*helpers, None))
        self._keys: dict[str, PublicKeys] = {}
        self._keys_lock = threading.Lock()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads and drops the work that has not begun."""
        self._digest_pool.shutdown(wait=False, cancel_futures=True)
        self._log_pool.shutdown(wait=False, cancel_futures=True)

    def keys(self, region: str) -> PublicKeys:
        """The Region's public keys."""
        with self._keys_lock:
            return self._keys.setdefault(region, PublicKeys(self._transport, region))

    def load_keys(self, region: str, start: datetime, end: datetime) -> Future[None]:
        """Fetches the keys that a Region's digests of a time were signed with."""
        return self._digest_pool.submit(self.keys(region).load, start, end)

    def read_from(self, bucket: str) -> str:
        """The bucket to read if CloudTrail delivered to `bucket`."""
        return self._replicas.get(bucket, bucket)

    def delivered_to(self, bucket: str) -> str:
        """The bucket that CloudTrail delivered to if we read `bucket`."""
        return self._originals.get(bucket, bucket)

    def pages(self, bucket: str, prefix: str, after: str) -> Iterator[list[Entry]]:
        """The listing. Each page is fetched while the one before it is worked on."""
        pages = self._transport.pages(self.read_from(bucket), prefix, after)
        coming = self._digest_pool.submit(next, pages, None)
        while (page := coming.result()) is not None:
            coming = self._digest_pool.submit(next, pages, None)
            yield page

    def fetch_digest(self, shard: Shard, bucket: str, name: DigestName) -> Future[Checked]:
        """Fetches a digest and judges it by itself."""
        finder = self.keys(shard.region).find
        return self._digest_pool.submit(self._checked_digest, bucket, name, finder)

    def hash_log(
        self, entry: LogEntry, report: Callable[[Finding], None], deadline: float = math.inf
    ) -> Future[None]:
        """Have a log file fetched and judged; waits while too many are under way."""
        if not self._room.acquire(blocking=False):
            self.flush()
            self._room.acquire()
        helper = next(self._turns)
        direct = self._transport.direct(self.read_from(entry.bucket)) if helper else None
        if helper is None or direct is None:
            future = self._log_pool.submit(self._checked_log, entry, report, deadline)
        else:
            future = Future()
            helper.add(direct, quoted(entry.key), partial(self._helped, future, entry, report))
        future.add_done_callback(lambda _: self._room.release())
        return future

    def flush(self) -> None:
        """Let helpers begin with what they have got."""
        for helper in self._helpers:
            helper.flush()

    def _helped(
        self,
        future: Future[None],
        entry: LogEntry,
        report: Callable[[Finding], None],
        found: str | None,
    ) -> None:
        """Judge what a helper found; what it did not get is tried here, which tells why."""
        try:
            if found is None:
                self._log_pool.submit(self._checked_log, entry, report).add_done_callback(
                    partial(_passed_on, future)
                )
                return
            report(_judged(entry, found))
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    def tell(self, finding: Finding) -> None:
        """Hands a verdict on."""
        if self._on_finding:
            with self._telling:
                self._on_finding(finding)

    def _checked_digest(self, bucket: str, name: DigestName, finder: Finder) -> Checked:
        try:
            try:
                return self._read_digest(bucket, name, finder, SMALL_DIGEST)
            except SizeError:
                with self._large:
                    return self._read_digest(bucket, name, finder, MAX_DIGEST)
        except Exception as error:
            return Checked(Link(name, bucket, *_failed(error)))

    def _read_digest(self, bucket: str, name: DigestName, finder: Finder, limit: int) -> Checked:
        def failed(verdict: Verdict, reason: str, digest_hash: str) -> Checked:
            return Checked(Link(name, bucket, verdict, reason, hash=digest_hash))

        def consume(body: Body) -> tuple[bytes, Mapping[str, str]]:
            headers = {key.lower(): value for key, value in body.headers.items()}
            refuse_large(headers)
            return gunzip(body, self._inflater, limit), headers

        content, headers = self._transport.get(self.read_from(bucket), name.key, consume)
        signature = headers.get("x-amz-meta-signature", "")
        if limit > SMALL_DIGEST:
            head = parse_head(content)
            why = unsigned(head, signature, headers, name, finder)
            if why:
                return failed(Verdict.FORGED, why, head.hash)
        digest = parse(content)
        why = unsigned(digest, signature, headers, name, finder)
        if why:
            return failed(Verdict.FORGED, why, digest.hash)
        if (digest.bucket, digest.key) != (bucket, name.key):
            reason = f"it was moved from s3://{digest.bucket}/{digest.key}"
            if digest.key == name.key:
                reason += "; name that bucket's replica, if this is one"
            return failed(Verdict.CHANGED, reason, digest.hash)
        link = Link(
            name,
            bucket,
            Verdict.VALID,
            start=digest.start,
            end=digest.end,
            hash=digest.hash,
            signature=signature,
            previous=digest.previous,
        )
        return Checked(link, digest.logs)

    def _checked_log(
        self, entry: LogEntry, report: Callable[[Finding], None], deadline: float = math.inf
    ) -> None:
        def consume(body: Body) -> str:
            refuse_large(body.headers)
            return sha256_of_gzip(body, self._inflater, MAX_LOG, deadline)

        try:
            _in_time(deadline)
            found = self._transport.get(self.read_from(entry.bucket), entry.key, consume)
            finding = _judged(entry, found)
        except Exception as error:
            finding = Finding(Kind.LOG, entry.bucket, entry.key, *_failed(error))
        report(finding)


def unsigned(
    digest: Digest, signature: str, headers: Mapping[str, str], name: DigestName, finder: Finder
) -> str:
    """The reason why the signature does not count; empty if it counts."""
    if not signature:
        return "it has no signature"
    if headers.get("x-amz-meta-signature-algorithm", ALGORITHM) != ALGORITHM:
        return f"its signature is not {ALGORITHM}"
    # The digest's own time is the writer's word, and lookups of any time would be, too.
    when = name.end
    if name.backfill:
        stamp = headers.get("x-amz-meta-backfill-generation-timestamp", "")
        try:
            when = datetime.fromisoformat(stamp)
        except ValueError:
            return "it has no backfill-generation-timestamp"
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        if not timedelta() <= when - name.end <= _LATEST_BACKFILL:
            return "its backfill-generation-timestamp is no time to make it at"
    key = finder(digest.fingerprint, when)
    if key is None:
        return f"no public key of the Region has the fingerprint {shown(digest.fingerprint[:64])}"
    try:
        decoded = bytes.fromhex(signature)
    except ValueError:
        return "its signature is not hexadecimal"
    if not key.verifies(hashlib.sha256(digest.signed()).digest(), decoded):
        return "its signature is not CloudTrail's"
    return ""


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise LateError


def _judged(entry: LogEntry, found: str) -> Finding:
    """The verdict on a log file whose content has that hash."""
    if found == entry.hash.lower():
        return Finding(Kind.LOG, entry.bucket, entry.key, Verdict.VALID)
    reason = "its hash is not the one in its digest"
    return Finding(Kind.LOG, entry.bucket, entry.key, Verdict.CHANGED, reason)


def _passed_on(future: Future[None], done: Future[None]) -> None:
    """Let a future end as another one did."""
    if done.cancelled():
        future.cancel()
        future.set_running_or_notify_cancel()
    elif error := done.exception():
        future.set_exception(error)
    else:
        future.set_result(None)


def _failed(error: Exception) -> tuple[Verdict, str]:
    """The verdict on an object that could not be judged, whatever the reason: the rest goes on."""
    if isinstance(error, AccessError):
        return _access(error)
    if isinstance(error, (ContentError, DigestFormatError)):
        return Verdict.CHANGED, str(error)
    if isinstance(error, LateError):
        return Verdict.UNREADABLE, "there was no time left to read it"
    return Verdict.UNREADABLE, f"it can't be judged ({type(error).__name__})"


def _access(error: AccessError) -> tuple[Verdict, str]:
    if error.code == "InvalidObjectState":
        return Verdict.ARCHIVED, "it is in an archive storage class: restore it first"
    if error.status == 404:
        return Verdict.MISSING, "it is not there"
    return Verdict.UNREADABLE, str(error) or error.code
