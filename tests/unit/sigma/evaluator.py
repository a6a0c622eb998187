"""What a Sigma rule says about a record, read from its YAML alone: slow, plain, without pySigma.

https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
"""

from __future__ import annotations

import fnmatch
import ipaddress
import json
import re
from typing import Any

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")


def holds(rule: dict[str, Any], record: dict[str, Any]) -> bool:
    """Whether the rule's condition holds for a CloudTrail record."""
    detection = rule["detection"]
    conditions = detection["condition"]
    results = {
        name: _detection(body, record) for name, body in detection.items() if name != "condition"
    }
    if isinstance(conditions, str):
        conditions = [conditions]
    return any(_Condition(text, results).value() for text in conditions)


class _Condition:
    """not binds closer than and, and than or."""

    def __init__(self, text: str, results: dict[str, bool]) -> None:
        self.tokens = _TOKEN.findall(text)
        self.results = results

    def value(self) -> bool:
        result = self.either()
        assert not self.tokens
        return result

    def either(self) -> bool:
        result = self.both()
        while self.tokens[:1] == ["or"]:
            self.tokens.pop(0)
            result = self.both() or result
        return result

    def both(self) -> bool:
        result = self.one()
        while self.tokens[:1] == ["and"]:
            self.tokens.pop(0)
            result = self.one() and result
        return result

    def one(self) -> bool:
        token = self.tokens.pop(0)
        if token == "not":
            return not self.one()
        if token == "(":
            result = self.either()
            assert self.tokens.pop(0) == ")"
            return result
        if token in ("1", "any", "all") and self.tokens[:1] == ["of"]:
            self.tokens.pop(0)
            name = self.tokens.pop(0).replace("them", "*")
            of = [r for key, r in self.results.items() if fnmatch.fnmatchcase(key, name)]
            return all(of) if token == "all" else any(of)
        return self.results[token]


def _detection(body: Any, record: dict[str, Any]) -> bool:
    if isinstance(body, list):
        return any(_detection(each, record) for each in body)
    return all(_item(key, value, record) for key, value in body.items())


def _item(key: str, value: Any, record: dict[str, Any]) -> bool:
    field, *modifiers = key.split("|")
    wanted = value if isinstance(value, list) else [value]
    found = list(_values(record, field.split(".")))
    each = [_any(found, one, modifiers) for one in wanted]
    result = all(each) if "all" in modifiers else any(each)
    return result is not ("neq" in modifiers)


def _values(node: Any, steps: list[str]) -> Any:
    if isinstance(node, list):
        for item in node:
            yield from _values(item, steps)
    elif steps:
        if isinstance(node, dict) and steps[0] in node:
            yield from _values(node[steps[0]], steps[1:])
    elif not isinstance(node, dict):
        yield node


def _any(found: list[Any], wanted: Any, modifiers: list[str]) -> bool:
    if "exists" in modifiers:
        return bool(found) is wanted
    if wanted is None:
        return not found or None in found
    return any(_one(value, wanted, modifiers) for value in found)


def _one(value: Any, wanted: Any, modifiers: list[str]) -> bool:
    if "cidr" in modifiers:
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(wanted)
        except ValueError:
            return False
    for sign in ("lt", "lte", "gt", "gte"):
        if sign in modifiers:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            compared = {"lt": value < wanted, "lte": value <= wanted, "gt": value > wanted}
            return bool(compared.get(sign, value >= wanted))
    text = wanted if isinstance(wanted, str) else json.dumps(wanted)
    before = "*" if {"contains", "endswith"} & set(modifiers) else ""
    after = "*" if {"contains", "startswith"} & set(modifiers) else ""
    parts = _parts(before + text + after)
    if len(parts) > 1 and not any(parts):
        return True  # whatever is there
    if value is None:
        return False
    flags = re.DOTALL if "cased" in modifiers else re.DOTALL | re.IGNORECASE | re.ASCII
    if len(parts) == 1:  # a value's text, whatever its kind
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(parts[0]) == value
        shown = value if isinstance(value, str) else json.dumps(value)
        return re.fullmatch(re.escape(parts[0]), shown, flags) is not None
    if not isinstance(value, str):
        return False
    return re.fullmatch(".*".join(map(re.escape, parts)), value, flags) is not None


def _number(text: str) -> float | None:
    """The number that a text spells, as JSON does."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parts(text: str) -> list[str]:
    """What stands between stars; a backslash makes a star, ? or backslash mean itself."""
    found, at = [""], 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in ("*", "?", "\\"):
            at += 1
            found[-1] += text[at]
        elif text[at] == "*":
            found.append("")
        else:
            found[-1] += text[at]
        at += 1
    return found
