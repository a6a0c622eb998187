"""From a pattern's text (or dict) to `Pattern`, refusing what EventBridge refuses.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, TypeAlias

from reactor.patterns.addresses import address_digits, block_digits
from reactor.patterns.digits import parse_number
from reactor.patterns.document import Members, NumberToken, Text, json_kind, load_pattern
from reactor.patterns.errors import PatternError
from reactor.patterns.model import (
    Address,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Matcher,
    Negatable,
    Number,
    NumericRange,
    Pattern,
    Prefix,
    Suffix,
    Wildcard,
)

PatternInput: TypeAlias = "Mapping[str, Any] | Text"

# EventBridge's own limits, which event-ruler does not have: see "$or" and "Numeric matching" in
# the user guide.
MAX_COMBINATIONS = 1000
MAX_NUMBER = 5e9

# event-ruler keeps these words from being field names inside $or, some for the future.
_RESERVED_IN_OR = frozenset(
    {
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    }
)
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]+")
_MASK_BITS = re.compile(r"[+-]?[0-9]+")

_Branches: TypeAlias = "list[dict[str, tuple[Matcher, ...]]]"


def parse_pattern(pattern: PatternInput) -> Pattern:
    """Validate an event pattern and expand its ``$or``.

    ``pattern`` is a dict or JSON text. Raises `PatternError` for what EventBridge would refuse
    and `TypeError` for what is neither a dict nor text.
    """
    document: Any
    if isinstance(pattern, (str, bytes, bytearray)):
        document = load_pattern(pattern)
    elif isinstance(pattern, Mapping):
        document = pattern
    else:
        raise TypeError(f"a pattern is a dict or JSON text, not {type(pattern).__name__}")
    try:
        return _parse_document(document)
    except RecursionError:
        raise PatternError("the pattern is nested too deeply; use fewer levels") from None


def _parse_document(document: Any) -> Pattern:
    reader = _Reader(or_is_keyword=True)
    try:
        return reader.read(document)
    except PatternError as error:
        if not reader.met_or or error.reason.startswith("$or expands"):
            raise
        # As event-ruler does: what does not work as $or may be a field of that name.
        try:
            return _Reader(or_is_keyword=False).read(document)
        except PatternError:
            raise error from None


class _Reader:
    """Walks a document in its own order, since a later condition on a field replaces earlier."""

    def __init__(self, *, or_is_keyword: bool) -> None:
        self._or_is_keyword = or_is_keyword
        self._operators = _OPERATORS if or_is_keyword else _OLD_OPERATORS
        self.met_or = False

    def read(self, document: Any) -> Pattern:
        if not _is_object(document):
            raise PatternError(
                f"the pattern is a JSON {json_kind(document)}; make it an object of fields"
            )
        branches: _Branches = []
        self._object(document, (), "$", branches, in_or=False)
        return Pattern(tuple(branches))

    def _object(
        self, node: Any, path: tuple[str, ...], place: str, branches: _Branches, *, in_or: bool
    ) -> None:
        empty = True
        for key, value in _pairs(node, place):
            empty = False
            here = _member(place, key)
            if key == "$or":
                self.met_or = True
                if self._or_is_keyword:
                    self._either(value, path, here, branches)
                    continue
            if in_or and key in _RESERVED_IN_OR:
                raise PatternError(
                    f"{key!r} is a reserved word and cannot be a field inside $or; "
                    "put the operator in the array of a field",
                    here,
                )
            if _is_object(value):
                self._object(value, (*path, key), here, branches, in_or=in_or)
            elif _is_array(value):
                _write(branches, _field(path, key), self._values(value, here))
            else:
                raise PatternError(
                    f"a field takes an array of values or an object of fields, not "
                    f"{_a(json_kind(value))}; write the value in [ ]",
                    here,
                )
        if empty:
            raise PatternError(
                "empty objects are not allowed; give at least one field or leave it out", place
            )

    def _either(self, node: Any, path: tuple[str, ...], place: str, branches: _Branches) -> None:
        if not _is_array(node):
            raise PatternError(f"$or takes an array of objects, not {_a(json_kind(node))}", place)
        before = [dict(branch) for branch in branches] or [{}]
        branches.clear()
        for index, choice in enumerate(node):
            here = f"{place}[{index}]"
            if not _is_object(choice):
                raise PatternError(
                    f"only objects are allowed in $or, not {_a(json_kind(choice))}", here
                )
            forked = [dict(branch) for branch in before]
            self._object(choice, path, here, forked, in_or=True)
            branches.extend(forked)
            if len(branches) > MAX_COMBINATIONS:
                raise PatternError(
                    f"$or expands to more than {MAX_COMBINATIONS} combinations; "
                    "split the pattern into several rules",
                    place,
                )
        if len(node) < 2:
            raise PatternError("$or takes at least two objects; add one or drop the $or", place)

    def _values(self, node: Iterable[Any], place: str) -> tuple[Matcher, ...]:
        matchers = tuple(
            self._value(value, f"{place}[{index}]") for index, value in enumerate(node)
        )
        if not matchers:
            raise PatternError("empty arrays are not allowed; give at least one value", place)
        return tuple(dict.fromkeys(matchers))

    def _value(self, node: Any, place: str) -> Matcher:
        if _is_object(node):
            operator, operand, here = _operator(node, place)
            read = self._operators.get(operator)
            if read is None:
                raise PatternError(
                    f"{operator!r} is not an operator; use one of {', '.join(_OPERATORS)}", here
                )
            return read(operand, here)
        if isinstance(node, str):
            digits = address_digits(node)
            return Exact(node) if digits is None else Address(node, digits, digits)
        if node is None or isinstance(node, bool):
            return Exact(node)
        if _is_number(node):
            text = _number_text(node, place)
            return Number(text, parse_number(text))
        raise PatternError(
            "a value is a string, number, true, false, null or an operator, not "
            f"{_a(json_kind(node))}",
            place,
        )


def _field(path: tuple[str, ...], key: str) -> str:
    # No dot after nothing: that is how event-ruler spells a field below an empty key.
    base = ".".join(path)
    return f"{base}.{key}" if base else key


def _write(branches: _Branches, path: str, matchers: tuple[Matcher, ...]) -> None:
    if not branches:
        branches.append({})
    for branch in branches:
        branch[path] = matchers


def _exactly(node: Any, place: str) -> Matcher:
    return Exact(_string(node, place))


def _prefix(node: Any, place: str) -> Matcher:
    if _is_object(node):
        return Prefix(_ignore_case(node, place), ignore_case=True)
    return Prefix(_string(node, place))


def _suffix(node: Any, place: str) -> Matcher:
    if _is_object(node):
        return Suffix(_ignore_case(node, place), ignore_case=True)
    return Suffix(_string(node, place))


def _ignore_case(node: Any, place: str) -> str:
    operator, operand, here = _operator(node, place)
    if operator != "equals-ignore-case":
        raise PatternError(f"{operator!r} cannot be used here; only equals-ignore-case can", here)
    return _string(operand, here)


def _equals_ignore_case(node: Any, place: str) -> EqualsIgnoreCase:
    return EqualsIgnoreCase(_string(node, place))


def _wildcard(node: Any, place: str) -> Wildcard:
    text = _string(node, place)
    parts = [""]
    at = 0
    while at < len(text):
        char = text[at]
        following = text[at + 1 : at + 2]
        if char == "*":
            if following == "*":
                raise PatternError(
                    f"consecutive wildcards at position {at} are not allowed; use one *", place
                )
            parts.append("")
        elif char == "\\":
            if following not in ("*", "\\"):
                raise PatternError(
                    f"the backslash at position {at} escapes neither * nor a backslash; "
                    "double it to match a backslash",
                    place,
                )
            parts[-1] += following
            at += 1
        else:
            parts[-1] += char
        at += 1
    return Wildcard(text, tuple(parts))


def _anything_but(node: Any, place: str) -> AnythingBut:
    if _is_object(node):
        operator, operand, here = _operator(node, place)
        read = _NEGATABLE.get(operator)
        if read is None:
            raise PatternError(
                f"{operator!r} cannot be used in anything-but; use a value, a list of values or "
                f"one of {', '.join(_NEGATABLE)}",
                here,
            )
        if _is_array(operand):
            values = [read(item, f"{here}[{index}]") for index, item in enumerate(operand)]
            if not values:
                raise PatternError("anything-but needs at least one value; add one", here)
            return AnythingBut(tuple(dict.fromkeys(values)))
        return AnythingBut((read(operand, here),))
    if _is_array(node):
        values = [_plain(item, f"{place}[{index}]") for index, item in enumerate(node)]
        if not values:
            raise PatternError("anything-but needs at least one value; add one", place)
        if len({type(value) for value in values}) > 1:
            raise PatternError(
                "anything-but takes all strings or all numbers, not both; use two fields or "
                "two rules",
                place,
            )
        return AnythingBut(tuple(dict.fromkeys(values)))
    return AnythingBut((_plain(node, place),))


def _old_anything_but(node: Any, place: str) -> AnythingBut:
    """What event-ruler's first compiler takes, which reads patterns with a field named $or."""
    if _is_object(node):
        operator, operand, here = _operator(node, place)
        if operator == "wildcard" or (operator != "equals-ignore-case" and _is_array(operand)):
            raise PatternError("this cannot be used beside a field named $or", here)
    return _anything_but(node, place)


