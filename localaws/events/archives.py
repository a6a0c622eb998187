"""EventBridge's archives and replays: what a bus got is kept, and played again on request.

The emulator keeps the archives' settings; what is in them is kept here, since events pass the
emulator by. An archive holds at most `MOST_EVENTS`; older ones make room.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from reactor.patterns import EventPattern, PatternError
from reactor.patterns.envelope import is_read_only_management

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.events.router import Router
from localaws.wire.clients import InProcessClients
from localaws.wire.partition import partition
from localaws.wire.parts import Json

_log = logging.getLogger(__name__)

MOST_EVENTS = 20_000


@dataclass(frozen=True, slots=True)
class _Archive:
    """An archive's settings. Without a pattern it takes every event."""

    arn: str
    bus_arn: str
    pattern: EventPattern | None
    days: int

    def takes(self, event: Json, bus_arn: str) -> bool:
        return bus_arn == self.bus_arn and (self.pattern is None or self.pattern.matches(event))


@dataclass(slots=True)
class _Content:
    """Events in the order they came, each with its time and when it was archived."""

    events: deque[tuple[datetime, datetime, bytes]] = field(default_factory=deque)
    size: int = 0

    def add(self, time: datetime, now: datetime, event: Json) -> None:
        written = json.dumps(event, separators=(",", ":"), default=str).encode()
        self.events.append((time, now, written))
        self.size += len(written)
        while len(self.events) > MOST_EVENTS:
            self._drop()

    def expire(self, before: datetime) -> None:
        while self.events and self.events[0][1] < before:
            self._drop()

    def _drop(self) -> None:
        self.size -= len(self.events.popleft()[2])


class Archives:
    """The content of all archives, and the replays made of it."""

    def __init__(
        self,
        aws: InProcessClients,
        clock: MovableClock,
        router: Callable[[], Router],
        report: Callable[[Activity], None],
    ) -> None:
        self._aws = aws
        self._clock = clock
        self._router = router
        self._report = report
        self._lock = threading.Lock()
        # Where archives may be: elsewhere nothing is asked, so that they cost only who has them.
        self._places: set[tuple[str, str]] = set()
        self._known: dict[tuple[str, str], list[_Archive]] = {}
        self._contents: dict[str, _Content] = {}
        self._replays: dict[str, Json] = {}

    def reset(self) -> None:
        with self._lock:
            for kept in (self._places, self._known, self._contents, self._replays):
                kept.clear()

    def observe(self, service: str, operation: str, account: str, region: str) -> None:
        """An API call was made: read the archives again where it may have changed one."""
        if service == "cloudformation" or (service == "events" and operation.endswith("Archive")):
            if operation.startswith(("Describe", "Get", "List")):
                return
            with self._lock:
                self._places.add((account, region))
                self._known.pop((account, region), None)

    def arrived(self, event: Json, account: str, region: str, bus: str) -> None:
        """A bus got an event: keep it in every archive of the bus that takes it.

        Like the rule that EventBridge manages for an archive, it leaves replayed events out and
        read-only management events too.
        """
        if (account, region) not in self._places:
            return
        if "replay-name" in event or is_read_only_management(event):
            return
        try:
            archives = self._archives(account, region)
        except (ClientError, BotoCoreError) as error:
            _log.warning("archives of %s in %s can't be read: %s", account, region, error)
            return
        bus_arn = f"arn:{partition(region)}:events:{region}:{account}:event-bus/{bus}"
        taking = [archive for archive in archives if archive.takes(event, bus_arn)]
        now = self._clock.now()
        with self._lock:
            for archive in taking:
                content = self._contents.setdefault(archive.arn, _Content())
                content.add(_time(event, now), now, event)

    # --- what the API says ----------------------------------------------------------------------

    def described(self, archive: Json, account: str, region: str) -> Json:
        """An answer's archive with its true count and size."""
        arn = f"arn:{partition(region)}:events:{region}:{account}:archive/{archive['ArchiveName']}"
        days = int(archive.get("RetentionDays") or 0)
        with self._lock:
            content = self._contents.get(arn, _Content())
            if days:
                content.expire(self._clock.now() - timedelta(days=days))
            return archive | {"EventCount": len(content.events), "SizeBytes": content.size}

    def deleted(self, name: str, account: str, region: str) -> None:
        with self._lock:
            self._contents.pop(
                f"arn:{partition(region)}:events:{region}:{account}:archive/{name}", None
            )

    def replay(self, arn: str, parameters: Json, account: str, region: str) -> int:
        """Play an archive's events of a time again, to all rules of its bus or to those named.

        Returns how many. Events keep their ids and times and gain `replay-name`.
        """
        name, bus_arn = parameters["ReplayName"], parameters["Destination"]["Arn"]
        only = parameters["Destination"].get("FilterArns")
        # Events know seconds: the second in which a time lies counts as a whole.
        first = _utc(parameters["EventStartTime"]).replace(microsecond=0)
        last = _utc(parameters["EventEndTime"])
        began = self._clock.now()
        with self._lock:
            content = self._contents.get(parameters["EventSourceArn"], _Content())
            chosen = sorted(
                ((time, n, event) for n, (time, _, event) in enumerate(content.events)
                 if first <= time <= last)
            )  # fmt: skip
        for _, _, event in chosen:
            self._router().put(
                json.loads(event) | {"replay-name": name},
                account=account,
                region=region,
                bus=bus_arn.rpartition("/")[2],
                only=frozenset(only) if only else None,
            )
        now = self._clock.now()
        replayed: Json = {"State": "COMPLETED", "ReplayStartTime": began, "ReplayEndTime": now}
        if chosen:
            replayed["EventLastReplayedTime"] = chosen[-1][0]
        with self._lock:
            self._replays[arn] = replayed
        self._report(
            Activity(
                time=now,
                kind="replay",
                account=account,
                region=region,
                step="replayed",
                event_id="",
                what=name,
                detail=f"{len(chosen)} of {len(content.events)} events of "
                f"{parameters['EventSourceArn'].rpartition('/')[2]}",
            )
        )
        return len(chosen)

    def replayed(self, replay: Json, account: str, region: str) -> Json:
        """An answer's replay with what came of it."""
        arn = f"arn:{partition(region)}:events:{region}:{account}:replay/{replay['ReplayName']}"
        with self._lock:
            return replay | self._replays.get(arn, {})

    # --- reading --------------------------------------------------------------------------------

    def _archives(self, account: str, region: str) -> list[_Archive]:
        with self._lock:
            known = self._known.get((account, region))
        if known is not None:
            return known
        events = self._aws.client("events", account, region)
        names = [a["ArchiveName"] for a in events.list_archives()["Archives"]]
        found = list(_read(events.describe_archive(ArchiveName=name) for name in names))
        with self._lock:
            self._known[account, region] = found
        return found


def _read(described: Iterable[Json]) -> Iterable[_Archive]:
    for archive in described:
        text = archive.get("EventPattern")
        try:
            pattern = EventPattern(text) if text else None
        except PatternError as error:
            _log.warning("archive %s takes nothing: %s", archive["ArchiveName"], error)
            continue
        days = int(archive.get("RetentionDays") or 0)
        yield _Archive(archive["ArchiveArn"], archive["EventSourceArn"], pattern, days)


def _time(event: Json, now: datetime) -> datetime:
    try:
        return _utc(datetime.fromisoformat(event["time"]))
    except (KeyError, TypeError, ValueError):
        return now


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
