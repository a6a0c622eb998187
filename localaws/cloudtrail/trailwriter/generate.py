"""A whole range of a trail at once: for tests, and for what needs days of log files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from localaws.cloudtrail.trailwriter.files import (
    ChainEnd,
    LogBody,
    LogFile,
    Put,
    Stored,
    digest_file,
)
from localaws.cloudtrail.trailwriter.names import Named
from localaws.cloudtrail.trailwriter.signing import SigningKey

SLOT = timedelta(minutes=5)
HOUR = timedelta(hours=1)


def write_log(put: Put, place: Named, time: datetime, unique: str, body: LogBody) -> LogFile:
    """Write one log file."""
    name = place.log_key(time, unique)
    put(Stored(place.bucket, name, body.body))
    return LogFile(place.bucket, name, body.hash, body.oldest, body.newest)


def write_range(
    put: Put,
    place: Named,
    key: SigningKey,
    start: datetime,
    end: datetime,
    bodies: Callable[[datetime], Sequence[LogBody]],
    previous: ChainEnd | None = None,
) -> ChainEnd:
    """Log files of every five minutes, and the digest of every hour, from `start` to `end`.

    `bodies` gives the log files of the five minutes that end then. Without `previous` the first
    digest starts a chain; where `end` is no whole hour later, the last is the final one of a trail
    that was stopped. Returns what a next digest would name.
    """
    end_of_chain = previous
    while start < end:
        until = min(start + HOUR, end)
        logs = []
        slot = start + SLOT
        while slot <= until:
            for number, body in enumerate(bodies(slot)):
                logs.append(write_log(put, place, slot, f"{_unique(slot, number)}", body))
            slot += SLOT
        stored, end_of_chain = digest_file(place, start, until, logs, end_of_chain, key)
        put(stored)
        start = until
    if end_of_chain is None:
        raise ValueError("a range must end after it starts")
    return end_of_chain


def write_backfill(
    put: Put,
    place: Named,
    key: SigningKey,
    end: datetime,
    body: LogBody,
    made: datetime,
    previous: ChainEnd | None = None,
) -> ChainEnd:
    """A log file of the hour that ends then, delivered late, and its backfill digest."""
    log = write_log(put, place, end - SLOT, f"{_unique(end, 0)}late", body)
    stored, chain = digest_file(place, end - HOUR, end, [log], previous, key, made)
    put(stored)
    return chain


def _unique(slot: datetime, number: int) -> str:
    """What CloudTrail draws at random, the same at every run."""
    return f"{int(slot.timestamp()) * 1_000_003 % 36**8:08x}{number:04d}"