def _plain(node: Any, place: str) -> Exact | Number:
    if isinstance(node, str):
        return Exact(node)
    if _is_number(node):
        text = _number_text(node, place)
        return Number(text, _double(text, place))
    raise PatternError(f"anything-but takes strings or numbers, not {_a(json_kind(node))}", place)


def _but_prefix(node: Any, place: str) -> Negatable:
    return Prefix(_nonempty(node, place))


def _but_suffix(node: Any, place: str) -> Negatable:
    return Suffix(_nonempty(node, place))


def _numeric(node: Any, place: str) -> NumericRange:
    if not _is_array(node):
        raise PatternError(
            f'numeric takes an array such as [">", 0, "<=", 5], not {_a(json_kind(node))}', place
        )
    if not node or not isinstance(node[0], str) or node[0] not in ("=", "<", "<=", ">", ">="):
        raise PatternError("numeric begins with one of =, <, <=, > and >=", f"{place}[0]")
    operator = node[0]
    value = _bound(node, 1, place)
    if operator in (">", ">=") and len(node) > 2:
        if not isinstance(node[2], str) or node[2] not in ("<", "<="):
            raise PatternError("the upper bound of a range begins with < or <=", f"{place}[2]")
        top = _bound(node, 3, place)
        _at_most(node, 4, place)
        if value >= top:
            raise PatternError("the lower bound must be less than the upper bound", place)
        return NumericRange(value, operator == ">=", top, node[2] == "<=")
    _at_most(node, 2, place)
    if operator == "=":
        return NumericRange(value, True, value, True)
    if operator in (">", ">="):
        return NumericRange(value, operator == ">=", None, False)
    return NumericRange(None, False, value, operator == "<=")


