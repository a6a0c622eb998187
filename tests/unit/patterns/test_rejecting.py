"""What EventBridge refuses is refused, with a reason and the place in the pattern."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from reactor.patterns import EventError, EventPattern, PatternError, RuleSet

pytestmark = pytest.mark.unit


def _deep(levels: int) -> str:
    return '{"a":' * levels + '["x"]' + "}" * levels


REJECTED: list[tuple[Any, str, str]] = [
    ({}, "$", "empty objects"),
    ({"a": {}}, "$.a", "empty objects"),
    ({"a": []}, "$.a", "empty arrays"),
    ({"a": "x"}, "$.a", "not a string"),
    ({"a": {"b": 5}}, "$.a.b", "not a number"),
    ({"a": None}, "$.a", "not null"),
    ({"a": True}, "$.a", "not true"),
    ({"a": [["x"]]}, "$.a[0]", "not an array"),
    ({"a": ["x", {}]}, "$.a[1]", "operator is missing"),
    ({"a": [{"regex": "x"}]}, "$.a[0].regex", "not an operator"),
    ({"a": [{"Prefix": "x"}]}, "$.a[0].Prefix", "not an operator"),
    ({"a": [{"prefix": "a", "suffix": "b"}]}, "$.a[0]", "only one operator"),
    ({"a b": [{"prefix": 1}]}, "$['a b'][0].prefix", "string is needed"),
    ({"detail-type": [{"prefix": ["a"]}]}, "$.detail-type[0].prefix", "not an array"),
    ({"a": [{"prefix": {"suffix": "x"}}]}, "$.a[0].prefix.suffix", "only equals-ignore-case"),
    ({"a": [{"suffix": {"equals-ignore-case": 1}}]}, "$.a[0].suffix.equals-ignore-case", "string"),
    ({"a": [{"suffix": {}}]}, "$.a[0].suffix", "operator is missing"),
    ({"a": [{"equals-ignore-case": ["x"]}]}, "$.a[0].equals-ignore-case", "not an array"),
    ({"a": [{"exactly": 1}]}, "$.a[0].exactly", "string is needed"),
    ({"a": [{"wildcard": "a**b"}]}, "$.a[0].wildcard", "consecutive wildcards at position 1"),
    ({"a": [{"wildcard": "a\\b"}]}, "$.a[0].wildcard", "backslash at position 1"),
    ({"a": [{"wildcard": "a\\"}]}, "$.a[0].wildcard", "backslash at position 1"),
    ({"a": [{"wildcard": 1}]}, "$.a[0].wildcard", "string is needed"),
    ({"a": [{"anything-but": ["x", 5]}]}, "$.a[0].anything-but", "not both"),
    ({"a": [{"anything-but": []}]}, "$.a[0].anything-but", "at least one"),
    ({"a": [{"anything-but": None}]}, "$.a[0].anything-but", "not null"),
    ({"a": [{"anything-but": ["x", True]}]}, "$.a[0].anything-but[1]", "not true"),
    ({"a": [{"anything-but": {"exists": True}}]}, "$.a[0].anything-but.exists", "anything-but"),
    ({"a": [{"anything-but": {"prefix": ""}}]}, "$.a[0].anything-but.prefix", "empty prefix"),
    ({"a": [{"anything-but": {"suffix": ["a", ""]}}]}, "$.a[0].anything-but.suffix[1]", "empty"),
    ({"a": [{"anything-but": {"prefix": []}}]}, "$.a[0].anything-but.prefix", "at least one"),
    ({"a": [{"anything-but": {"wildcard": ["**"]}}]}, "$.a[0].anything-but.wildcard[0]", "consec"),
    ({"a": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}, "$.a[0].anything-but", "only one"),
    ({"a": [{"anything-but": 12345678901234567890}]}, "$.a[0].anything-but", "too many digits"),
    ({"a": [{"numeric": "x"}]}, "$.a[0].numeric", "takes an array"),
    ({"a": [{"numeric": []}]}, "$.a[0].numeric[0]", "begins with one of"),
    ({"a": [{"numeric": ["!=", 1]}]}, "$.a[0].numeric[0]", "begins with one of"),
    ({"a": [{"numeric": ["="]}]}, "$.a[0].numeric[1]", "followed by a number"),
    ({"a": [{"numeric": ["<", "5"]}]}, "$.a[0].numeric[1]", "followed by a number"),
    ({"a": [{"numeric": ["<", True]}]}, "$.a[0].numeric[1]", "followed by a number"),
    ({"a": [{"numeric": ["=", 1, "<", 2]}]}, "$.a[0].numeric[2]", "remove the rest"),
    ({"a": [{"numeric": ["<", 5, ">", 1]}]}, "$.a[0].numeric[2]", "remove the rest"),
    ({"a": [{"numeric": [">", 1, "=", 2]}]}, "$.a[0].numeric[2]", "upper bound"),
    ({"a": [{"numeric": [">", 1, "<"]}]}, "$.a[0].numeric[3]", "followed by a number"),
    ({"a": [{"numeric": [">", 1, "<", 2, "<", 3]}]}, "$.a[0].numeric[4]", "remove the rest"),
    ({"a": [{"numeric": [">=", 5, "<=", 5]}]}, "$.a[0].numeric", "less than the upper"),
    ({"a": [{"numeric": [">", 5.0000001e9]}]}, "$.a[0].numeric[1]", "-5e9 to 5e9"),
    ({"a": [{"numeric": [">", -6e9, "<", 0]}]}, "$.a[0].numeric[1]", "-5e9 to 5e9"),
    ({"a": [{"cidr": "10.0.0.0"}]}, "$.a[0].cidr", "one slash"),
    ({"a": [{"cidr": "10.0.0.0/24/8"}]}, "$.a[0].cidr", "one slash"),
    ({"a": [{"cidr": "10.0.0.0/x"}]}, "$.a[0].cidr", "whole number"),
    ({"a": [{"cidr": "10.0.0.0/32"}]}, "$.a[0].cidr", "0 to 31"),
    ({"a": [{"cidr": "10.0.0.0/-1"}]}, "$.a[0].cidr", "0 to 31"),
    ({"a": [{"cidr": "::/128"}]}, "$.a[0].cidr", "0 to 127"),
    ({"a": [{"cidr": "10.0.0.256/8"}]}, "$.a[0].cidr", "not an IP address"),
    ({"a": [{"cidr": "example.com/8"}]}, "$.a[0].cidr", "not an IP address"),
    ({"a": [{"cidr": 10}]}, "$.a[0].cidr", "string is needed"),
    ({"a": [{"exists": "true"}]}, "$.a[0].exists", "true or false"),
    ({"a": [{"exists": 1}]}, "$.a[0].exists", "true or false"),
    ({"$or": [{"a": ["x"]}]}, "$.$or", "at least two"),
    ({"$or": []}, "$.$or", "at least two"),
    ({"$or": "x"}, "$.$or", "array of objects"),
    ({"$or": [{"a": ["x"]}, ["y"]]}, "$.$or[1]", "only objects"),
    ({"$or": [{"a": ["x"]}, {}]}, "$.$or[1]", "empty objects"),
    ({"$or": [{"a": ["x"]}, {"prefix": ["x"]}]}, "$.$or[1].prefix", "reserved word"),
    ({"$or": [{"a": {"regex": ["x"]}}, {"b": ["x"]}]}, "$.$or[0].a.regex", "reserved word"),
    ({"$or": [{"a": ["x"]}, {"b": [{"cidr": "x"}]}]}, "$.$or[1].b[0].cidr", "one slash"),
    ({"$or": ["x"], "a": [{"anything-but": {"wildcard": "a*"}}]}, "$.$or[0]", "only objects"),
    (
        {str(n): {"$or": [{"a": ["x"]}] * 11} for n in range(3)},
        "$.2.$or",
        "more than 1000 combinations",
    ),
    ({"a": [float("nan")]}, "$.a[0]", "not a JSON number"),
    ({"a": [{1, 2}]}, "$.a[0]", "value of type set"),
    ({1: ["x"]}, "$", "keys are strings"),
    ("[]", "$", "make it an object"),
    ('"x"', "$", "make it an object"),
    ("", "$", "not valid JSON"),
    ('{"a":["x"]', "$", "not valid JSON"),
    ('{"a":["x"]} x', "$", "not valid JSON"),
    ('{"a":[NaN]}', "$", "not valid JSON"),
    ("{'a':['x']}", "$", "not valid JSON"),
    (b'{"a":["\xff"]}', "$", "not valid JSON"),
    (_deep(100_000), "$", "nested too deeply"),
]


@pytest.mark.parametrize(
    ("pattern", "place", "reason"),
    REJECTED,
    ids=[f"{n}-{r}" for n, (_, _, r) in enumerate(REJECTED)],
)
def test_rejected(pattern: Any, place: str, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        EventPattern(pattern)
    assert caught.value.place == place
    assert reason in caught.value.reason
    assert str(caught.value) == f"{place}: {caught.value.reason}"
    assert isinstance(caught.value, ValueError)


_JSON = [
    pattern
    for pattern, _, reason in REJECTED
    if isinstance(pattern, dict) and reason not in ("not a JSON number", "value of type set")
]


@pytest.mark.parametrize("pattern", [one for one in _JSON if 1 not in one])
def test_rejected_as_text(pattern: Any) -> None:
    """Text is refused as the same dict is."""
    with pytest.raises(PatternError) as from_dict:
        EventPattern(pattern)
    with pytest.raises(PatternError) as from_text:
        EventPattern(json.dumps(pattern))
    assert str(from_text.value) == str(from_dict.value)


def test_rejected_rule_is_named() -> None:
    with pytest.raises(PatternError) as caught:
        RuleSet({"good": {"a": [1]}, "bad": {"a": []}})
    assert (caught.value.rule, caught.value.place) == ("bad", "$.a")
    assert "rule 'bad'" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).place == "$.a"


@pytest.mark.parametrize(
    "accepted",
    [
        {"a": [{"cidr": "0.0.0.0/0"}]},
        {"a": [{"cidr": "10.0.0.0/+8"}]},
        {"a": [{"numeric": [">=", -5e9, "<=", 5e9]}]},
        {"a": [{"anything-but": {"equals-ignore-case": ""}}]},
        {"prefix": ["x"]},
        {"a": {"numeric": {"cidr": ["x"]}}},
        {str(n): {"$or": [{"a": ["x"]}] * 10} for n in range(3)},
        {"$or": ["x"], "a": [{"anything-but": {"prefix": "a"}}]},
    ],
)
def test_accepted(accepted: dict[str, Any]) -> None:
    EventPattern(accepted)


def test_not_a_pattern() -> None:
    with pytest.raises(TypeError, match="a dict or JSON text, not int"):
        EventPattern(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("[]", "not an object"),
        ("null", "not an object"),
        ([], "not an object"),
        (None, "not an object"),
        ("{", "not valid JSON"),
        ('{"a":NaN}', "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (_deep(100_000), "nested too deeply"),
        ({"a": {1, 2}}, "JSON does not know"),
    ],
)
def test_not_an_event(event: Any, reason: str) -> None:
    with pytest.raises(EventError, match=reason):
        EventPattern({"a": ["x"]}).matches(event)
