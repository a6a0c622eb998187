"""The compiled engine decides as a slow, obviously right one: alone and in sets of rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.patterns import EventPattern, RuleSet

from tests.unit.patterns.reference import matches

pytestmark = pytest.mark.unit

# Few names and values, so that rules and events meet.
_KEYS = st.sampled_from(["a", "b", "c"])
_TEXTS = st.sampled_from(
    ["", "a", "ab", "aB", "ba", "abc", "a*b", "a\\b", "a\nb", "10.0.0.1", "10.0.0.77", "::1"]
)
_NUMBERS = st.sampled_from([0, 1, -1, 1.0, 2, 2.5, 300, 1e-7, 12345678901])
_BOUNDS = _NUMBERS.filter(lambda number: number < 5e9)
_SCALARS = _TEXTS | _NUMBERS | st.sampled_from([True, False, None])


def _one_or_more(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


def _objects(members: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_KEYS, members, min_size=1, max_size=most)


def _operator(name: str, operands: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return operands.map(lambda operand: {name: operand})


def _range(bounds: tuple[Any, Any]) -> list[Any]:
    low, high = sorted(bounds)
    return [">=", low, "<", high] if low < high else ["=", low]


_WILDCARDS = st.lists(
    st.sampled_from(["a", "b", "*", "\\*", "\\\\", "c"]), min_size=1, max_size=5
).map(lambda parts: "".join(parts).replace("**", "*").replace("**", "*"))
_NO_CASE = _operator("equals-ignore-case", _TEXTS)
_NOT_EMPTY = _TEXTS.filter(bool)
_MATCHERS = st.one_of(
    _SCALARS,
    _operator("prefix", _TEXTS | _NO_CASE),
    _operator("suffix", _TEXTS | _NO_CASE),
    _NO_CASE,
    _operator("wildcard", _WILDCARDS),
    _operator("exists", st.booleans()),
    _operator("numeric", st.tuples(_BOUNDS, _BOUNDS).map(_range)),
    _operator("cidr", st.sampled_from(["10.0.0.0/24", "10.0.0.64/26", "0.0.0.0/0", "::/64"])),
    _operator("anything-but", _one_or_more(_TEXTS) | _one_or_more(_NUMBERS)),
    _operator("anything-but", _operator("prefix", _one_or_more(_NOT_EMPTY))),
    _operator("anything-but", _operator("suffix", _one_or_more(_NOT_EMPTY))),
    _operator("anything-but", _operator("equals-ignore-case", _one_or_more(_TEXTS))),
    _operator("anything-but", _operator("wildcard", _one_or_more(_WILDCARDS))),
)
_LEAVES = st.lists(_MATCHERS, min_size=1, max_size=3)
_FIELDS = st.recursive(_LEAVES, lambda inner: _objects(inner), max_leaves=4)


def _with_or(parts: tuple[dict[str, Any], list[dict[str, Any]], bool]) -> dict[str, Any]:
    fields, choices, first = parts
    either = {"$or": choices}
    return {**either, **fields} if first else {**fields, **either}


_PLAIN = _objects(_FIELDS)
_PATTERNS = _PLAIN | st.tuples(_PLAIN, st.lists(_PLAIN, min_size=2, max_size=3), st.booleans()).map(
    _with_or
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | _objects(inner), max_leaves=8
)
_EVENTS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "a.b", "b.c"]), _VALUES, min_size=1, max_size=4
)


@settings(max_examples=100, deadline=None)
@given(pattern=_PATTERNS, events=st.lists(_EVENTS, min_size=1, max_size=6))
def test_one_pattern(pattern: dict[str, Any], events: list[dict[str, Any]]) -> None:
    compiled = EventPattern(pattern)
    from_text = EventPattern(json.dumps(pattern))
    for event in events:
        if "cidr" in json.dumps(pattern) and not _same_family(pattern, event):
            continue
        expected = matches(pattern, event)
        assert compiled.matches(event) is expected
        assert from_text.matches(json.dumps(event)) is expected


def _same_family(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Blocks of one family against text only; the rest has cases of its own in the table."""
    wide = "::/64" in json.dumps(pattern)

    def fine(node: Any) -> bool:
        if isinstance(node, dict):
            return all(map(fine, node.values()))
        if isinstance(node, list):
            return all(map(fine, node))
        if isinstance(node, str):
            return node.startswith("10.") != wide or node[:1] in ("", "a", "b")
        return node is None or isinstance(node, bool)

    return fine(event)


@settings(max_examples=30, deadline=None)
@given(
    patterns=st.lists(_PATTERNS, min_size=1, max_size=8),
    events=st.lists(_EVENTS, min_size=1, max_size=6),
)
def test_many_patterns(patterns: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    singles = {str(number): EventPattern(pattern) for number, pattern in enumerate(patterns)}
    rules = RuleSet({str(number): pattern for number, pattern in enumerate(patterns)})
    for event in events:
        assert rules.match(event) == {n for n, one in singles.items() if one.matches(event)}
