"""The sources of events: files, folders, an S3 prefix, or CloudTrail's LookupEvents.

`Source` is what they have in common, with Athena's answers (`trailctl.history.asking`).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

from trailctl.errors import UsageError
from trailctl.session import aws_session

if TYPE_CHECKING:
    from reactor.digest.transport import Body, Transport

    from trailctl.replay.tally import Tally

T = TypeVar("T")
# Files that are meant to hold events by their names. Others are read, too, but may hold anything.
_ENDINGS = (
    *(".json", ".jsonl", ".ndjson", ".log", ".csv"),
    *(".json.gz", ".jsonl.gz", ".ndjson.gz", ".log.gz", ".csv.gz", ".gz"),
)
_SNIFFED = 4096
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
_DELIVERED = re.compile(r"_CloudTrail(?:-[A-Za-z]+)?_[a-z0-9-]+_(\d{8}T\d{4})Z_")
# A file's name tells when it was delivered: soon after its events, as a rule.
_EARLY, _LATE = timedelta(minutes=15), timedelta(days=1)
# Objects of S3 that are fetched while one is read: the most, by number and by bytes.
_AT_ONCE = 64
_MOST_AHEAD = 64_000_000


class Chunk(NamedTuple):
    """The bytes of one file, or why there are none. `size` is that of the file as it lies there.

    `meant` is True if the file was named, or has a name as logs have: then it ought to hold events.
    """

    name: str
    data: bytes | None
    size: int
    error: str = ""
    meant: bool = True


class LocalFile(NamedTuple):
    """A file by its path; `size` in bytes."""

    name: str
    size: int
    meant: bool = True

    def read(self) -> Chunk:
        """The file's bytes, or the reason why there are none."""
        try:
            with FileIO(self.name) as file:
                if not self.meant and not _may_hold_json(file.read(_SNIFFED) or b""):
                    return Chunk(self.name, None, self.size, "it is no JSON", meant=False)
                file.seek(0)
                return Chunk(self.name, file.readall(), self.size, meant=self.meant)
        except OSError as error:
            return Chunk(self.name, None, self.size, f"it can't be read ({error.strerror})")


class Buffered(NamedTuple):
    """Bytes that are here already: of a pipe, or a page of an API's answer."""

    name: str
    size: int
    data: bytes

    def read(self) -> Chunk:
        """The bytes."""
        return Chunk(self.name, self.data, self.size)


class S3Object(NamedTuple):
    """An object by its bucket and key; `size` in bytes."""

    bucket: str
    key: str
    size: int

    @property
    def name(self) -> str:
        """The object's address."""
        return f"s3://{self.bucket}/{self.key}"


Log: TypeAlias = LocalFile | Buffered | S3Object


class Source(Protocol):
    """Where events come from. `size`: the bytes of its logs, 0 where it can't tell."""

    @property
    def size(self) -> int: ...

    def logs(self) -> Iterator[Log]:
        """The logs to read, in order. Raises UsageError."""

    def finish(self, tally: Tally) -> list[str]:
        """Once its logs are counted: add what only the source knows; sentences to note."""


class Paths:
    """Files, folders, prefixes of S3 and standard input. Raises UsageError."""

    def __init__(
        self, paths: Sequence[str], profile: str | None, region: str | None,
        begin: datetime | None, end: datetime | None,
    ) -> None:  # fmt: skip
        files: list[Log] = []
        remote = [path for path in paths if path.startswith("s3://")]
        if remote:
            with closing(Bucket(profile, region)) as bucket:
                files += [each for url in remote for each in bucket.list(url)]
        if "-" in paths:
            files.append(standard_input())
        files += local_files([each for each in paths if each not in {*remote, "-"}])
        if begin or end:
            files = [file for file in files if may_hold(file.name, begin, end)]
        self._files = files

    @property
    def size(self) -> int:
        """The files' bytes, as they lie there."""
        return sum(file.size for file in self._files)

    def logs(self) -> Iterator[Log]:
        """The files."""
        return iter(self._files)

    def finish(self, tally: Tally) -> list[str]:
        """Nothing to add."""
        del tally
        return []


class Looked:
    """Events of the last 90 days, by CloudTrail's API."""

    size = 0

    def __init__(self, client: Any, begin: datetime | None, end: datetime | None) -> None:
        self._asked = (client, begin, end)

    def logs(self) -> Iterator[Log]:
        """A page of the answer after the other. Raises UsageError."""
        return looked_up(*self._asked)

    def finish(self, tally: Tally) -> list[str]:
        """Nothing to add."""
        del tally
        return []


def standard_input() -> Buffered:
    """All that standard input holds."""
    data = sys.stdin.buffer.read()
    return Buffered("standard input", len(data), data)


def local_files(paths: Sequence[str]) -> list[LocalFile]:
    """Files named, and all files below folders named, each once, in order.

    Digests, which hold no events, and hidden files are left out of folders. Raises UsageError.
    """
    found: dict[str, LocalFile] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = [(name, real, is_meant(name)) for name, real in sorted(_below(str(path)))]
            if not inside:
                raise UsageError(f"{given} holds no files to read")
        elif path.exists():
            inside = [(given, os.path.realpath(given), True)]
        else:
            raise UsageError(f"{given}: there is no such file or folder")
        for name, real, meant in inside:
            if real not in found:
                found[real] = LocalFile(name, _size(name), meant)
    return list(found.values())


