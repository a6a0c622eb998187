"""Where events come from: files, folders, an S3 prefix, or CloudTrail's LookupEvents."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from trailctl.errors import UsageError
from trailctl.session import aws_session

if TYPE_CHECKING:
    from reactor.digest.transport import Body, Transport

T = TypeVar("T")
_ENDINGS = (".json", ".json.gz")
# Objects of S3 that are on their way while one is looked at, by number and by bytes.
_AT_ONCE = 64
_MOST_AHEAD = 64_000_000


class Chunk(NamedTuple):
    """The bytes of one file, or why there are none. `size` is that of the file as it lies there."""

    name: str
    data: bytes | None
    size: int
    error: str = ""


class LocalFile(NamedTuple):
    """A file by its path; `size` in bytes."""

    path: str
    size: int

    def read(self) -> Chunk:
        """Its bytes, or what was in the way."""
        try:
            with FileIO(self.path) as file:
                return Chunk(self.path, file.readall(), self.size)
        except OSError as error:
            return Chunk(self.path, None, self.size, f"it can't be read ({error.strerror})")


class S3Object(NamedTuple):
    """An object by its bucket and key; `size` in bytes."""

    bucket: str
    key: str
    size: int


def local_files(paths: Sequence[str]) -> list[LocalFile]:
    """Files named, and log files below folders named, each once, in order.

    Digests, which hold no events, are left out of folders. Raises UsageError.
    """
    found: dict[str, LocalFile] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(_below(str(path)))
            if not inside:
                raise UsageError(f"{given} holds no log files (*.json, *.json.gz)")
        elif path.exists():
            inside = [(given, os.path.realpath(given))]
        else:
            raise UsageError(f"{given}: there is no such file or folder")
        for each, real in inside:
            if real not in found:
                found[real] = LocalFile(each, _size(each))
    return list(found.values())


def _below(folder: str) -> Iterator[tuple[str, str]]:
    """The log files below a folder, each with its real path. Links to folders are not followed."""
    folders = [folder]
    while folders:
        folder = folders.pop()
        # A file's real path is its folder's and its name, but for links.
        real = os.path.realpath(folder)
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif is_log(entry.path) and not entry.is_dir():
                link = entry.is_symlink()
                yield entry.path, os.path.realpath(entry.path) if link else f"{real}/{entry.name}"


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a hundred thousand of them, one by one
    except OSError:
        return 0  # whoever reads it will tell


def is_log(name: str) -> bool:
    """Whether a name is that of a log file; digests lie beside them and are none."""
    return name.endswith(_ENDINGS) and not any(
        mark in name for mark in ("/CloudTrail-Digest/", "_CloudTrail-Digest_")
    )


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

        region = region or aws_session(profile).get_config_variable("region") or "us-east-1"
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
            raise UsageError(f"{url} holds no log files (*.json, *.json.gz)")
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

        name = f"s3://{each.bucket}/{each.key}"
        try:
            return Chunk(name, self._transport.get(each.bucket, each.key, _whole), each.size)
        except AccessError as error:
            return Chunk(name, None, each.size, f"it can't be read ({error})")


def _whole(body: Body) -> bytes:
    return b"".join(iter(lambda: body.read(1 << 20), b""))


def looked_up(client: Any, start: datetime | None, end: datetime | None) -> Iterator[Chunk]:
    """Management events of the last 90 days, a page a chunk. Raises UsageError.

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
        yield Chunk(f"LookupEvents, page {number}", data, len(data))


def called(what: str, call: Callable[[], T]) -> T:
    """What a call to AWS gives. Raises UsageError with AWS's own words."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"{what}: {error}") from None
