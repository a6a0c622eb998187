"""Log files against rules: which records match, and what there is to tell about them."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from isal import igzip_lib
from reactor.patterns import EventError, EventPattern, RuleSet
from reactor.patterns.index import Tree
from reactor.patterns.model import Branch

from trailctl.replay.needles import BACKSLASH, Guard, made_guard
from trailctl.replay.project import (
    KINDS,
    Event,
    Projection,
    envelope,
    whole_record,
    whole_records,
)

Hit = Callable[[int, Any, "frozenset[str] | set[str]"], None]
# Kinds of records remembered; logs have a few thousand.
_KINDS_KEPT = 200_000
# What a record's kind alone decides about.
_KIND_FIELDS = frozenset({"source", "detail-type", *(f"detail.{name}" for name in KINDS)})
_NOBODY: frozenset[str] = frozenset()
_NO_UTF8 = "it is no text in UTF-8"
_Read = Callable[[Any], Event]
_Match = Callable[[Event], "set[str]"]
# What is known of all records of a kind: rules that match, and how to try the others: first on the
# bytes, if they can be told by these, then decoded.
_Plan = tuple[frozenset[str], "Guard | None", _Read, "_Match | None"]


class MalformedError(Exception):
    """A file that holds no CloudTrail records; the text says why, in a clause."""


class Scanned(NamedTuple):
    """How many records a file has, and the first and last of their times."""

    events: int
    first: str
    last: str


class Scanner:
    """Many rules at once over log files' bytes.

    `patterns` maps names to event patterns; `no_reads` are the names of rules that the state of
    EventBridge rules keeps read-only management events from. Raises PatternError.
    """

    def __init__(self, patterns: Mapping[str, Any], no_reads: Iterable[str] = ()) -> None:
        self._patterns = {
            name: each if isinstance(each, EventPattern) else EventPattern(each)
            for name, each in patterns.items()
        }
        self._no_reads = frozenset(no_reads)
        every = {f for each in self._patterns.values() for f in each.fields}
        self.projection = Projection(every, bool(self._no_reads))
        # A branch is split into what a record's kind decides and the rest.
        self._rests: list[tuple[str, Branch]] = []
        kinds: list[tuple[str, list[Branch]]] = []
        for name, pattern in self._patterns.items():
            for branch in pattern.parsed.branches:
                known = {path: tests for path, tests in branch.items() if path in _KIND_FIELDS}
                rest = {path: tests for path, tests in branch.items() if path not in known}
                kinds.append((str(len(self._rests)), [known]))
                self._rests.append((name, rest))
        self._kinds = Tree(kinds)
        self._whole = RuleSet(self._patterns)
        kinds_read = {f"detail.{name}" for name in self.projection.kinds}
        self._read_whole = self.projection.reader(every | kinds_read)
        self._plans: dict[Hashable, _Plan] = {}
        self._made: dict[frozenset[int], tuple[Guard | None, _Read, _Match]] = {}

    def scan(self, text: bytes, hit: Hit) -> Scanned:
        """Calls `hit(number, head, names)` for each record that rules match.

        `text` is the content of a log file. Raises MalformedError.
        """
        heads, usual, escaped = self._heads(text)
        # Nothing here makes cycles; the collector would walk every record in vain.
        collecting = gc.isenabled()
        gc.disable()
        try:
            if usual:
                self._scan(heads, hit, escaped)
            else:
                for number, head in enumerate(heads):
                    if found := self._match_whole(self._read_whole(head)):
                        hit(number, head, found)
        finally:
            if collecting:
                gc.enable()
        times = [time for time in map(self.projection.time, heads) if time.__class__ is str]
        return Scanned(len(heads), min(times, default=""), max(times, default=""))

    def _heads(self, text: bytes) -> tuple[list[Any], bool, bool]:
        """The records, whether their values are of the usual types, whether any has an escape."""
        # Bytes that nobody decodes would pass; then it would depend on the rules what is a log.
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError:
                raise MalformedError(_NO_UTF8) from None
        try:
            return *self.projection.heads(text), BACKSLASH in text
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return *self.projection.heads(normalised(text)), True

    def _scan(self, heads: list[Any], hit: Hit, escaped: bool) -> None:
        kind_of, plans = self.projection.kind, self._plans
        which = 2 if escaped else 1
        for number, plan in enumerate(map(plans.get, map(kind_of, heads))):
            if plan is None:
                plan = self._plan(heads[number])
            names, guard, read, match = plan
            if match is not None:
                head = heads[number]
                if (guard is None or guard[which](guard[0](head))) and (found := match(read(head))):
                    hit(number, head, names | found if names else found)
                    continue
            if names:
                hit(number, heads[number], names)

    def _plan(self, head: Any) -> _Plan:
        event = self.projection.plain_event(head)
        left_out = self._no_reads if self._no_reads and _is_read(event) else _NOBODY
        met = [int(number) for number in self._kinds.match(event)]
        sure = frozenset(self._rests[n][0] for n in met if not self._rests[n][1]) - left_out
        open_ = frozenset(n for n in met if self._rests[n][0] not in sure | left_out)
        plan: _Plan = (sure, *(self._matcher(open_) if open_ else (None, _read_nothing, None)))
        if len(self._plans) >= _KINDS_KEPT:
            self._plans.clear()
        self._plans[self.projection.kind(head)] = plan
        return plan

    def _matcher(self, branches: frozenset[int]) -> tuple[Guard | None, _Read, _Match]:
        """How to read what is left of these branches, and how to try it."""
        made = self._made.get(branches)
        if made is None:
            rests = [self._rests[n] for n in sorted(branches)]
            tree = Tree((name, [rest]) for name, rest in rests)
            guard = made_guard(self.projection, [rest for _, rest in rests])
            made = self._made[branches] = (guard, self.projection.reader(tree.fields), tree.match)
        return made

    def _match_whole(self, event: Event) -> set[str]:
        found = self._whole.match(event)
        return found - self._no_reads if self._no_reads and _is_read(event) else found


def _read_nothing(head: Any) -> Event:
    return {}


def _is_read(event: Event) -> bool:
    """A List, Get or Describe call's record, which rules see in one state only.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    detail = event["detail"]
    if detail.get("readOnly") not in (True, "true"):
        return False
    if detail.get("eventType", "AwsApiCall") != "AwsApiCall":
        return False
    if "eventCategory" in detail:
        return bool(detail["eventCategory"] == "Management")
    return detail.get("managementEvent") not in (False, "false")


