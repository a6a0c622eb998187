"""Finds the records of a log file that rules match, and decodes no more of it than it must.

Most files hold no record that a rule is about. So the names of events are first looked for in the
bytes. Where one is found, the file is split into records at the beginnings that CloudTrail writes,
and only the records with such a name are decoded. Whoever makes a call chooses what stands in its
request, and could write there what looks like a record's beginning. So a split counts only if each
piece is a whole object; else the file is decoded as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reactor.patterns import EventPattern, RuleSet
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope, is_read_only_management
from reactor.patterns.model import Branch, Exact, Matcher, Prefix, Suffix, Wildcard

_NAME = re.compile(rb'"eventName"\s*:\s*"([^"\\]*)"')
# A letter that is written as its number hides a text.
_HIDDEN = rb"\u00"
_OPENING = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[\s*')
_BEGINNING = re.compile(rb'\{\s*"eventVersion"\s*:')
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9.:_-]{3,}")  # what no writer of JSON escapes
_SPACE = b" \r\n\t"
_decode = json.JSONDecoder().raw_decode


class Scanner:
    """Many rules at once. `patterns` maps names to event patterns; `no_reads` are the names of
    rules in the state that read-only management events do not reach. Raises PatternError.
    """

    def __init__(self, patterns: Mapping[str, str], no_reads: frozenset[str]) -> None:
        parsed = {name: EventPattern(text) for name, text in patterns.items()}
        self._rules = RuleSet(parsed)
        self._no_reads = no_reads
        self._names: set[bytes] = set()
        self._words: set[bytes] = set()
        self._all = False
        for pattern in parsed.values():
            for branch in pattern.parsed.branches:
                self._want(branch)

    def _want(self, branch: Branch) -> None:
        """Notes texts of which every record that the branch matches has one in its bytes."""
        names = [_name(each) for each in branch.get("detail.eventName", ())]
        if names and all(names):
            self._names.update(name.encode() for name in names)
            return
        for path in sorted(branch):
            texts = [_text_in(path, each) for each in branch[path]]
            if texts and all(texts):
                self._words.update(text.encode() for text in texts)
                # An Insight comes from CloudTrail, whatever it is about.
                self._words.update([b'"AwsCloudTrailInsight"'] * (path == "source"))
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
        every = self._all or _HIDDEN in text
        places = [] if every else sorted(self._places(text))
        if not every and not places:
            return
        pieces = None if every else _split(text)
        if pieces is None:
            yield from _whole(text)
            return
        at = 0
        for begin, end in pieces:
            while at < len(places) and places[at] < begin:
                at += 1
            if at < len(places) and places[at] < end:
                yield text[begin:end]

    def _places(self, text: bytes) -> Iterator[int]:
        wanted = self._names
        for found in _NAME.finditer(text):
            if found.group(1) in wanted:
                yield found.start(1)
        for word in self._words:
            at = text.find(word)
            while at >= 0:
                yield at
                at = text.find(word, at + 1)


def _name(matcher: Matcher) -> str:
    """The one text that the matcher takes, where no writer of JSON escapes a letter of it."""
    text = matcher.value if isinstance(matcher, Exact) else None
    return text if isinstance(text, str) and _PLAIN.fullmatch(text) else ""


def _text_in(path: str, matcher: Matcher) -> str:
    """A text that the JSON of each value which the matcher takes holds; empty if there is none."""
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
    if path == "source":
        # The record has it as ec2.amazonaws.com.
        found, quoted = found.removeprefix("aws."), '"{}'
        if not isinstance(matcher, Exact):
            return ""
    elif not path.startswith("detail."):
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
    if opening is None:
        raise ValueError("it is no log file of CloudTrail's")
    whole, at = text[opening.end() :].decode(), 0
    while whole[at : at + 1] not in ("]", ""):
        _, end = _decode(whole, at)
        yield whole[at:end].encode()
        at = end + len(whole[end : end + 64]) - len(whole[end : end + 64].lstrip(" \r\n\t,"))
    if not whole[at:].startswith("]"):
        raise ValueError("it ends in the middle")
