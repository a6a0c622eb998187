"""Matches log files against rules."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from isal import igzip_lib
from reactor.patterns import EventError, EventPattern, RuleSet
from reactor.patterns.envelope import envelope, is_read_only_management
from reactor.patterns.index import Tree
from reactor.patterns.model import Branch
from reactor.patterns.paths import RawEvent

from trailctl.replay import reading
from trailctl.replay.needles import BACKSLASH, Guard, made_guard
from trailctl.replay.project import (
    KINDS,
    Projection,
    whole_record,
    whole_records,
)

Hit = Callable[[int, Any, "frozenset[str] | set[str]"], None]
OnBadRecord = Callable[[int, Exception], None]
# Kinds of records remembered; logs have a few thousand.
_KINDS_KEPT = 200_000
# The fields that a record's kind alone decides about.
_KIND_FIELDS = frozenset({"source", "detail-type", *(f"detail.{name}" for name in KINDS)})
_NOBODY: frozenset[str] = frozenset()
_ODD = (msgspec.MsgspecError, RecursionError, ValueError)
# The one other thing in S3 whose records look like CloudTrail's: a notification names a file.
_NOTIFICATION = b'"aws:s3"'
_Read = Callable[[Any], RawEvent]
_Match = Callable[[RawEvent], "set[str]"]
# The facts about all records of a kind: rules that match, and tests of the others, first on the
# bytes, if these can tell, then on the decoded record.
_Plan = tuple[frozenset[str], "Guard | None", _Read, "_Match | None"]


class MalformedError(ValueError):
    """A file or record that holds no CloudTrail records; the text says why, in a clause."""


# What a record raises that can't be decoded, as far as rules need it.
_BAD = (msgspec.MsgspecError, MalformedError, RecursionError)


class TimeRange(NamedTuple):
    """The times to count, as CloudTrail writes them: from the first, and before the second."""

    begin: str = ""
    end: str = "\x7f"


class Opened(NamedTuple):
    """An opened file.

    `text` is a log file's, `heads` its records as far as rules need them at first, `usual` whether
    their values have the usual types, `escaped` whether any may hold an escape, `left_out` what is
    no record: the reasons, with the number and the first place.
    """

    text: bytes
    heads: list[Any]
    usual: bool
    escaped: bool
    left_out: Mapping[str, tuple[int, str]] = {}


class Scanned(NamedTuple):
    """The number of a file's records in the span, and the first and last of their times."""

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

    def open(self, text: bytes) -> Opened:
        """The records of a file of any kind that `reading` knows. Raises MalformedError."""
        if text.isascii() or reading.is_text(text):
            try:
                heads, usual = self.projection.heads(text)
            except _ODD:
                pass
            else:
                # Else the rules would decide what counts as a record.
                if (
                    all(map(_is_text, map(self.projection.time, heads)))
                    and _NOTIFICATION not in text
                ):
                    return Opened(text, heads, usual, BACKSLASH in text)
        found = reading.read(text)
        if not found.records:
            raise MalformedError("; ".join(found.reasons()) or "it holds no CloudTrail records")
        text = found.text()
        return Opened(text, *self.projection.heads(text), True, found.left_out)

    def scan(
        self,
        log: Opened,
        hit: Hit,
        span: TimeRange | None = None,
        refuse: OnBadRecord | None = None,
    ) -> Scanned:
        """Calls `hit(number, head, names)` for each record of the span that rules match.

        `refuse(number, error)` is called for a record that can't be decoded; without it, the error
        is raised.
        """
        heads = log.heads
        times = list(map(self.projection.time, heads))
        numbers: Iterable[int] = range(len(heads))
        if span is not None:
            numbers = [n for n in numbers if span.begin <= times[n] < span.end]
            heads, times = [heads[n] for n in numbers], [times[n] for n in numbers]
        # This code makes no cycles, and the garbage collector would walk every record in vain.
        collecting = gc.isenabled()
        gc.disable()
        try:
            numbered = zip(numbers, heads, strict=True)
            if log.usual:
                self._scan_usual(numbered, heads, log.escaped, hit, refuse or _raise)
            else:
                self._scan_odd(numbered, hit, refuse or _raise)
        finally:
            if collecting:
                gc.enable()
        return Scanned(len(heads), min(times, default=""), max(times, default=""))

    def _scan_usual(
        self,
        numbered: Iterable[tuple[int, Any]],
        heads: list[Any],
        escaped: bool,
        hit: Hit,
        refuse: OnBadRecord,
    ) -> None:
        kind_of, plans = self.projection.kind, self._plans
        which = 2 if escaped else 1
        for (number, head), plan in zip(numbered, map(plans.get, map(kind_of, heads)), strict=True):
            try:
                if plan is None:
                    plan = self._plan(head)
                names, guard, read, match = plan
                if match is not None and (guard is None or guard[which](guard[0](head))):
                    found = match(read(head))
                    if found:
                        names = names | found
                if names:
                    hit(number, head, names)
            except _BAD as error:
                refuse(number, error)

    def _scan_odd(self, numbered: Iterable[tuple[int, Any]], hit: Hit, refuse: OnBadRecord) -> None:
        for number, head in numbered:
            try:
                if names := self._match_whole(self._read_whole(head)):
                    hit(number, head, names)
            except _BAD as error:
                refuse(number, error)

    def _plan(self, head: Any) -> _Plan:
        event = self.projection.plain_event(head)
        left_out = self._no_reads if self._no_reads and is_read_only_management(event) else _NOBODY
        met = [int(number) for number in self._kinds.match(event)]
        sure = frozenset(self._rests[n][0] for n in met if not self._rests[n][1]) - left_out
        open_ = frozenset(n for n in met if self._rests[n][0] not in sure | left_out)
        plan: _Plan = (sure, *(self._matcher(open_) if open_ else (None, _read_nothing, None)))
        if len(self._plans) >= _KINDS_KEPT:
            self._plans.clear()
        self._plans[self.projection.kind(head)] = plan
        return plan

    def _matcher(self, branches: frozenset[int]) -> tuple[Guard | None, _Read, _Match]:
        """The reader of the remaining fields of these branches, and their test."""
        made = self._made.get(branches)
        if made is None:
            rests = [self._rests[n] for n in sorted(branches)]
            tree = Tree((name, [rest]) for name, rest in rests)
            guard = made_guard(self.projection, [rest for _, rest in rests])
            made = self._made[branches] = (guard, self.projection.reader(tree.fields), tree.match)
        return made

    def _match_whole(self, event: RawEvent) -> set[str]:
        found = self._whole.match(event)
        if self._no_reads and is_read_only_management(event):
            return found - self._no_reads
        return found


def _raise(number: int, error: Exception) -> None:
    del number
    raise error


def _is_text(value: Any) -> bool:
    return value.__class__ is str


def _read_nothing(head: Any) -> RawEvent:
    return {}


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


class Whole:
    """Whole records of one opened file, by number, decoded when asked for."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._raws: list[msgspec.Raw] | None = None

    def event(self, number: int) -> RawEvent:
        """The EventBridge event of a record, all of it. Raises MalformedError."""
        if self._raws is None:
            self._raws = whole_records(self._text)
        try:
            return envelope(whole_record(self._raws[number]))
        except EventError as error:
            raise MalformedError(str(error)) from None
