"""Many rules at once: the same answers as one by one, whatever way they are filed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from reactor.patterns import EventPattern, RuleSet

pytestmark = pytest.mark.unit


def _rules() -> dict[str, Any]:
    """Every way to file a rule, over and over, so that each look-up has several to choose from."""
    rules: dict[str, Any] = {}
    for n in range(40):
        call = {"source": [f"s{n % 4}"], "name": [f"Call{n % 7}", f"Other{n % 3}"]}
        rules |= {
            f"exact-{n}": call,
            f"two-{n}": {**call, "detail": {"who": [f"w{n}"]}},
            f"prefix-{n}": {"name": [{"prefix": f"Call{n % 5}"}], "detail": {"n": [n]}},
            f"suffix-{n}": {"name": [{"suffix": f"{n % 5}"}], "detail": {"on": [n % 2 == 0]}},
            f"fold-{n}": {"name": [{"equals-ignore-case": f"call{n % 5}"}], "source": ["s1"]},
            f"wild-{n}": {"name": [{"wildcard": f"C*{n % 3}"}], "detail": {"who": [f"w{n}"]}},
            f"head-{n}": {"name": [{"wildcard": "Call*"}, {"wildcard": f"*r{n % 3}"}]},
            f"null-{n}": {"detail": {"who": [None], "n": [n]}},
            f"not-{n}": {"name": [{"anything-but": f"Call{n % 7}"}], "source": [f"s{n % 4}"]},
            f"absent-{n}": {"detail": {"who": [{"exists": False}]}, "name": [f"Call{n % 7}"]},
            f"items-{n}": {"detail": {"items": {"k": [f"k{n % 3}"], "v": [n % 4]}}},
            f"or-{n}": {"$or": [{"name": [f"Call{n % 7}"]}, {"detail": {"n": [n % 3]}}]},
        }
    return rules


EVENTS: list[dict[str, Any]] = [
    {},
    {"source": "s1", "name": "Call1", "detail": {"who": "w1", "n": 1, "on": True}},
    {"source": "s2", "name": "CALL2", "detail": {"who": None, "n": 2.0}},
    {"source": ["s1", "s3"], "name": ["Call3", "Other2", 5], "detail": {"who": ["w3", None]}},
    {"source": "s0", "name": "Cx2", "detail": {"who": "w20"}},
    {"detail": {"items": [{"k": "k1", "v": 1}, {"k": "k2", "v": 3}]}},
    {"detail": {"items": [{"k": "k1"}, {"v": 1}]}, "name": "Other1"},
    {"detail": [{"who": "w5"}, {"n": 5}], "name": "Call5", "source": "s1"},
    {"detail.who": "w9", "name": "Call2", "source": "s1"},
    {"detail": {"items.k": "k0", "items": {"v": 0}}},
    {"name": None, "source": True, "detail": {"n": True, "on": 0}},
    {"name": 5, "source": 1, "detail": "text"},
    OrderedDict(source="s1", name="Call1", detail=OrderedDict(who="w1")),
]


@pytest.mark.parametrize("event", EVENTS)
def test_as_one_by_one(event: dict[str, Any]) -> None:
    rules = _rules()
    expected = {name for name, rule in rules.items() if EventPattern(rule).matches(event)}
    assert RuleSet(rules).match(event) == expected


def test_names_of_equal_rules() -> None:
    rules = RuleSet({"a": {"f": [1]}, "b": '{"f":[1]}', "c": EventPattern({"f": [2]})})
    assert rules.match({"f": 1}) == {"a", "b"}
    assert rules.match(b'{"f":[1,2]}') == {"a", "b", "c"}
    assert rules.match({}) == set()


def test_no_rules() -> None:
    assert RuleSet({}).match({"a": 1}) == set()
    assert RuleSet({}).fields == frozenset()


def test_fields() -> None:
    rules = RuleSet({"a": {"x": {"y": [1]}, "$or": [{"z": [1]}, {"x.w": [1]}]}, "b": {"v": [1]}})
    assert rules.fields == {"x.y", "z", "x.w", "v"}
    assert EventPattern({"x": {"y": [1]}}).fields == {"x.y"}


def test_results_are_the_callers_own() -> None:
    rules = RuleSet({"a": {"f": [1]}})
    rules.match({"f": 1}).add("other")
    assert rules.match({"f": 1}) == {"a"}


def test_only_rules_that_come_close_are_looked_at() -> None:
    """3,000 rules cost a miss what 30 cost: counted in reads of fields, not in seconds."""

    class Counting(dict[str, Any]):
        reads = 0

        def get(self, key: str, default: Any = None) -> Any:
            Counting.reads += 1
            return super().get(key, default)

    def reads(count: int) -> int:
        rules = RuleSet(
            {
                str(n): {"source": [f"s{n % 10}"], "name": [f"Call{n}"], "who": [{"prefix": "x"}]}
                for n in range(count)
            }
        )
        Counting.reads = 0
        assert rules.match(Counting(source="s1", name="Other", who="x")) == set()
        return Counting.reads

    assert reads(3000) <= reads(30) <= 4
