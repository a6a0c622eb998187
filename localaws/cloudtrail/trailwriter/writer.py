"""The trails' log files and digests, written as the local AWS's clock goes on.

Log files are of five minutes by the clock, digests of an hour from the moment that logging began.
CloudTrail writes digests in every Region of a trail; here a Region's chain begins with the first
call there (reaching back to the start of logging), the home Region's with logging itself.
"""

from __future__ import annotations

import logging
import secrets
import string
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from localaws.clock import MovableClock
from localaws.cloudtrail.trailwriter.files import ChainEnd, LogFile, Stored, digest_file, log_body
from localaws.cloudtrail.trailwriter.generate import HOUR, SLOT, write_log
from localaws.cloudtrail.trailwriter.names import Place
from localaws.cloudtrail.trailwriter.signing import SigningKeys

_log = logging.getLogger(__name__)
_ALPHABET = string.ascii_letters + string.digits
_SECOND = timedelta(seconds=1)


class Logged(Protocol):
    """What the writer asks of a trail."""

    name: str
    account: str
    home_region: str
    arn: str
    settings: dict[str, Any]
    logging: bool


class Storing(Protocol):
    """Puts an object: CloudTrail's account and Region, the object, the trail's KMS key if any."""

    def __call__(self, account: str, region: str, stored: Stored, kms_key: str | None) -> None: ...


@dataclass
class _Flow:
    """One Region of a trail that logs: what waits to be written, and where its chain ends."""

    place: Place
    since: datetime
    """The end of the last digest, or the start of logging."""
    chain: ChainEnd | None = None
    late_chain: ChainEnd | None = None
    waiting: dict[datetime, list[Mapping[str, Any]]] = field(default_factory=dict)
    delivered: list[LogFile] = field(default_factory=list)
    late: dict[datetime, list[LogFile]] = field(default_factory=dict)
    late_ends: set[datetime] = field(default_factory=set)


@dataclass
class _Session:
    """A trail from the start of logging to its end."""

    account: str
    home_region: str
    kms_key: str | None
    validates: bool
    started: datetime
    flows: dict[str, _Flow] = field(default_factory=dict)


