"""The bytes of log and digest files, their names and metadata.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.cloudtrail.trailwriter.names import Named
from localaws.cloudtrail.trailwriter.signing import SigningKey

_ALGORITHM, _HASH = "SHA256withRSA", "SHA-256"


@dataclass(frozen=True)
class Stored:
    """An object to be written; all of CloudTrail's are gzipped JSON."""

    bucket: str
    key: str
    body: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)


Put = Callable[[Stored], None]


@dataclass(frozen=True, slots=True)
class LogBody:
    """A log file's bytes, the hash of its uncompressed content, and the times of its events."""

    body: bytes
    hash: str
    oldest: str | None
    newest: str | None


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file that was delivered."""

    bucket: str
    key: str
    hash: str
    oldest: str | None
    newest: str | None


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The digest that the next one names."""

    bucket: str
    key: str
    hash: str
    signature: str


def log_body(records: Sequence[Mapping[str, Any]], level: int = 6) -> LogBody:
    """The file that holds these records."""
    content = json.dumps({"Records": records}, separators=(",", ":"), default=str).encode()
    times = sorted(str(r["eventTime"]) for r in records if r.get("eventTime"))
    return LogBody(
        gzip.compress(content, level, mtime=0),
        hashlib.sha256(content).hexdigest(),
        times[0] if times else None,
        times[-1] if times else None,
    )


def digest_file(
    place: Named,
    start: datetime,
    end: datetime,
    logs: Iterable[LogFile],
    previous: ChainEnd | None,
    key: SigningKey,
    backfilled: datetime | None = None,
) -> tuple[Stored, ChainEnd]:
    """A digest of the log files delivered from `start` to `end`, and what the next one names.

    Without `previous` it starts a chain. `backfilled` makes it one for late log files, written at
    that time.
    """
    logs = list(logs)
    times = sorted(t for log in logs for t in (log.oldest, log.newest) if t)
    name = place.digest_key(end, backfill=backfilled is not None)
    document = {
        "awsAccountId": place.account,
        "digestStartTime": _iso(start),
        "digestEndTime": _iso(end),
        "digestS3Bucket": place.bucket,
        "digestS3Object": name,
        "digestPublicKeyFingerprint": key.fingerprint,
        "digestSignatureAlgorithm": _ALGORITHM,
        "newestEventTime": times[-1] if times else None,
        "oldestEventTime": times[0] if times else None,
        "previousDigestS3Bucket": previous.bucket if previous else None,
        "previousDigestS3Object": previous.key if previous else None,
        "previousDigestHashValue": previous.hash if previous else None,
        "previousDigestHashAlgorithm": _HASH if previous else None,
        "previousDigestSignature": previous.signature if previous else None,
        "logFiles": [
            {
                "s3Bucket": log.bucket,
                "s3Object": log.key,
                "hashValue": log.hash,
                "hashAlgorithm": _HASH,
                "newestEventTime": log.newest,
                "oldestEventTime": log.oldest,
            }
            for log in logs
        ],
    }
    return sign_digest(document, key, backfilled)


def sign_digest(
    document: Mapping[str, Any], key: SigningKey, backfilled: datetime | None = None
) -> tuple[Stored, ChainEnd]:
    """The object of a digest document, signed, and what the next digest names of it."""
    content = json.dumps(document, separators=(",", ":")).encode()
    bucket, name = document["digestS3Bucket"], document["digestS3Object"]
    content_hash = hashlib.sha256(content).hexdigest()
    before = document["previousDigestSignature"] or "null"
    text = f"{document['digestEndTime']}\n{bucket}/{name}\n{content_hash}\n{before}"
    signature = key.sign(text.encode())
    metadata = {"signature": signature, "signature-algorithm": _ALGORITHM}
    if backfilled is not None:
        metadata["backfill-generation-timestamp"] = _iso(backfilled)
    stored = Stored(bucket, name, gzip.compress(content, 6, mtime=0), metadata)
    return stored, ChainEnd(bucket, name, content_hash, signature)


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
