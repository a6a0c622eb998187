"""A slow matcher that is easy to believe: no compiling, no index, one rule read at each match.

It takes patterns and events as plain Python values, tries every way to pick one value for each
field and checks that the picks agree on the elements of the arrays they come from.
"""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal
from typing import Any

Picked = dict[tuple[Any, ...], int]
Found = tuple[str, Any, Picked]


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    fields = list(_flatten(event, (), (), {}))
    return any(_pick(sorted(rule.items()), fields, {}) for rule in _expand(pattern))


def _expand(pattern: dict[str, Any]) -> list[dict[str, list[Any]]]:
    """The rules that a pattern with $or stands for."""
    rules: list[dict[str, list[Any]]] = [{}]

    def read(node: dict[str, Any], path: tuple[str, ...]) -> None:
        nonlocal rules
        for key, value in node.items():
            if key == "$or":
                before, after = rules, []
                for choice in value:
                    rules = [dict(rule) for rule in before]
                    read(choice, path)
                    after += rules
                rules = after
            elif isinstance(value, dict):
                read(value, (*path, key))
            else:
                for rule in rules:
                    rule[".".join((*path, key))] = value

    read(pattern, ())
    return rules


def _flatten(node: Any, path: tuple[str, ...], at: tuple[Any, ...], picked: Picked) -> list[Found]:
    if isinstance(node, dict):
        return [
            found
            for key, value in node.items()
            for found in _flatten(value, (*path, key), (*at, key), picked)
        ]
    if isinstance(node, list):
        return [
            found
            for index, item in enumerate(node)
            for found in _flatten(
                item,
                path,
                (*at, index),
                # A plain value in an array is the field's, whichever element it is.
                {**picked, at: index} if isinstance(item, (dict, list)) else picked,
            )
        ]
    return [(".".join(path), node, picked)]


def _pick(rule: list[tuple[str, list[Any]]], fields: list[Found], chosen: Picked) -> bool:
    if not rule:
        return True
    (path, matchers), *others = rule
    reachable = [
        (value, {**chosen, **picked})
        for name, value, picked in fields
        if name == path
        and all(chosen.get(array, index) == index for array, index in picked.items())
    ]
    if not reachable and {"exists": False} in matchers and _pick(others, fields, chosen):
        return True
    return any(
        any(value_matches(matcher, value) for matcher in matchers)
        and _pick(others, fields, together)
        for value, together in reachable
    )


def value_matches(matcher: Any, value: Any) -> bool:
    """One entry of a pattern's array against one value that is there."""
    if not isinstance(matcher, dict):
        return _same(matcher, value) or _same_address(matcher, value)
    ((operator, operand),) = matcher.items()
    if operator == "exists":
        return bool(operand)
    if operator == "anything-but":
        return not _excluded(operand, value)
    if operator == "numeric":
        return _number(value) and all(
            _compare(Decimal(str(value)), sign, Decimal(str(bound)))
            for sign, bound in zip(operand[::2], operand[1::2], strict=True)
        )
    return isinstance(value, str) and _text_matches(operator, operand, value)


def _text_matches(operator: str, operand: Any, value: str) -> bool:
    if operator == "cidr":
        address = _address(value)
        network = ipaddress.ip_network(operand, strict=False)
        return address is not None and address in network
    if isinstance(operand, dict):
        operand, value = operand["equals-ignore-case"].lower(), value.lower()
    text = str(operand)
    if operator == "prefix":
        return value.startswith(text)
    if operator == "suffix":
        return value.endswith(text)
    if operator == "equals-ignore-case":
        return value.lower() == text.lower()
    assert operator == "wildcard"
    return re.fullmatch(_regex(text), value, re.DOTALL) is not None


def _excluded(operand: Any, value: Any) -> bool:
    if isinstance(operand, dict):
        ((operator, texts),) = operand.items()
        texts = texts if isinstance(texts, list) else [texts]
        return any(value_matches({operator: text}, value) for text in texts)
    return any(_same(item, value) for item in (operand if isinstance(operand, list) else [operand]))


def _same(one: Any, other: Any) -> bool:
    if _number(one) and _number(other):
        return Decimal(str(one)) == Decimal(str(other))
    return type(one) is type(other) and one == other


def _same_address(one: Any, other: Any) -> bool:
    address = _address(one)
    return address is not None and address == _address(other)


def _address(text: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _compare(value: Decimal, sign: str, bound: Decimal) -> bool:
    return {
        "=": value == bound,
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
    }[sign]


def _regex(wildcard: str) -> str:
    return re.sub(
        r"\\(.)|(\*)|(.)",
        lambda m: ".*" if m[2] else re.escape(m[1] or m[3]),
        wildcard,
        flags=re.DOTALL,
    )
