"""What matches what: every operator of EventBridge's guide, alone and combined.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from reactor.patterns import EventPattern

pytestmark = pytest.mark.unit

ABSENT = {"exists": False}
PRESENT = {"exists": True}


def _field(matcher: Any, yes: list[Any], no: list[Any]) -> list[tuple[Any, Any, bool]]:
    """One matcher against values of one field."""
    pattern = {"d": {"f": [matcher]}}
    return [
        (pattern, {"d": {"f": value}}, expected)
        for values, expected in ((yes, True), (no, False))
        for value in values
    ]


def _whole(pattern: Any, yes: list[Any], no: list[Any]) -> list[tuple[Any, Any, bool]]:
    return [(pattern, event, True) for event in yes] + [(pattern, event, False) for event in no]


OPERATORS = {
    "exact": [
        *_field(
            "run", ["run", ["stop", "run"], [["run"]]], ["Run", "running", "", None, 1, {}, []]
        ),
        *_field("", ["", ["x", ""]], [" ", None, [], {}, 0, False]),
        *_field(None, [None, [None]], ["null", "", 0, False, [], {}]),
        *_field(True, [True], [1, "true", False, None]),
        *_field(False, [False], [0, "false", True, None]),
        *_field("true", ["true"], [True]),
        *_field({"exactly": "run"}, ["run"], ["Run", 1]),
    ],
    "numbers": [
        *_field(1, [1, 1.0, [2, 1]], [True, "1", 2, None]),
        *_field(1.5, [1.5], ["1.5", 1]),
        *_field(0, [0, 0.0, -0.0], [False, "0", None]),
        *_field(111122223333, [111122223333], ["111122223333"]),
        # No double holds these: they are compared as written.
        *_field(12345678901234567890, [12345678901234567890], [12345678901234567891]),
    ],
    "prefix": [
        *_field(
            {"prefix": "Create"}, ["Create", "CreateUser", ["x", "CreateX"]], ["create", 1, ""]
        ),
        *_field({"prefix": ""}, ["", "x"], [1, None, True]),
        *_field({"prefix": "1"}, ["1", "10"], [1, 10]),
        *_field({"prefix": {"equals-ignore-case": "create"}}, ["CREATEX", "create"], ["reate", 1]),
        *_field({"prefix": {"equals-ignore-case": "ß"}}, ["ßa", "SSa"], ["ssa", "sa"]),
        # The closing quote of a value counts as part of it.
        *_field({"prefix": '"'}, ['"x', ""], ["x"]),
        *_field({"prefix": 'a"'}, ['a"x', "a"], ["ab"]),
    ],
    "suffix": [
        *_field({"suffix": ".png"}, [".png", "a.png"], ["a.PNG", "png", "a.png ", 1]),
        *_field({"suffix": ""}, ["", "x"], [1, None]),
        *_field({"suffix": {"equals-ignore-case": ".PNG"}}, ["a.png", ".pNg"], ["png", 1]),
        *_field({"suffix": {"equals-ignore-case": "é"}}, ["caFÉ", "é"], ["cafe"]),
        *_field({"suffix": "雨"}, ["大雨"], ["大"]),
        *_field({"suffix": '"'}, ['x"', ""], ["x"]),
    ],
    "equals-ignore-case": [
        *_field({"equals-ignore-case": "Root"}, ["root", "ROOT", "rOOt"], ["roots", "oot", 1]),
        *_field({"equals-ignore-case": ""}, [""], ["x", None]),
        # Folding goes character by character: the Kelvin sign is no k.
        *_field({"equals-ignore-case": "k"}, ["k", "K"], ["\u212a"]),
        *_field({"equals-ignore-case": "straße"}, ["STRASSE", "straße"], ["strasse"]),
        # Beyond the basic plane event-ruler sees two unknown characters.
        *_field({"equals-ignore-case": "a😀"}, ["A??"], ["a😀"]),
    ],
    "wildcard": [
        *_field({"wildcard": "Update*"}, ["Update", "UpdateTrail"], ["update", "AUpdate", 1]),
        *_field({"wildcard": "*b"}, ["b", "ab"], ["ab\n", "bc", True]),
        *_field({"wildcard": "a*b"}, ["ab", "a\nb", "axxb", "abab"], ["a", "b", "abc"]),
        *_field({"wildcard": "*mid*"}, ["mid", "amidst"], ["mi", ""]),
        *_field({"wildcard": "a*b*c"}, ["abc", "a-b-b-c"], ["acb", "ac", "abcd"]),
        *_field({"wildcard": "ab*ba"}, ["abba"], ["aba"]),
        *_field({"wildcard": "a\\*b"}, ["a*b"], ["ab", "axb"]),
        *_field({"wildcard": "a\\\\*"}, ["a\\", "a\\x"], ["a*", "ax"]),
        *_field({"wildcard": "*\\*"}, ["*", "x*"], ["x"]),
        *_field({"wildcard": "*"}, ["", "x"], [1, None]),
        *_field({"wildcard": "plain"}, ["plain"], ["plainer"]),
        *_field({"wildcard": ""}, [""], ["x"]),
    ],
    "anything-but": [
        *_field({"anything-but": "x"}, ["y", 1, None, True, ["x", "y"]], ["x", ["x"], [], {}]),
        *_field({"anything-but": ["x", "y"]}, ["z", "", ["x", "z"]], ["x", "y", ["x", "y"]]),
        *_field({"anything-but": 1}, [2, "1", True, None], [1, 1.0, [1, 1]]),
        *_field({"anything-but": [1, 2]}, [3, 12345678901234567890], [1, 2.0]),
        *_field({"anything-but": {"prefix": "a"}}, ["b", "", 1, None], ["a", "ab"]),
        *_field({"anything-but": {"prefix": ["a", "b"]}}, ["c", ["a", "c"]], ["a", "bc"]),
        *_field({"anything-but": {"suffix": "a"}}, ["b", "ab", 1], ["a", "ba"]),
        *_field({"anything-but": {"suffix": ["a", "b"]}}, ["c"], ["xa", "xb"]),
        *_field({"anything-but": {"equals-ignore-case": "a"}}, ["b", "aa", True], ["a", "A"]),
        *_field({"anything-but": {"equals-ignore-case": ["a", "b"]}}, ["c"], ["A", "B"]),
        *_field({"anything-but": {"wildcard": "*/bin/*"}}, ["/lib", 1], ["/bin/", "x/bin/y"]),
        *_field({"anything-but": {"wildcard": ["a*", "*z"]}}, ["b"], ["ab", "yz"]),
        *_field({"anything-but": "10.0.0.1"}, ["10.0.0.01"], ["10.0.0.1"]),
    ],
    "numeric": [
        *_field({"numeric": ["=", 1]}, [1, 1.0], [True, "1", 2]),
        *_field({"numeric": ["<", 10]}, [9.9, -5], [10, "9"]),
        *_field({"numeric": ["<=", 10]}, [10], [10.1]),
        *_field({"numeric": [">", 0]}, [0.000001, 6e9], [0, -0.0, None]),
        *_field({"numeric": [">=", -1.5]}, [-1.5, [-2, 0]], [-1.6]),
        *_field({"numeric": [">", 0, "<=", 5]}, [1, 5, [9, 3]], [0, 5.1, [9, -3]]),
        *_field({"numeric": [">=", 0, "<", 5]}, [0, 4.999], [5]),
        # Too many digits for a double: not a number to compare with.
        *_field({"numeric": [">", 0]}, [], [12345678901234567890]),
    ],
    "cidr": [
        *_field({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "10.0.0.256"]),
        *_field({"cidr": "10.0.0.5/24"}, ["10.0.0.77"], ["10.0.1.77"]),
        *_field({"cidr": "0.0.0.0/0"}, ["1.2.3.4"], ["ec2.amazonaws.com", "", None, "1.2.3"]),
        *_field({"cidr": "10.0.0.0/31"}, ["10.0.0.1", "010.000.000.001"], ["10.0.0.2"]),
        *_field(
            {"cidr": "2001:db8::/32"}, ["2001:DB8::1", "2001:0db8:1:2:3:4:5:6"], ["2001:db9::"]
        ),
        *_field({"cidr": "::/127"}, ["::", "::1", "0:0:0:0:0:0:0:1"], ["::2", ":::", "1::1::"]),
        # An IPv6 address that maps an IPv4 one is that address.
        *_field({"cidr": "10.0.0.0/24"}, ["::ffff:0a00:0005"], ["::ffff:0b00:0005"]),
        # Digits are compared from the left, also between families.
        *_field({"cidr": "2600::/12"}, ["2600::1", "38.0.0.1"], ["38.0.0.0", "39.0.0.1"]),
        *_field({"cidr": "10.0.0.0/8"}, ["a00:1::"], ["b00::"]),
        *_field("10.0.0.1", ["10.0.0.1", "10.0.0.01"], ["10.0.0.2"]),
        *_field("::1", ["::1", "0:0:0:0:0:0:0:1"], ["::2"]),
        *_field({"exactly": "10.0.0.1"}, ["10.0.0.1"], ["10.0.0.01"]),
    ],
    "exists": [
        *_field(PRESENT, ["", None, False, 0, [1], [[1]]], [[], {}, {"g": 1}, [{}], [{"g": 1}]]),
        *_field(ABSENT, [[], {}, {"g": 1}, [{"g": 1}]], ["", None, False, [1]]),
        *_whole({"d": {"f": [ABSENT]}}, [{}, {"d": 1}, {"d": {"g": 1}}, {"d": []}], []),
        *_whole({"d": {"f": [PRESENT]}}, [], [{}, {"d": 1}, {"d": None}, {"f": 1}]),
    ],
    "several values": [
        *_whole(
            {"f": ["x", {"prefix": "ab"}, {"numeric": [">", 5]}, None, ABSENT]},
            [{"f": "x"}, {"f": "abc"}, {"f": 6}, {"f": None}, {}, {"f": ["q", "x"]}],
            [{"f": "y"}, {"f": 5}, {"f": True}],
        ),
        *_whole(
            {"f": [{"suffix": "z"}, {"wildcard": "a*"}]}, [{"f": "ab"}, {"f": "z"}], [{"f": "b"}]
        ),
        *_whole({"f": [{"anything-but": "a"}, "a"]}, [{"f": "a"}, {"f": "b"}], [{}]),
        *_whole(
            {"f": ["a", {"cidr": "10.0.0.0/8"}, 10]}, [{"f": "10.1.1.1"}, {"f": 10}], [{"f": "b"}]
        ),
    ],
    "several fields": _whole(
        {"source": ["aws.ec2"], "detail": {"state": ["on"], "n": [{"numeric": [">", 1]}]}},
        [{"source": "aws.ec2", "detail": {"state": "on", "n": 2, "more": 1}, "id": "1"}],
        [
            {"source": "aws.ec2", "detail": {"state": "on", "n": 1}},
            {"source": "aws.ec2", "detail": {"state": "off", "n": 2}},
            {"source": "aws.s3", "detail": {"state": "on", "n": 2}},
            {"source": "aws.ec2", "state": "on", "n": 2},
            {},
        ],
    ),
}

ARRAYS = {
    "objects in arrays are descended into": _whole(
        {"d": {"items": {"port": [22]}}},
        [
            {"d": {"items": [{"port": 443}, {"port": 22}]}},
            {"d": [{"items": {"port": 22}}]},
            {"d": {"items": [[{"port": 22}]]}},
        ],
        [{"d": {"items": [{"port": 443}, 22]}}],
    ),
    "fields must agree on the element": _whole(
        {"items": {"port": [22], "cidr": ["0.0.0.0/0"]}},
        [
            {"items": [{"port": 1, "cidr": "x"}, {"port": 22, "cidr": "0.0.0.0/0"}]},
            {"items": {"port": 22, "cidr": "0.0.0.0/0"}},
            {"items": {"port": [1, 22], "cidr": ["0.0.0.0/0"]}},
        ],
        [
            {"items": [{"port": 22, "cidr": "10.0.0.0/8"}, {"port": 443, "cidr": "0.0.0.0/0"}]},
            {"items": [{"port": 22}, {"cidr": "0.0.0.0/0"}]},
        ],
    ),
    "nested arrays": _whole(
        {"a": {"x": [1], "b": {"y": [2], "z": [3]}}},
        [
            {"a": [{"x": 1, "b": [{"y": 0, "z": 3}, {"y": 2, "z": 3}]}, {"x": 2}]},
            {"a": {"x": 1, "b": [{"y": 2, "z": 3}]}},
        ],
        [
            {"a": [{"x": 1, "b": [{"y": 2}, {"z": 3}]}]},
            {"a": [{"x": 1, "b": []}, {"x": 2, "b": [{"y": 2, "z": 3}]}]},
        ],
    ),
    "arrays beside each other do not tie": _whole(
        {"a": {"x": [1]}, "b": {"y": [2]}},
        [{"a": [{"x": 0}, {"x": 1}], "b": [{"y": 2}, {"y": 0}]}],
        [{"a": [{"x": 1}], "b": [{"y": 0}]}],
    ),
    "plain values tie to nothing": _whole(
        {"a": [1], "b": [2]}, [{"a": [0, 1], "b": [2, 0]}], [{"a": [0], "b": [2]}]
    ),
    "a value beside objects": _whole(
        {"a": ["x"], "a.b": [1]}, [{"a": ["x", {"b": 1}]}], [{"a": [{"b": 1}]}, {"a": "x"}]
    ),
    "an array of arrays ties": _whole(
        {"a": [1], "a.b": [2]},
        [{"a": [[1, {"b": 2}]]}],
        [{"a": [[1], {"b": 2}]}],
    ),
    "absence is judged after the fields before it": [
        *_whole({"x": {"y": [2], "z": [ABSENT]}}, [{"x": [{"z": 1}, {"y": 2}]}], []),
        *_whole(
            {"x": {"a": [ABSENT], "y": [2]}}, [{"x": [{"y": 2}]}], [{"x": [{"a": 1}, {"y": 2}]}]
        ),
        *_whole({"x": {"z": [ABSENT]}}, [{"x": [{"y": 2}]}], [{"x": [{"z": 1}, {"y": 2}]}]),
        *_whole(
            {"x": {"y": [2], "z": [ABSENT, 5]}},
            [{"x": [{"y": 2, "z": 5}]}, {"x": [{"y": 2}, {"z": 1}]}],
            [{"x": [{"y": 2, "z": 1}, {"z": 5}]}],
        ),
    ],
    "large arrays take no time": _whole(
        {"a": {"x": [1], "y": [2], "z": [ABSENT]}, "b": {"x": [1], "y": [2]}},
        [
            {
                "a": [{"x": 1}] * 2000 + [{"x": 1, "y": 2}] + [{"z": 0}],
                "b": [{"x": 1}] * 2000 + [{"x": 1, "y": 2}],
            }
        ],
        [{"a": [{"x": 1}, {"y": 2}] * 1000, "b": [{"x": 1, "y": 2}] * 1000}],
    ),
}

OR = {
    "either": _whole(
        {"s": ["x"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]},
        [{"s": "x", "a": 1}, {"s": "x", "b": 2, "c": 3}],
        [{"s": "x"}, {"s": "x", "b": 2}, {"a": 1}, {"s": "y", "a": 1}],
    ),
    "below a field, twice, nested": _whole(
        {
            "$or": [{"a": [1]}, {"a": [2]}],
            "d": {"$or": [{"x": [1]}, {"y": [2], "$or": [{"z": [3]}, {"w": {"v": [4]}}]}]},
        },
        [
            {"a": 1, "d": {"x": 1}},
            {"a": 2, "d": {"y": 2, "z": 3}},
            {"a": 2, "d": {"y": 2, "w": {"v": 4}}},
        ],
        [{"a": 3, "d": {"x": 1}}, {"a": 1, "d": {"y": 2}}, {"a": 1, "x": 1}],
    ),
    "the last of a field wins": [
        *_whole(
            {"a": ["1"], "$or": [{"a": ["2"]}, {"b": ["3"]}]},
            [{"a": "2"}, {"a": "1", "b": "3"}],
            [{"a": "1"}, {"b": "3"}],
        ),
        *_whole(
            {"$or": [{"a": ["2"]}, {"b": ["3"]}], "a": ["1"]},
            [{"a": "1"}, {"a": "1", "b": "3"}],
            [{"a": "2"}, {"b": "3"}],
        ),
        *_whole({"a": {"b": ["1"]}, "a.b": ["2"]}, [{"a": {"b": "2"}}], [{"a": {"b": "1"}}]),
    ],
    "what cannot be $or is a field": [
        *_whole({"$or": ["x", "y"]}, [{"$or": "x"}], [{"x": 1}]),
        *_whole({"$or": {"a": ["x"]}}, [{"$or": {"a": "x"}}], [{"a": "x"}]),
        *_whole({"$or": [{"prefix": "a"}, {"suffix": "b"}]}, [{"$or": "ax"}], [{"$or": "x"}]),
    ],
}

KEYS = {
    "dots": [
        *_whole({"a": {"b": ["x"]}}, [{"a.b": "x"}, {"a": {"b": "x"}}], [{"a": "x"}, {"b": "x"}]),
        *_whole({"a.b": ["x"]}, [{"a": {"b": "x"}}, {"a.b": "x"}], [{"a.b.c": "x"}]),
        *_whole(
            {"a": {"b": {"c": {"d": {"e": ["x"]}}}}},
            [
                {"a": {"b": {"c": {"d": {"e": "x"}}}}},
                {"a": {"b": {"c": {"d.e": "x"}}}},
                {"a": {"b.c": {"d": {"e": "x"}}}},
                {"a.b.c.d.e": "x"},
                {"a": {"b": [{"c": [{"d": {"e": "x"}}]}]}},
                {"a": {"b": 1}, "a.b": {"c.d": {"e": "x"}}},
            ],
            [{"a": {"b": {"c": {"d": "x"}}}}, {"a": {"b": {"c": 1}}}, {"a": {"b": None}}],
        ),
    ],
    "empty keys": [
        *_whole({"": ["x"]}, [{"": "x"}], [{"x": ""}]),
        # event-ruler loses these steps on one side only.
        *_whole({"a": {"": ["x"]}}, [{"a.": "x"}], [{"a": {"": "x"}}, {"a": "x"}]),
        *_whole({"": {"b": ["x"]}}, [{"b": "x"}], [{"": {"b": "x"}}]),
    ],
}

# Only text can say these.
TEXTS = [
    ('{"a":["x"],"a":["y"]}', '{"a":"y"}', True),
    ('{"a":["x"],"a":["y"]}', '{"a":"x"}', False),
    ('{"a":["x"],"a":{"b":["y"]}}', '{"a":["x",{"b":"y"}]}', True),
    ('{"a":["x"],"a":{"b":["y"]}}', '{"a":"x"}', False),
    ('{"a":["x"]}', '{"a":"x","a":"y"}', True),
    ('{"a":{"b":[1],"c":[2]}}', '{"a":{"b":1},"a":{"c":2}}', True),
    ('{"a":{"b":[1],"c":[2]}}', '{"a":{"b":1},"a":[{"c":1},{"c":2}]}', True),
    ('{"a":[1]}', '{"a":1.00}', True),
    ('{"a":[1e0]}', '{"a":1}', True),
    ('{"a":[{"numeric":["=",3.018e2]}]}', '{"a":301.8}', True),
    ('{"a":[1e400]}', '{"a":1e400}', True),
    ('{"a":[1e400]}', '{"a":1E400}', False),
    ('{"a":[{"numeric":[">",0]}]}', '{"a":1e400}', False),
    ('{"a":[0.1]}', '{"a":0.10000000000000000001}', False),
    ('{"a":[{"anything-but":0.1}]}', '{"a":0.10000000000000000001}', True),
    ('{"a":["\\u0061b"]}', '{"a":"a\\u0062"}', True),
]

CASES = [
    pytest.param(pattern, event, expected, id=f"{name}-{number}")
    for table in (OPERATORS, ARRAYS, OR, KEYS)
    for name, cases in table.items()
    for number, (pattern, event, expected) in enumerate(cases)
]


@pytest.mark.parametrize(("pattern", "event", "expected"), CASES)
def test_matching(pattern: Any, event: Any, expected: bool) -> None:
    compiled = EventPattern(pattern)
    assert compiled.matches(event) is expected
    assert compiled.matches(json.dumps(event)) is expected
    assert EventPattern(json.dumps(pattern).encode()).matches(event) is expected


@pytest.mark.parametrize(("pattern", "event", "expected"), TEXTS)
def test_matching_text(pattern: str, event: str, expected: bool) -> None:
    assert EventPattern(pattern).matches(event) is expected
    assert EventPattern(pattern.encode()).matches(event.encode()) is expected
