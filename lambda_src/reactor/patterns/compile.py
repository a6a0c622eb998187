"""Matchers as functions: one test for all the values a field may have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from reactor.patterns.addresses import address_digits, in_block
from reactor.patterns.digits import comparable, number_text
from reactor.patterns.model import (
    Address,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Matcher,
    Number,
    NumericRange,
    Prefix,
    Suffix,
    Wildcard,
)

Test: TypeAlias = "Callable[[Any], bool]"


def compile_matchers(matchers: Iterable[Matcher]) -> Test:
    """A test of one value of a field (not an object or array), true when a matcher matches."""
    matchers = tuple(matchers)
    strings: set[str] = set()
    prefixes: list[str] = []
    suffixes: list[str] = []
    tests: list[Test] = []
    # event-ruler compares numbers as such only where a field is asked for one.
    numeric = any(map(_is_numeric, matchers))
    for matcher in matchers:
        if isinstance(matcher, Exact) and isinstance(matcher.value, str):
            strings.add(matcher.value)
        elif isinstance(matcher, Prefix) and not matcher.ignore_case:
            prefixes.append(matcher.text)
            if matcher.text.endswith('"'):  # its own closing quote counts, too
                strings.add(matcher.text[:-1])
        elif isinstance(matcher, Suffix) and not matcher.ignore_case:
            suffixes.append(matcher.text)
            if matcher.text.startswith('"'):
                strings.add(matcher.text[1:])
        elif isinstance(matcher, Exists):
            if matcher.present:
                return _anything
        else:
            tests.append(_test(matcher, numeric))
    if suffixes:
        tests.insert(0, _ends(tuple(suffixes)))
    if prefixes:
        tests.insert(0, _starts(tuple(prefixes)))
    if strings:
        tests.insert(0, frozenset(strings).__contains__)
    if not tests:
        return _nothing
    return tests[0] if len(tests) == 1 else _any_of(tests)


def _anything(value: Any) -> bool:
    return True


def _nothing(value: Any) -> bool:
    return False


def _any_of(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) or second(value)
    return lambda value: any(test(value) for test in tests)


def _starts(prefixes: tuple[str, ...]) -> Test:
    return lambda value: value.__class__ is str and value.startswith(prefixes)


def _ends(suffixes: tuple[str, ...]) -> Test:
    return lambda value: value.__class__ is str and value.endswith(suffixes)


def _test(matcher: Matcher, numeric: bool) -> Test:
    match matcher:
        case Exact(value=constant):
            return lambda value: value is constant
        case Number(text=text, value=number):
            return _number(text, number)
        case Address(low=low, high=high) | Cidr(low=low, high=high):
            return _address(low, high, numeric)
        case Prefix(text=text):
            return _fold_test(text, "prefix")
        case Suffix(text=text):
            return _fold_test(text, "suffix")
        case EqualsIgnoreCase(text=text):
            return _fold_test(text, "equals")
        case Wildcard(parts=parts):
            return _wildcard(parts)
        case NumericRange():
            return _range(matcher)
        case AnythingBut(values=values):
            excluded = compile_matchers(values)
            return lambda value: not excluded(value)
        case Exists():  # handled by the caller; here for completeness
            return _anything if matcher.present else _nothing


def _number(text: str, number: float | None) -> Test:
    if number is None:
        return lambda value: number_text(value) == text
    return lambda value: comparable(value) == number


def _range(limits: NumericRange) -> Test:
    low, high = limits.low, limits.high
    low_included, high_included = limits.low_included, limits.high_included

    def test(value: Any) -> bool:
        number = comparable(value)
        if number is None:
            return False
        if low is not None and (number < low or (number == low and not low_included)):
            return False
        return high is None or number < high or (number == high and high_included)

    return test


def _address(low: str, high: str, numeric: bool) -> Test:
    def test(value: Any) -> bool:
        if value.__class__ is str:
            digits = address_digits(value)
            return digits is not None and in_block(digits, low, high)
        # A bare number gets to event-ruler's address digits as it is written, unless the field
        # is asked for numbers.
        text = None if numeric and comparable(value) is not None else number_text(value)
        return text is not None and in_block(text, low, high)

    return test


def _is_numeric(matcher: Matcher) -> bool:
    if isinstance(matcher, AnythingBut):
        return any(map(_is_numeric, matcher.values))
    if isinstance(matcher, Number):
        return matcher.value is not None
    return isinstance(matcher, NumericRange)


def _wildcard(parts: tuple[str, ...]) -> Test:
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return lambda value: value.__class__ is str and value == first
    middle = parts[1:-1]
    if not first and not last and len(middle) == 1:
        inner = middle[0]
        return lambda value: value.__class__ is str and inner in value
    shortest = len(first) + len(last)

    def test(value: Any) -> bool:
        if value.__class__ is not str or len(value) < shortest:
            return False
        if not (value.startswith(first) and value.endswith(last)):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            # The leftmost place leaves most room for the rest, so there is nothing to retry.
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return test


def _fold_test(text: str, where: str) -> Test:
    """Comparison in any case, one character of the pattern at a time as event-ruler does it.

    A character matches its lower and its upper case and nothing else: not what folds to the same
    (the Kelvin sign is no k), and not itself where it is neither. Java sees characters beyond
    the basic plane as two, and each becomes a question mark.
    """
    if text.isascii() and '"' not in text:
        folded = text.lower()
        if where == "equals":
            return lambda value: (
                value.__class__ is str and value.lower() == folded and value.isascii()
            )
        part = slice(len(folded)) if where == "prefix" else slice(-len(folded), None)
        if not folded:
            part = slice(0)

        def test(value: Any) -> bool:
            if value.__class__ is not str:
                return False
            end = value[part]
            return bool(end.lower() == folded and end.isascii())

        return test
    expression = "".join(map(_fold_character, text))
    if where == "prefix":
        expression += ".*"
        if text.endswith('"'):  # its own closing quote counts, too
            expression += "|" + "".join(map(_fold_character, text[:-1]))
    elif where == "suffix":
        expression = ".*" + expression
        if text.startswith('"'):
            expression += "|" + "".join(map(_fold_character, text[1:]))
    matches = re.compile(expression, re.DOTALL).fullmatch
    return lambda value: value.__class__ is str and matches(value) is not None


def _fold_character(character: str) -> str:
    if ord(character) > 0xFFFF:
        return r"\?\?"
    lower, upper = character.lower(), character.upper()
    if lower == upper:
        return re.escape(lower)
    return f"(?:{re.escape(lower)}|{re.escape(upper)})"
