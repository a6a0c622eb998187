"""Objects as they come over the wire: unpacked and hashed in pieces, never held whole."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

_READ = 1 << 18
_UNPACKED = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS
_FLAGS_AT, _RESERVED = 3, 0xE0  # in a gzip header
MAX_DIGEST = 256 << 20


class ContentError(Exception):
    """The bytes are not what CloudTrail writes; the message says in which way."""


class Readable(Protocol):
    """What has bytes to read."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class Inflating(Protocol):
    """What uncompresses one gzip member, as zlib's objects do."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Inflater(NamedTuple):
    """A library to uncompress with: what makes its objects, given zlib's `wbits`; its error."""

    make: Callable[[int], Inflating]
    error: type[Exception]


ZLIB = Inflater(zlib.decompressobj, zlib.error)


def sha256_of_gzip(body: Readable, inflater: Inflater = ZLIB) -> str:
    """The hash of what a gzip file holds, hexadecimal. Raises ContentError.

    One member, complete, with its checksum right and nothing after it: bytes that a reader would
    skip are bytes that somebody added.
    """
    digest = hashlib.sha256()
    _inflate(body, inflater, digest.update)
    return digest.hexdigest()


def gunzip(body: Readable, inflater: Inflater = ZLIB, limit: int = MAX_DIGEST) -> bytes:
    """What a gzip file holds. Raises ContentError, also above the limit."""
    chunks: list[bytes] = []
    size = 0

    def keep(chunk: bytes) -> None:
        nonlocal size
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise ContentError(f"it is larger than {limit >> 20} MB uncompressed")

    _inflate(body, inflater, keep)
    return b"".join(chunks)


def _inflate(body: Readable, inflater: Inflater, take: Callable[[bytes], object]) -> None:
    inflate = inflater.make(_GZIP)
    to_flags = _FLAGS_AT
    try:
        while packed := body.read(_READ):
            # Libraries differ about flags that nobody has given a meaning yet.
            if 0 <= to_flags < len(packed) and packed[to_flags] & _RESERVED:
                raise ContentError("it can't be uncompressed")
            to_flags -= len(packed)
            if inflate.eof:
                raise ContentError("there are bytes after the end of the compressed stream")
            while packed and not inflate.eof:
                take(inflate.decompress(packed, _UNPACKED))
                packed = inflate.unconsumed_tail
    except inflater.error:
        raise ContentError("it can't be uncompressed") from None
    if not inflate.eof:
        raise ContentError("the compressed stream ends too early")
    if inflate.unused_data:
        raise ContentError("there are bytes after the end of the compressed stream")
