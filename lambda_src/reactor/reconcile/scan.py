"""Finds the records of a log file that rules match, and decodes no more of it than it must.

Most files hold no record that a rule is about. So calls and their services are first looked for in
the bytes. Where one is found that a rule may match, the file is split into records at the
beginnings that CloudTrail writes, and only such records are decoded. Whoever makes a call chooses
what stands in its request, and could write there what looks like a record's beginning. So a split
counts only if each piece is a whole object; else the file is decoded as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reactor.patterns import EventPattern, RuleSet
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope, is_read_only_management, source_of
from reactor.patterns.index import Tree
from reactor.patterns.model import Branch, Exact, Exists, Matcher, Prefix, Suffix, Wildcard

# CloudTrail writes these two one after the other.
_PAIR = re.compile(rb'"eventSource"\s*:\s*"([^"\\]*)"\s*,\s*"eventName"\s*:\s*"([^"\\]*)"')
_KIND = ("source", "detail.eventSource", "detail.eventName")
_KINDS_KEPT = 20_000  # logs have a few thousand
# A letter that is written as its number hides a text.
_HIDDEN = rb"\u00"
_OPENING = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*')
_BEGINNING = re.compile(rb'\{\s*"eventVersion"\s*:')
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
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
        self._kinds: dict[tuple[bytes, bytes], bool] = {}
        self._words: set[bytes] = set()
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
        for raw in self._candidates(text):
            event = envelope(load_event(raw))
            found = self._rules.match(event)
            if found and not self._no_reads.isdisjoint(found) and is_read_only_management(event):
                found = found - self._no_reads
            if found:
                yield event, raw, found

    def _candidates(self, text: bytes) -> Iterator[bytes]:
        """The bytes of each record that may match."""
        if _OPENING.match(text) is None:
            raise ValueError("it is no log file of CloudTrail's")
        places = None if self._all or _HIDDEN in text else self._places(text)
        pieces = _split(text) if places else None
        if places == []:
            return
        if places is None or pieces is None:
            yield from _whole(text)
            return
        at = 0
        for begin, end in pieces:
            while at < len(places) and places[at] < begin:
                at += 1
            if at < len(places) and places[at] < end:
                yield text[begin:end]

    def _places(self, text: bytes) -> list[int] | None:
        """Where something stands that a rule is about; None where the bytes do not tell."""
        places, pairs, known = [], 0, self._kinds
        for found in _PAIR.finditer(text):
            pairs += 1
            kind = (found[1], found[2])
            wanted = known.get(kind)
            if wanted is None:
                if len(known) >= _KINDS_KEPT:
                    known.clear()
                wanted = known[kind] = self._wanted(*kind)
            if wanted:
                places.append(found.start())
        if pairs != text.count(b'"eventSource"'):
            return None  # somebody writes it in another order
        for word in self._words:
            at = text.find(word)
            while at >= 0:
                places.append(at)
                at = text.find(word, at + 1)
        return sorted(places)

    def _wanted(self, source: bytes, name: bytes) -> bool:
        """True if a rule may match a call by its source and name."""
        detail = {"eventSource": source.decode(), "eventName": name.decode()}
        event = {"source": source_of(detail["eventSource"], None), "detail": detail}
        return bool(self._tree.match(event))


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


def _split(text: bytes) -> list[tuple[int, int]] | None:
    """Where each record begins and ends; None where the bytes alone do not tell."""
    opening = _OPENING.match(text)
    starts = [found.start() for found in _BEGINNING.finditer(text)]
    last = text.rfind(b"]")
    if opening is None or not starts or starts[0] != opening.end() or last < starts[-1]:
        return None
    pieces = []
    for begin, after in zip(starts, [*starts[1:], last], strict=True):
        piece = text[begin:after].rstrip(_SPACE)
        if after != last:
            piece = piece.removesuffix(b",").rstrip(_SPACE)
        if not _is_whole(piece):
            return None
        pieces.append((begin, begin + len(piece)))
    return pieces


def _is_whole(piece: bytes) -> bool:
    """True if as many objects and lists are closed as opened: a part of a record leaves one open.

    Strings don't count; without a backslash, what is between quotes is every second part.
    """
    bare = _STRING.sub(b"", piece) if b"\\" in piece else b"".join(piece.split(b'"')[::2])
    return (
        piece.endswith(b"}")
        and bare.count(b"{") == bare.count(b"}")
        and bare.count(b"[") == bare.count(b"]")
    )


def _whole(text: bytes) -> Iterator[bytes]:
    """The bytes of every record. Raises ValueError for what is no log file."""
    opening = _OPENING.match(text)
    whole, at = text[opening.end() if opening else 0 :].decode(), 0
    while whole[at : at + 1] not in ("]", ""):
        _, end = _decode(whole, at)
        yield whole[at:end].encode()
        at = end + len(whole[end : end + 64]) - len(whole[end : end + 64].lstrip(" \r\n\t,"))
    if not whole[at:].startswith("]"):
        raise ValueError("it ends in the middle")
