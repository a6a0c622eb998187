"""Records that are ruled out by their bytes: a needle never loses a hit."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from reactor.patterns import EventPattern
from reactor.patterns.envelope import envelope

from tests.unit.replay.differential import RECORDS, RULES, difference
from tests.unit.replay.events import record
from trailctl.replay.needles import made_guard
from trailctl.replay.project import Projection
from trailctl.replay.scan import MalformedError, Scanner, Whole, unpacked

pytestmark = pytest.mark.unit


def hits(pattern: dict[str, Any], text: bytes) -> list[int]:
    found: list[int] = []
    scanner = Scanner({"r": pattern})
    scanner.scan(scanner.open(text), lambda number, *_: found.append(number))
    return found


def guarded(*details: dict[str, Any]) -> Any:
    """What tells from a head whether one of the patterns may match; the projection with it."""
    patterns = [EventPattern({"detail": each}) for each in details]
    projection = Projection({field for each in patterns for field in each.fields})
    branches = [branch for each in patterns for branch in each.parsed.branches]
    return made_guard(projection, branches), projection


def parameters(asked: Any) -> dict[str, Any]:
    return {"requestParameters": {"name": asked}}


ASKED = [
    ["Run/It"],
    ["Zoë"],
    ["日本"],
    ["plain text"],
    ['say "no"'],
    ["back\\slash"],
    ["tab\there"],
    ["\U0001f600 face"],
    [{"prefix": "plain"}],
    [{"prefix": 'say "no"'}],
    [{"prefix": 'plain text"'}],
    [{"suffix": "n/It"}],
    [{"suffix": '"plain text'}],
    [{"suffix": '"no"'}],
    [{"wildcard": "*ain te*"}],
    [{"wildcard": "b*\\\\slash"}],
    [{"exists": True}],
    [{"anything-but": "other"}],
    ["nothing", {"prefix": "Ru"}],
    [{"prefix": {"equals-ignore-case": "PLAIN"}}, "Zoë"],
]
NAMES = [
    "Run/It",
    "Zoë",
    "日本",
    "plain text",
    'say "no"',
    "back\\slash",
    "tab\there",
    "\U0001f600 face",
]


@pytest.mark.parametrize("asked", ASKED, ids=json.dumps)
def test_any_spelling_of_a_text_is_found(asked: list[Any]) -> None:
    """As it is, with every character escaped, with the solidus escaped, key and value."""
    pattern = {"detail": parameters(asked)}
    event = EventPattern(pattern)
    for name in NAMES:
        one = record("ec2", "X", requestParameters={"name": name})
        plain = json.dumps({"Records": [one]}, ensure_ascii=False)
        ascii_only = json.dumps({"Records": [one]})
        written = json.dumps(name, ensure_ascii=False)
        every = "".join(f"\\u{ord(c):04X}" for c in name if ord(c) < 0x10000) or '"'
        due = [0] if event.matches(envelope(one)) else []
        for text in (
            plain,
            ascii_only,
            plain.replace("/", "\\/"),
            plain.replace('"name"', '"n\\u0061me"'),
            plain.replace('"name"', '"\\u006E\\u0061\\u006d\\u0065"'),
            plain.replace('"requestParameters"', '"\\u0072equestParameters"'),
            plain.replace(written, f'"{every}"') if len(every) == 6 * len(name) else plain,
            plain.replace(": ", " \r\n\t:\n "),
        ):
            assert hits(pattern, text.encode()) == due, text
    assert any(event.matches(envelope(record("ec2", "X", **parameters(n)))) for n in NAMES)


def test_a_mark_and_several_members() -> None:
    pattern = {"detail": parameters(["plain text"])}
    text = json.dumps({"Records": [record("ec2", "X", **parameters("plain text"))] * 3}).encode()
    assert hits(pattern, b"\xef\xbb\xbf" + text) == [0, 1, 2]
    assert hits(pattern, text.replace(b", ", b",\r\n")) == [0, 1, 2]
    for cut in (1, 10, len(text) // 2, len(text)):
        members = gzip.compress(text[:cut]) + gzip.compress(text[cut:])
        assert hits(pattern, unpacked(members)) == [0, 1, 2]


def test_a_name_within_parameters_is_no_event_name() -> None:
    inner = {"Records": [{"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com"}]}
    decoy = record("ec2", "X", requestParameters={**inner, "eventName": "StopLogging"})
    real = record("cloudtrail", "StopLogging", requestParameters=inner)
    text = json.dumps({"Records": [decoy, real]}).encode()
    assert hits({"detail": {"eventName": ["StopLogging"]}}, text) == [1]
    escaped = text.replace(b'"eventName": "StopLogging"', b'"event\\u004eame": "\\u0053topLogging"')
    assert hits({"detail": {"eventName": ["StopLogging"]}}, escaped) == [1]
    nested = {"detail": {"requestParameters": {"Records": {"eventName": ["StopLogging"]}}}}
    assert hits(nested, text) == [0, 1]


def test_the_last_of_a_repeated_key_counts() -> None:
    text = json.dumps({"Records": [record("ec2", "X", **parameters("plain text"))]})
    twice = text.replace('"name": "plain text"', '"name": "other", "name": "plain text"')
    assert hits({"detail": parameters(["plain text"])}, twice.encode()) == [0]
    twice = text.replace('"name": "plain text"', '"name": "plain text", "name": "other"')
    assert hits({"detail": parameters(["plain text"])}, twice.encode()) == []


def test_dotted_keys_and_arrays() -> None:
    pattern = {"detail": {"requestParameters": {"outer": {"inner": ["value"]}}}}
    shapes = [
        {"outer.inner": "value"},
        {"outer": {"inner": ["x", "value"]}},
        {"outer": [{"inner": "x"}, {"inner": ["value"]}]},
        {"outer": {"inner": {"value": 1}}},
    ]
    records = [record("ec2", "X", requestParameters=each) for each in shapes]
    assert hits(pattern, json.dumps({"Records": records}).encode()) == [0, 1, 2]


def test_fields_of_any_alphabet() -> None:
    pattern = {"detail": {"requestParameters": {"ключ": {"名": ["yes"]}}}}
    one = record("ec2", "X", requestParameters={"ключ": {"名": "yes"}})
    for ascii_only in (False, True):
        text = json.dumps({"Records": [one]}, ensure_ascii=ascii_only).encode()
        assert hits(pattern, text) == [0]


def test_zero_is_not_false() -> None:
    """Python's dictionaries hold them for one key; a pattern does not."""
    pattern = {"detail": {"readOnly": [False]}}
    records = [record("ec2", "X", readOnly=value) for value in (False, 0, False, 0.0, True, "x")]
    for order in (records, records[1::-1]):
        text = json.dumps({"Records": order}).encode()
        due = [n for n, each in enumerate(order) if each["readOnly"] is False]
        assert hits(pattern, text) == due