def _bound(node: Any, index: int, place: str) -> float:
    here = f"{place}[{index}]"
    if len(node) <= index or not _is_number(node[index]):
        raise PatternError(f"{node[index - 1]} is followed by a number; write one", here)
    value = _double(_number_text(node[index], here), here)
    if abs(value) > MAX_NUMBER:
        raise PatternError("EventBridge compares numbers from -5e9 to 5e9 only", here)
    return value


def _at_most(node: Any, size: int, place: str) -> None:
    if len(node) > size:
        raise PatternError(
            "numeric takes one comparison, or a lower and then an upper bound; remove the rest",
            f"{place}[{size}]",
        )


def _double(text: str, place: str) -> float:
    value = parse_number(text)
    if value is None:
        raise PatternError(
            f"{text} cannot be compared: it is too large or has too many digits for a double",
            place,
        )
    return value


def _cidr(node: Any, place: str) -> Cidr:
    text = _string(node, place)
    parts = text.split("/")
    while parts and not parts[-1]:
        parts.pop()  # event-ruler ignores trailing slashes
    if len(parts) != 2:
        raise PatternError("a CIDR block has one slash, as in 10.0.0.0/24", place)
    address, mask = parts
    if not _MASK_BITS.fullmatch(mask):
        raise PatternError("the mask of a CIDR block is a whole number of bits", place)
    digits = address_digits(address)
    if digits is None:
        raise PatternError(f"{address!r} is not an IP address", place)
    bits = int(mask)
    most = len(digits) * 4 - 1
    if not 0 <= bits <= most:
        raise PatternError(
            f"the mask of this CIDR block is from 0 to {most} bits; for one address write the "
            "address itself as the value",
            place,
        )
    return Cidr(text, *block_digits(digits, bits))


def _exists(node: Any, place: str) -> Exists:
    if not isinstance(node, bool):
        raise PatternError(f"exists takes true or false, not {_a(json_kind(node))}", place)
    return Exists(node)


_OPERATORS: dict[str, Callable[[Any, str], Matcher]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
    "exactly": _exactly,
}
_OLD_OPERATORS = {**_OPERATORS, "anything-but": _old_anything_but}
_NEGATABLE: dict[str, Callable[[Any, str], Negatable]] = {
    "prefix": _but_prefix,
    "suffix": _but_suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
}


def _operator(node: Any, place: str) -> tuple[str, Any, str]:
    pairs = list(_pairs(node, place))
    if not pairs:
        raise PatternError("the operator is missing; write one such as prefix", place)
    if len(pairs) > 1:
        raise PatternError(
            "only one operator is allowed in an object; put each in an object of its own", place
        )
    key, operand = pairs[0]
    return key, operand, _member(place, key)


def _is_object(node: Any) -> bool:
    return isinstance(node, (Members, Mapping))


def _is_array(node: Any) -> bool:
    return isinstance(node, (list, tuple))


def _pairs(node: Any, place: str) -> Iterable[tuple[str, Any]]:
    if isinstance(node, Members):
        return node.pairs
    for key in node:
        if not isinstance(key, str):
            raise PatternError(f"the key {key!r} is not a string; JSON keys are strings", place)
    items: Iterable[tuple[str, Any]] = node.items()
    return items


def _is_number(node: Any) -> bool:
    return isinstance(node, (int, float, NumberToken)) and not isinstance(node, bool)


def _number_text(node: Any, place: str) -> str:
    if isinstance(node, NumberToken):
        return node.text
    if isinstance(node, float) and not isfinite(node):
        raise PatternError(f"{node} is not a JSON number", place)
    return repr(node)


def _string(node: Any, place: str) -> str:
    if not isinstance(node, str):
        raise PatternError(f"a string is needed here, not {_a(json_kind(node))}", place)
    return node


def _nonempty(node: Any, place: str) -> str:
    text = _string(node, place)
    if not text:
        raise PatternError("an empty prefix or suffix would leave nothing to match", place)
    return text


def _a(kind: str) -> str:
    if kind in ("true", "false", "null"):
        return kind
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _member(place: str, key: str) -> str:
    return f"{place}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{place}[{key!r}]"
