"""Objects as they come over the wire: unpacked and hashed in pieces, never held whole."""

from __future__ import annotations

import hashlib
import zlib
from typing import Protocol

_READ = 1 << 16
_UNPACKED = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS
MAX_DIGEST = 256 << 20


class ContentError(Exception):
    """The bytes are not what CloudTrail writes; the message says in which way."""


class Readable(Protocol):
    """What has bytes to read."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


def sha256_of_gzip(body: Readable) -> str:
    """The hash of what a gzip file holds, hexadecimal. Raises ContentError.

    One member, complete, with its checksum right and nothing after it: bytes that a reader would
    skip are bytes that somebody added.
    """
    digest = hashlib.sha256()
    inflate = zlib.decompressobj(_GZIP)
    try:
        while packed := body.read(_READ):
            if inflate.eof:
                raise ContentError("there are bytes after the end of the compressed stream")
            while packed and not inflate.eof:
                digest.update(inflate.decompress(packed, _UNPACKED))
                packed = inflate.unconsumed_tail
    except zlib.error:
        raise ContentError("it can't be uncompressed") from None
    _check_end(inflate)
    return digest.hexdigest()


def gunzip(body: Readable, limit: int = MAX_DIGEST) -> bytes:
    """What a gzip file holds. Raises ContentError, also above the limit."""
    inflate = zlib.decompressobj(_GZIP)
    chunks: list[bytes] = []
    size = 0
    try:
        while packed := body.read(_READ):
            if inflate.eof:
                raise ContentError("there are bytes after the end of the compressed stream")
            while packed and not inflate.eof:
                chunks.append(inflate.decompress(packed, _UNPACKED))
                packed = inflate.unconsumed_tail
                size += len(chunks[-1])
                if size > limit:
                    raise ContentError(f"it is larger than {limit >> 20} MB uncompressed")
    except zlib.error:
        raise ContentError("it can't be uncompressed") from None
    _check_end(inflate)
    return b"".join(chunks)


class _Inflating(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def _check_end(inflate: _Inflating) -> None:
    if not inflate.eof:
        raise ContentError("the compressed stream ends too early")
    if inflate.unused_data:
        raise ContentError("there are bytes after the end of the compressed stream")
