"""Where events come from: files, folders, an S3 prefix, or CloudTrail's LookupEvents."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from trailctl.errors import UsageError

T = TypeVar("T")
_ENDINGS = (".json", ".json.gz")
_AT_ONCE = 16  # objects of S3 that are on their way while one is looked at


@dataclass(frozen=True)
class Chunk:
    """The bytes of one file, or why there are none. `size` is that of the file as it lies there."""

    name: str
    data: bytes | None
    size: int
    error: str = ""


@dataclass(frozen=True)
class LocalFile:
    """A file by its path; `size` in bytes."""

    path: str
    size: int

    def read(self) -> Chunk:
        """Its bytes, or what was in the way."""
        try:
            return Chunk(self.path, Path(self.path).read_bytes(), self.size)
        except OSError as error:
            return Chunk(self.path, None, self.size, f"it can't be read ({error.strerror})")


def local_files(paths: Sequence[str]) -> list[LocalFile]:
    """Files named, and log files below folders named, each once, in order.

    Digests, which hold no events, are left out of folders. Raises UsageError.
    """
    found: dict[str, LocalFile] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(
                str(Path(folder) / name)
                for folder, _, names in os.walk(path)
                for name in names
                if is_log(str(Path(folder) / name))
            )
            if not inside:
                raise UsageError(f"{given} holds no log files (*.json, *.json.gz)")
        elif path.exists():
            inside = [given]
        else:
            raise UsageError(f"{given}: there is no such file or folder")
        for each in inside:
            key = str(Path(each).resolve())
            if key not in found:
                found[key] = LocalFile(each, Path(each).stat().st_size)
    return list(found.values())


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


def s3_objects(client: Any, url: str) -> list[tuple[str, int]]:
    """Keys and sizes of the log files below a prefix. Raises UsageError."""
    bucket, prefix = split_s3(url)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = called(
        f"{url} can't be listed",
        lambda: [
            (str(each["Key"]), int(each["Size"]))
            for page in pages
            for each in page.get("Contents", ())
            if is_log(each["Key"])
        ],
    )
    if not found:
        raise UsageError(f"{url} holds no log files (*.json, *.json.gz)")
    return found


def s3_chunks(client: Any, url: str, objects: Sequence[tuple[str, int]]) -> Iterator[Chunk]:
    """Every object, in order, fetched some ahead."""
    bucket, _ = split_s3(url)

    def fetch(key: str, size: int) -> Chunk:
        from botocore.exceptions import BotoCoreError, ClientError

        name = f"s3://{bucket}/{key}"
        try:
            answer = client.get_object(Bucket=bucket, Key=key)
            return Chunk(name, answer["Body"].read(), size)
        except (BotoCoreError, ClientError, OSError) as error:
            return Chunk(name, None, size, f"it can't be read ({error})")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        under_way: deque[Future[Chunk]] = deque()
        try:
            for key, size in objects:
                under_way.append(pool.submit(fetch, key, size))
                if len(under_way) >= _AT_ONCE:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


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