def _below(folder: str) -> Iterator[tuple[str, str]]:
    """The files below a folder, each with its real path; no folder twice, whatever links say."""
    folders = [folder]
    entered: set[str] = set()
    while folders:
        folder = folders.pop()
        # A file's real path is its folder's and its name, but for links.
        real = os.path.realpath(folder)
        if real in entered:
            continue
        entered.add(real)
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry.path)
            elif is_log(entry.path):
                link = entry.is_symlink()
                yield entry.path, os.path.realpath(entry.path) if link else f"{real}/{entry.name}"


def _may_hold_json(head: bytes) -> bool:
    return head.startswith(b"\x1f\x8b") or b"{" in head


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a hundred thousand of them, one by one
    except OSError:
        return 0  # its reader will tell


def is_log(name: str) -> bool:
    """False for digests, which lie beside log files and hold no events, and for folders of S3."""
    return not name.endswith("/") and not any(
        mark in name for mark in ("/CloudTrail-Digest/", "_CloudTrail-Digest_")
    )


def is_meant(name: str) -> bool:
    """True if a file's name says that it holds events."""
    return name.lower().endswith(_ENDINGS)


def may_hold(name: str, begin: datetime | None, end: datetime | None) -> bool:
    """False if the name of a log file tells that its events are out of the time asked for."""
    found = _DELIVERED.search(name)
    if found is None:
        return True
    delivered = datetime.strptime(found[1], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    if begin is not None and delivered + _EARLY < begin:
        return False
    return end is None or delivered - _LATE < end


def split_s3(url: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`. Raises UsageError."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise UsageError(f"{url} names no bucket: write s3://BUCKET/PREFIX")
    return bucket, prefix


class Bucket:
    """Objects of S3; to be closed.

    `profile` and `region` are those of the AWS configuration, if given.
    """

    def __init__(self, profile: str | None, region: str | None) -> None:
        from reactor.digest.transport import Limits, Transport

        region = aws_session(profile, region).get_config_variable("region") or "us-east-1"
        self._transport: Transport = Transport(
            region, _AT_ONCE, Limits(tries=8), session=lambda: aws_session(profile)
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def list(self, url: str) -> list[S3Object]:
        """The log files below a prefix. Raises UsageError."""
        from reactor.digest.transport import AccessError

        bucket, prefix = split_s3(url)
        try:
            found = [
                S3Object(bucket, entry.key, entry.size)
                for page in self._transport.pages(bucket, prefix)
                for entry in page
                if is_log(entry.key)
            ]
        except AccessError as error:
            raise UsageError(f"{url} can't be listed: {error}") from None
        if not found:
            raise UsageError(f"{url} holds no files to read")
        return found

    def chunks(self, objects: Iterable[S3Object]) -> Iterator[Chunk]:
        """Every object, in order, fetched some ahead."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            under_way: deque[tuple[int, Future[Chunk]]] = deque()
            ahead = 0
            try:
                for each in objects:
                    under_way.append((each.size, pool.submit(self._fetch, each)))
                    ahead += each.size
                    while under_way and (len(under_way) >= _AT_ONCE or ahead > _MOST_AHEAD):
                        size, future = under_way.popleft()
                        ahead -= size
                        yield future.result()
                while under_way:
                    yield under_way.popleft()[1].result()
            finally:
                for _, future in under_way:
                    future.cancel()

    def _fetch(self, each: S3Object) -> Chunk:
        from reactor.digest.transport import AccessError

        try:
            data = self._transport.get(each.bucket, each.key, _whole)
        except AccessError as error:
            return Chunk(each.name, None, each.size, f"it can't be read ({error})")
        return Chunk(each.name, data, each.size, meant=is_meant(each.key))


def _whole(body: Body) -> bytes:
    return b"".join(iter(lambda: body.read(1 << 20), b""))


def looked_up(client: Any, start: datetime | None, end: datetime | None) -> Iterator[Buffered]:
    """Management events of the last 90 days, a page a log. Raises UsageError.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    asked: dict[str, Any] = {}
    if start is not None:
        asked["StartTime"] = start
    if end is not None:
        asked["EndTime"] = end
    pages = iter(client.get_paginator("lookup_events").paginate(**asked))
    number = 0
    while True:
        page = called("events can't be looked up", lambda: next(pages, None))
        if page is None:
            return
        number += 1
        texts = [{"CloudTrailEvent": each.get("CloudTrailEvent")} for each in page["Events"]]
        data = json.dumps({"Events": texts}).encode()
        yield Buffered(f"LookupEvents, page {number}", len(data), data)


def called(what: str, call: Callable[[], T]) -> T:
    """The answer of a call to AWS. Raises UsageError."""
    from botocore.exceptions import BotoCoreError, ClientError

    from trailctl.aws_errors import told

    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"{what}: {told(error)}") from None