class TrailWriter:
    """Writes on a thread of its own, in the order of what it was told."""

    def __init__(
        self,
        clock: MovableClock,
        keys: SigningKeys,
        trails: Callable[[], Iterable[Logged]],
        store: Storing,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._trails = trails
        self._store = store
        self._sessions: dict[str, _Session] = {}
        self._told: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trail writer", daemon=True)
        clock.tell(self._wake)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is not written yet is lost, like the rest of the local AWS."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(5)

    def add(
        self, time: datetime, region: str, record: Mapping[str, Any], arns: Iterable[str]
    ) -> None:
        """A record that these trails log."""
        names = tuple(arns)
        self._tell(lambda: self._add(time, region, record, names))

    def look(self, time: datetime) -> None:
        """Trails may have been made, started, stopped, changed or deleted at that time."""
        states = [(t.arn, *_state(t)) for t in self._trails() if t.logging]
        self._tell(lambda: self._look(time, states))

    def reset(self) -> None:
        """Forget all trails."""
        self._tell(self._sessions.clear)

    def drain(self, seconds: float) -> bool:
        """Wait until all that is due is written; False where that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or self._idle(), seconds)

    # On the writer's thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                while not self._closed and self._idle():
                    self._changed.wait(self._seconds_to_next())
                if self._closed:
                    return
                self._busy = True
                work = self._told.popleft() if self._told else self._catch_up
            try:
                work()
            except Exception:
                # A bucket that is gone must not end the writing to all others.
                _log.exception("the trail writer failed")

    def _tell(self, work: Callable[[], None]) -> None:
        with self._changed:
            self._told.append(work)
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _idle(self) -> bool:
        return not self._busy and not self._told and self._seconds_to_next() > 0

    def _seconds_to_next(self) -> float:
        due = [
            each
            for session in self._sessions.values()
            for flow in session.flows.values()
            for each in (flow.since + HOUR, *flow.waiting)
        ]
        if not due:
            return 3600.0
        return min((min(due) - self._clock.now()).total_seconds(), 3600.0)

    def _catch_up(self) -> None:
        now = self._clock.now()
        for session in tuple(self._sessions.values()):
            self._advance(session, now)

    def _look(self, time: datetime, states: Iterable[tuple[str, Place, str | None, bool]]) -> None:
        now = {arn: (place, kms_key, validates) for arn, place, kms_key, validates in states}
        time = time.replace(microsecond=0)
        for arn, session in tuple(self._sessions.items()):
            self._advance(session, time)
            if arn not in now or now[arn][2] != session.validates:
                self._end(session, time)
                del self._sessions[arn]
        for arn, (place, kms_key, validates) in now.items():
            known = self._sessions.get(arn)
            if known is None:
                known = _Session(place.account, place.home_region, kms_key, validates, time)
                self._sessions[arn] = known
                known.flows[place.home_region] = _Flow(place, time)
            known.kms_key = kms_key
            for region, flow in known.flows.items():
                flow.place = replace(place, region=region)

    def _add(
        self, time: datetime, region: str, record: Mapping[str, Any], arns: Iterable[str]
    ) -> None:
        for arn in arns:
            session = self._sessions.get(arn)
            if session is None:
                continue
            self._advance(session, time)
            flow = session.flows.get(region)
            if flow is None:
                home = session.flows[session.home_region].place
                flow = _Flow(replace(home, region=region), session.started)
                session.flows[region] = flow
                self._advance(session, time)
            flow.waiting.setdefault(_slot_end(time), []).append(record)

    # Writing

    def _advance(self, session: _Session, now: datetime) -> None:
        """Write all that was due by then, in the order of its time."""
        for flow in session.flows.values():
            while True:
                slot = min(flow.waiting, default=None)
                hour = flow.since + HOUR
                if slot is not None and slot <= min(hour, now):
                    self._write_log(session, flow, slot, slot)
                elif hour <= now:
                    self._write_digest(session, flow, hour)
                else:
                    break

    def _end(self, session: _Session, time: datetime) -> None:
        """Logging, or validation, ends: what waits is delivered, and the last digest is final."""
        for flow in session.flows.values():
            for slot in sorted(flow.waiting):
                self._write_log(session, flow, slot, time)
            if flow.since < time:
                self._write_digest(session, flow, time)

    def _write_log(
        self, session: _Session, flow: _Flow, slot: datetime, delivered: datetime
    ) -> None:
        records = flow.waiting.pop(slot)
        unique = "".join(secrets.choice(_ALPHABET) for _ in range(16))
        log = write_log(
            lambda stored: self._put(session, stored),
            flow.place,
            min(slot, delivered),
            unique,
            log_body(records),
        )
        if slot <= flow.since and flow.since > session.started:
            flow.late.setdefault(_hour_of(slot, session.started), []).append(log)
        else:
            flow.delivered.append(log)

    def _write_digest(self, session: _Session, flow: _Flow, end: datetime) -> None:
        logs, flow.delivered = flow.delivered, []
        late, flow.late = flow.late, {}
        start, flow.since = flow.since, end
        if not session.validates:
            return
        key = self._keys.of(flow.place.region)
        stored, flow.chain = digest_file(flow.place, start, end, logs, flow.chain, key)
        self._put(session, stored)
        for hour, logs in sorted(late.items()):
            ends = hour
            while ends in flow.late_ends:
                ends += _SECOND  # each backfill digest has a name of its own
            flow.late_ends.add(ends)
            stored, flow.late_chain = digest_file(
                flow.place, hour - HOUR, ends, logs, flow.late_chain, key, backfilled=end
            )
            self._put(session, stored)

    def _put(self, session: _Session, stored: Stored) -> None:
        try:
            self._store(session.account, session.home_region, stored, session.kms_key)
        except Exception as error:
            _log.warning("s3://%s/%s could not be written: %s", stored.bucket, stored.key, error)


def _state(trail: Logged) -> tuple[Place, str | None, bool]:
    settings = trail.settings
    place = Place(
        bucket=str(settings.get("S3BucketName") or ""),
        account=trail.account,
        region=trail.home_region,
        trail_name=trail.name,
        home_region=trail.home_region,
        prefix=str(settings.get("S3KeyPrefix") or "").strip("/"),
    )
    return place, settings.get("KmsKeyId"), bool(settings.get("LogFileValidationEnabled"))


def _slot_end(time: datetime) -> datetime:
    """The end of the five minutes that a time is in."""
    start = time.replace(minute=time.minute - time.minute % 5, second=0, microsecond=0)
    return start + SLOT


def _hour_of(slot: datetime, started: datetime) -> datetime:
    """The end of the digest's hour that a slot belongs to."""
    hours = max(1, -(-(slot - started) // HOUR))
    return started + hours * HOUR