def unpacked(data: bytes) -> bytes:
    """A file's content, unzipped where it is gzip. Raises MalformedError."""
    if data[:2] != b"\x1f\x8b":
        return data
    parts = []
    try:
        while data:  # a file may be several gzip members, one after the other
            if data[:2] != b"\x1f\x8b":
                break
            member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            parts.append(member.decompress(data))
            if not member.eof:
                raise MalformedError("its gzip is cut off")
            data = member.unused_data
    except (OSError, EOFError, igzip_lib.error) as error:  # type: ignore[misc]  # its stub's error
        raise MalformedError(f"its gzip is damaged ({error})") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def normalised(text: bytes) -> bytes:
    """Anything that holds records as a log file holds them. Raises MalformedError.

    A log file, a list of records, one record or EventBridge event, a line of JSON each, or what
    `aws cloudtrail lookup-events` prints.
    """
    if not text.strip():
        raise MalformedError("it is empty")
    try:
        documents = [json.loads(text)]
    except RecursionError:
        raise MalformedError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise MalformedError(_NO_UTF8) from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            documents = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            documents = []
        if len(documents) < 2:
            raise MalformedError(f"it is no JSON ({error})") from None
    records = [record for document in documents for record in _records(document)]
    try:
        return msgspec.json.encode({"Records": records})
    except UnicodeEncodeError:  # half of a surrogate pair: no text in UTF-8 could hold it
        text = json.dumps(records, ensure_ascii=False).encode("utf-8", "replace")
        return msgspec.json.encode({"Records": json.loads(text)})


def _records(document: Any) -> list[Event]:
    if isinstance(document, dict):
        if isinstance(document.get("Records"), list):
            return _checked(document["Records"])
        if isinstance(document.get("Events"), list):
            return _looked_up(document["Events"])
        return _checked([document])
    if isinstance(document, list):
        return _checked(document)
    raise MalformedError("it holds no CloudTrail records")


def _checked(records: Sequence[Any]) -> list[Event]:
    found = []
    for number, record in enumerate(records, start=1):
        inner = record
        if isinstance(record, dict) and isinstance(record.get("detail"), dict):
            inner = record["detail"]  # an event as EventBridge delivers it
        # An event pattern looks like an event, but for its lists.
        if not isinstance(inner, dict) or not isinstance(inner.get("eventTime"), str):
            raise MalformedError(
                "it holds no CloudTrail records"
                if number == 1
                else f"number {number} in it is no CloudTrail record"
            )
        found.append(inner)
    return found


def _looked_up(events: Sequence[Any]) -> list[Event]:
    found = []
    for number, event in enumerate(events, start=1):
        try:
            found.append(json.loads(event["CloudTrailEvent"]))
        except (KeyError, TypeError, ValueError):
            raise MalformedError(f"event {number} in it has no CloudTrailEvent") from None
    return _checked(found)


class Whole:
    """Whole records of one file, by number, decoded when asked for."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._raws: list[msgspec.Raw] | None = None

    def event(self, number: int) -> Event:
        """The EventBridge event of a record, all of it. Raises MalformedError."""
        if self._raws is None:
            try:
                self._raws = whole_records(self._text)
            except (msgspec.MsgspecError, ValueError):
                self._raws = whole_records(normalised(self._text))
        try:
            return envelope(whole_record(self._raws[number]))
        except EventError as error:
            raise MalformedError(str(error)) from None
