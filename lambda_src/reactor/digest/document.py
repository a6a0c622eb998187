"""Digest files: their content, and the part of it that their signature covers.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

ALGORITHM, HASH = "SHA256withRSA", "SHA-256"
_HEAD_BYTES = 1 << 16


class DigestFormatError(ValueError):
    """The bytes are no digest file; the message says why."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A log file as a digest names it; `hash` is of its uncompressed content, hexadecimal."""

    bucket: str
    key: str
    hash: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The digest before this one, as this one names it."""

    bucket: str
    key: str
    hash: str
    signature: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest file's content.

    `hash` is of all its bytes. `end_text` is the end as it stands in the file, since CloudTrail
    signs that text.
    """

    account: str
    bucket: str
    key: str
    start: datetime
    end: datetime
    end_text: str
    fingerprint: str
    hash: str
    previous: Previous | None
    logs: tuple[LogEntry, ...]

    def signed(self) -> bytes:
        """The text that CloudTrail signs."""
        before = self.previous.signature if self.previous else "null"
        return f"{self.end_text}\n{self.bucket}/{self.key}\n{self.hash}\n{before}".encode()


def parse(content: bytes) -> Digest:
    """Reads a digest file's uncompressed content; raises DigestFormatError."""
    try:
        # Decoded here: json takes UTF-16 and lone surrogates, which CloudTrail never writes.
        data = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise DigestFormatError("its content is no JSON") from None
    if not isinstance(data, dict):
        raise DigestFormatError("its content is no JSON object")
    end_text = _text(data, "digestEndTime")
    if data.get("digestSignatureAlgorithm", ALGORITHM) != ALGORITHM:
        raise DigestFormatError(f"it is signed with another algorithm than {ALGORITHM}")
    logs = data.get("logFiles") or []
    if not isinstance(logs, list) or not all(isinstance(each, dict) for each in logs):
        raise DigestFormatError("logFiles is no list of log files")
    return Digest(
        account=_text(data, "awsAccountId"),
        bucket=_text(data, "digestS3Bucket"),
        key=_text(data, "digestS3Object"),
        start=_time(_text(data, "digestStartTime")),
        end=_time(end_text),
        end_text=end_text,
        fingerprint=_text(data, "digestPublicKeyFingerprint"),
        hash=hashlib.sha256(content).hexdigest(),
        previous=_previous(data),
        logs=tuple(_log(each) for each in logs),
    )


def parse_head(content: bytes) -> Digest:
    """A digest file without its log files, which come last: what its signature needs.

    JSON can take twenty times its size in memory, so a large file is read whole only if CloudTrail
    signed it. Raises DigestFormatError.
    """
    head, found, _ = content[:_HEAD_BYTES].partition(b'"logFiles"')
    if not found:
        raise DigestFormatError("it does not begin as a digest does")
    digest = parse(head.rstrip().removesuffix(b",") + b"}")
    return replace(digest, hash=hashlib.sha256(content).hexdigest())


def _previous(data: Mapping[str, Any]) -> Previous | None:
    names = ("S3Bucket", "S3Object", "HashValue", "Signature")
    missing = [name for name in names if f"previousDigest{name}" not in data]
    if missing:
        raise DigestFormatError(f"previousDigest{missing[0]} is missing")
    if all(data[f"previousDigest{name}"] is None for name in names):
        return None
    if data.get("previousDigestHashAlgorithm", HASH) != HASH:
        raise DigestFormatError(f"the digest before it has another hash than {HASH}")
    bucket, key, digest_hash, signature = (_text(data, f"previousDigest{name}") for name in names)
    return Previous(bucket, key, digest_hash, signature)


def _log(entry: Mapping[str, Any]) -> LogEntry:
    if entry.get("hashAlgorithm", HASH) != HASH:
        raise DigestFormatError(f"a log file has another hash than {HASH}")
    return LogEntry(_text(entry, "s3Bucket"), _text(entry, "s3Object"), _text(entry, "hashValue"))


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise DigestFormatError(f"{name} is missing")
    if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
        raise DigestFormatError(f"{name} is no text")
    return value


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DigestFormatError(f"{text[:64]!r} is no time") from None


def _no_constant(name: str) -> None:
    """Refuses NaN and the like, which are no JSON."""
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses two members of one name, since they can be read in two ways."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found
