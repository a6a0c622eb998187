"""Objects as they come over the wire: unpacked and hashed in pieces, never held whole."""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

_READ = 1 << 18
_UNPACKED = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS
_FLAGS_AT, _RESERVED = 3, 0xE0  # in a gzip header
# CloudTrail's files have 50 MB at most as they are stored.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
MAX_PACKED = 64 << 20
# Those 50 MB, packed forty to one: records pack six to one, near-equal ones twenty to one. Nothing
# of it is held in memory.
MAX_LOG = 2 << 30
# An entry takes about 450 bytes: this is some 150,000 log files in an hour. It is held in memory.
MAX_DIGEST = 64 << 20
# A digest of 500 log files or so. Many of this size are in memory at once; of larger ones, one.
SMALL_DIGEST = 256 << 10


class ContentError(Exception):
    """The bytes are not what CloudTrail writes; the message says in which way."""


class SizeError(ContentError):
    """There are more bytes than CloudTrail writes."""


class LateError(Exception):
    """The time to spend on it is over."""


class Readable(Protocol):
    """A source of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class Inflating(Protocol):
    """An object that uncompresses one gzip member, like zlib's."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Inflater(NamedTuple):
    """A library that uncompresses: the maker of its objects, which takes zlib's `wbits`, and its
    error.
    """

    make: Callable[[int], Inflating]
    error: type[Exception]


ZLIB = Inflater(zlib.decompressobj, zlib.error)


def sha256_of_gzip(
    body: Readable,
    inflater: Inflater = ZLIB,
    limit: int = MAX_LOG,
    deadline: float = math.inf,
) -> str:
    """The hash (hexadecimal) of a gzip file's content.

    Raises ContentError, SizeError above the limit, and LateError after the deadline (seconds of
    time.monotonic). The file must be one complete member with the right checksum and nothing after
    it: bytes that a reader would skip are bytes that somebody added.
    """
    digest = hashlib.sha256()
    _inflate(body, inflater, digest.update, limit, deadline)
    return digest.hexdigest()


def gunzip(body: Readable, inflater: Inflater = ZLIB, limit: int = MAX_DIGEST) -> bytes:
    """The content of a gzip file. Raises ContentError, and SizeError above the limit."""
    chunks: list[bytes] = []
    _inflate(body, inflater, chunks.append, limit, math.inf)
    return b"".join(chunks)


def refuse_large(headers: Mapping[str, str]) -> None:
    """Raises SizeError for an answer that is larger than any file of CloudTrail's, before it is
    read.
    """
    length = headers.get("content-length") or "0"
    if length.isdigit() and int(length) > MAX_PACKED:
        raise SizeError(f"it is larger than {MAX_PACKED >> 20} MB")


def _inflate(
    body: Readable,
    inflater: Inflater,
    take: Callable[[bytes], object],
    limit: int,
    deadline: float,
) -> None:
    inflate = inflater.make(_GZIP)
    to_flags = _FLAGS_AT
    received = size = 0
    try:
        while packed := body.read(_READ):
            received += len(packed)
            if received > MAX_PACKED:
                raise SizeError(f"it is larger than {MAX_PACKED >> 20} MB")
            # Libraries differ about flags that have no meaning yet.
            if 0 <= to_flags < len(packed) and packed[to_flags] & _RESERVED:
                raise ContentError("it can't be uncompressed")
            to_flags -= len(packed)
            if inflate.eof:
                raise ContentError("there are bytes after the end of the compressed stream")
            while packed and not inflate.eof:
                chunk = inflate.decompress(packed, _UNPACKED)
                size += len(chunk)
                if size > limit:
                    raise SizeError(f"it is larger than {limit / (1 << 20):g} MB uncompressed")
                if time.monotonic() > deadline:
                    raise LateError
                take(chunk)
                packed = inflate.unconsumed_tail
    except inflater.error:
        raise ContentError("it can't be uncompressed") from None
    if not inflate.eof:
        raise ContentError("the compressed stream ends too early")
    if inflate.unused_data:
        raise ContentError("there are bytes after the end of the compressed stream")
