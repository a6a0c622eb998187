"""Finds the records of a log file that rules match, and decodes no more of it than it must.

Most records are none that a rule is about. So calls and their services are first looked for in the
bytes, and only a record is decoded in which one stands that a rule may match. Whoever makes a call
chooses what stands in its request, and could write there what looks like a record's beginning. So
what lies between two records that are decoded must leave no bracket open; else the rest of the file
is decoded. No key is twice in a record of CloudTrail's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from reactor.patterns import EventError, EventPattern, RuleSet
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope, is_read_only_management, source_of
from reactor.patterns.index import Tree
from reactor.patterns.model import Branch, Exact, Exists, Matcher, Prefix, Suffix, Wildcard

# CloudTrail writes these three one after the other, as `_PAIR` has the first two.
_SOURCE, _NAME, _REGION = b'"eventSource"', b'"eventName"', b'","awsRegion"'
_PAIR = re.compile(rb'\s*:\s*"([^"\\]*)"\s*,\s*"eventName"\s*:\s*"([^"\\]*)(?:"|\Z)')
_KIND = ("source", "detail.eventSource", "detail.eventName")
_KINDS_KEPT = 20_000  # logs have a few thousand
_KIND_SIZE = 300  # what is longer is not kept
# A letter that is written as its number hides a text.
_HIDDEN = rb"\u00"
_OPENING = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*')
# How CloudTrail goes on after a record. A quotation mark after a bracket begins or ends a string,
# and what follows is no end: these bytes are in no string.
_NEXT = b',{"eventVersion":'
_NO_BRACKETS = bytes(sorted(set(range(256)) - {*b'{}[]"'}))
_DEEPEST = 64  # levels; CloudTrail's records have about ten
_PLAIN = re.compile(r"[A-Za-z0-9.:_-]{3,}")  # what no writer of JSON escapes
_SPACE = b" \r\n\t"
# What most records have the same: texts of these tell little.
_EVERYWHERE = frozenset(
    f"detail.{name}"
    for name in ("awsRegion", "eventCategory", "eventType", "eventVersion", "recipientAccountId")
)
_decode = json.JSONDecoder().raw_decode


class ByteScanner:
    """Many rules at once. `patterns` maps names to event patterns; `no_reads` are the names of
    rules in the state that read-only management events do not reach. Raises PatternError.
    """

    def __init__(self, patterns: Mapping[str, str], no_reads: frozenset[str]) -> None:
        parsed = {name: EventPattern(text) for name, text in patterns.items()}
        self._rules = RuleSet(parsed)
        self._no_reads = no_reads
        self._kinds: dict[bytes, bool | None] = {}
        self._words = {_HIDDEN}
        self._all = False
        by_kind = []
        for pattern in parsed.values():
            for branch in pattern.parsed.branches:
                asked = {path: branch[path] for path in _KIND if path in branch}
                if asked and not any(
                    isinstance(e, Exists) for tests in asked.values() for e in tests
                ):
                    by_kind.append(("", [asked]))
                    # An Insight comes from CloudTrail, whatever call it is about.
                    self._words.add(b'"AwsCloudTrailInsight"')
                else:
                    self._want(branch)
        self._tree = Tree(by_kind)
        # Rules of any source match a record that tells none.
        self._all = self._all or bool(self._tree.match({"source": source_of(None, None)}))

    def _want(self, branch: Branch) -> None:
        """Notes texts of which every record that the branch matches has one in its bytes."""
        for path in sorted(branch, key=lambda each: (each in _EVERYWHERE, each)):
            texts = [_text_in(path, each) for each in branch[path]]
            if texts and all(texts):
                self._words.update(text.encode() for text in texts)
                return
        self._all = True  # the bytes can't tell

    def matches(self, text: bytes) -> Iterator[tuple[dict[str, Any], bytes, set[str]]]:
        """The event, its record's bytes and the names of the rules, of each record that matches.

        Raises ValueError for what is no log file.
        """
        for record, raw in self._candidates(text):
            event = envelope(record)
            found = self._rules.match(event)
            if found and not self._no_reads.isdisjoint(found) and is_read_only_management(event):
                found = found - self._no_reads
            if found:
                yield event, raw, found

    def _candidates(self, text: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Each record that may match, and its bytes."""
        opening = _OPENING.match(text)
        if opening is None:
            raise ValueError("it is no log file of CloudTrail's")
        at = opening.end()  # always where a record begins
        for place in self._places(text, at):
            if place < at:
                continue  # it stands in the record that came last
            begin = text.rfind(_NEXT, at, place + len(_NEXT))
            if begin >= 0:
                if not _whole(text[at:begin]):
                    break
                at = begin + 1
            end = text.find(_NEXT, max(place, at + 1))
            raw = text[at : end if end >= 0 else text.rfind(b"]")].rstrip(_SPACE)
            try:
                record = load_event(raw)
            except EventError:
                break
            yield record, raw
            at = end + 1 if end >= 0 else len(text)
        else:
            return
        for raw in _each(text[at:].decode()):
            yield load_event(raw), raw

    def _places(self, text: bytes, first: int) -> list[int]:
        """Where something stands that a rule is about, in order; where the bytes do not tell,
        where every record begins, the `first` one there.
        """
        pieces = text.split(_SOURCE)
        kinds = [piece.partition(_REGION)[0] for piece in pieces[1:]]
        told = {kind: self._wanted(kind) for kind in set(kinds)}
        if self._all or None in told.values() or text.count(_NAME) != len(kinds):
            return [first, *(at + 1 for at in _found(text, _NEXT))]
        places = []
        if any(told.values()):
            ends = accumulate(len(piece) + len(_SOURCE) for piece in pieces)
            places = [end - 1 for kind, end in zip(kinds, ends, strict=False) if told[kind]]
        for word in self._words:
            if word is not _HIDDEN or b"\\" in text:
                places += _found(text, word)
        return sorted(places)

    def _wanted(self, kind: bytes) -> bool | None:
        """True if a rule may match a call by its source and name; None where there are none."""
        wanted = self._kinds.get(kind)
        if wanted is None and (found := _PAIR.match(kind)):
            detail = {"eventSource": found[1].decode(), "eventName": found[2].decode()}
            event = {"source": source_of(detail["eventSource"], None), "detail": detail}
            wanted = bool(self._tree.match(event))
            if len(kind) < _KIND_SIZE:
                if len(self._kinds) >= _KINDS_KEPT:
                    self._kinds.clear()
                self._kinds[kind] = wanted
        return wanted