def test_needles_of_each_matcher() -> None:
    guard, projection = guarded({"userIdentity": {"type": ["Root"]}}, parameters(["abcdef"]))

    def told(**members: Any) -> bool:
        text = json.dumps({"Records": [{"eventTime": "", **members}]}).encode()
        part, quick, careful = guard
        head = part(projection.heads(text)[0][0])
        if b"\\" not in text:
            assert bool(quick(head)) == bool(careful(head))
        return bool(careful(head))

    assert told(userIdentity={"type": "Root"})
    assert told(requestParameters={"x": "an abcdef"})
    assert not told(userIdentity={"type": "abcdef"}, requestParameters={"name": "Root"})
    assert not told()
    assert told(userIdentity={"type": "\0"})  # what is escaped may be anything


@pytest.mark.parametrize(
    "detail",
    [
        {"requestParameters": {"x": [{"exists": False}]}},
        {"requestParameters": {"xy": [{"anything-but": "abcdef"}]}},
        {"requestParameters": {"xy": [1, "abcdef"]}},
        {"requestParameters": {"xy": ["ab"]}},
        {"awsRegion": ["eu-west-1"]},
        {"requestParameters": {"xyz": [{"exists": False}, "abcdef"]}},
    ],
    ids=json.dumps,
)
def test_rules_that_no_needle_tells(detail: dict[str, Any]) -> None:
    assert guarded(detail)[0] is None
    assert guarded({"userIdentity": {"type": ["Root"]}}, detail)[0] is None


def test_bytes_that_are_no_text_are_told_whatever_rules_read() -> None:
    text = json.dumps({"Records": [record("ec2", "X", **parameters("plain"))]}).encode()
    broken = text.replace(b"plain", b"pl\xffin")
    for detail in ({"eventName": ["X"]}, parameters(["other"])):
        with pytest.raises(MalformedError, match="no text in UTF-8"):
            hits({"detail": detail}, broken)


def test_half_of_a_surrogate_pair_is_read_as_a_question_mark() -> None:
    text = json.dumps({"Records": [record("ec2", "X", **parameters("a\ud800b"))]}).encode()
    assert hits({"detail": parameters(["a?b"])}, text) == [0]
    opened = Scanner({}).open(text).text
    assert Whole(opened).event(0)["detail"]["requestParameters"] == {"name": "a?b"}


@pytest.mark.parametrize("seed", range(20))
def test_a_slow_matcher_finds_the_same(seed: int) -> None:
    """20,000 pairs; a million: python -m tests.unit.replay.differential"""
    assert RULES * RECORDS == 1_000
    assert difference(seed) == ""