def _text_in(path: str, matcher: Matcher) -> str:
    """A text that the JSON of each value which the matcher takes holds; empty if there is none."""
    if not path.startswith("detail."):
        return ""
    match matcher:
        case Exact(value=str(text)):
            found, quoted = text, '"{}"'
        case Prefix(text=text, ignore_case=False):
            found, quoted = text, '"{}'
        case Suffix(text=text, ignore_case=False):
            found, quoted = text, '{}"'
        case Wildcard(parts=parts):
            found, quoted = max(parts, key=len), "{}"
        case _:
            return ""
    return quoted.format(found) if _PLAIN.fullmatch(found) else ""


def _found(text: bytes, word: bytes) -> Iterator[int]:
    """Where the word stands in the text."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _whole(text: bytes) -> bool:
    """True if as many brackets are closed as opened: a part of a record leaves some open.

    All but brackets is taken away, and then each pair of them.
    """
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    bare = text.translate(None, _NO_BRACKETS)
    unquoted = bare.replace(b'""', b"")
    if b'"' in unquoted:  # brackets in strings: what is between quotes is every second part
        unquoted = b"".join(bare.split(b'"')[::2])
    for _ in range(_DEEPEST):
        if not unquoted:
            break
        unquoted = unquoted.replace(b"{}", b"").replace(b"[]", b"")
    return not unquoted


def _each(text: str) -> Iterator[bytes]:
    """The bytes of every record to the end of the file, of which the text is the rest.

    Raises ValueError for what is none.
    """
    at = 0
    while text[at : at + 1] not in ("]", ""):
        _, end = _decode(text, at)
        yield text[at:end].encode()
        at = end + len(text[end : end + 64]) - len(text[end : end + 64].lstrip(" \r\n\t,"))
    if not text[at:].startswith("]"):
        raise ValueError("it ends in the middle")
