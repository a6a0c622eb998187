"""Tests of fields in the words of an EventBridge pattern; what it can't say exactly is refused.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from reactor.patterns.addresses import address_digits

from trailctl.sigma import fields
from trailctl.sigma.meaning import (
    Alternative,
    Atom,
    Compared,
    FieldTest,
    InBlock,
    Null,
    SameBool,
    SameNumber,
    SameText,
    There,
    UnsaidError,
)

LONGEST = 2048  # characters of a pattern
_COMPARABLE = 5e9  # what EventBridge compares with
# Beyond, AWS refuses a rule as too complex:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching-complexity
_WILDCARDS = 6
_ABSENT: Mapping[str, Any] = {"exists": False}
# All events that CloudTrail sends to EventBridge, and nobody else can.
_ENVELOPE: Mapping[str, Any] = {
    "source": [{"prefix": "aws."}],
    "detail-type": [{"suffix": " via CloudTrail"}],
}


def patterns(alternatives: Sequence[Alternative]) -> dict[str, dict[str, Any]]:
    """Patterns by the names of an entry's parts: `main`, and more where one is too long.

    Raises UnsaidError.
    """
    said = [{field: matchers(test) for field, test in each.items()} for each in alternatives]
    parts: list[dict[str, Any]] = []
    rest = said
    while rest:
        size = len(rest)
        while size > 1 and len(_written(rest[:size])) >= LONGEST:
            size -= 1
        parts.append(_pattern(rest[:size]))
        rest = rest[size:]
    for pattern in parts:
        if len(json.dumps(pattern, separators=(",", ":"))) >= LONGEST:
            raise UnsaidError("too long", f"a pattern has at most {LONGEST:,} characters")
    return {f"part{n}" if n > 1 else "main": pattern for n, pattern in enumerate(parts, start=1)}


def _written(said: Sequence[Mapping[str, list[Any]]]) -> str:
    return json.dumps(_pattern(said), separators=(",", ":"))


def _pattern(said: Sequence[Mapping[str, list[Any]]]) -> dict[str, Any]:
    first = said[0]
    common = {
        field: values
        for field, values in first.items()
        if all(each.get(field) == values for each in said)
    }
    rest = [{f: v for f, v in each.items() if f not in common} for each in said]
    detail = _nested(common)
    if all(rest):
        detail["$or"] = [_nested(each) for each in rest]
    return {**_ENVELOPE, "detail": detail}


def _nested(flat: Mapping[str, list[Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, values in flat.items():
        *steps, last = field.split(".")
        node = found
        for step in steps:
            node = node.setdefault(step, {})
        node[last] = values
    return found


def matchers(test: FieldTest) -> list[Any]:
    """What a pattern has in the field's list. Raises UnsaidError."""
    found = _none_of(test) if test.negated else _any_of(test)
    stars = sum(text.count("*") for text in _wildcards(found))
    if stars > _WILDCARDS:
        raise UnsaidError("too complex", f"{test.field}: {stars} wildcards in one field")
    return found


def _wildcards(values: Sequence[Any]) -> list[str]:
    found: list[str] = []
    for value in values:
        if isinstance(value, Mapping):
            inner = value.get("anything-but", value)
            if isinstance(inner, Mapping) and "wildcard" in inner:
                texts = inner["wildcard"]
                found += texts if isinstance(texts, list) else [texts]
    return found


def _any_of(test: FieldTest) -> list[Any]:
    if There() in test.atoms:
        if Null() in test.atoms:
            raise UnsaidError("always true", f"{test.field} may be there or not")
        return [{"exists": True}]
    found: list[Any] = []
    for atom in sorted(test.atoms, key=_order):
        for matcher in _said(test.field, atom):
            if matcher not in found or isinstance(matcher, bool):  # 1 == True in Python
                found.append(matcher)
    return found


def _order(atom: Atom) -> tuple[str, str]:
    return type(atom).__name__, repr(atom)


def _said(field: str, atom: Atom) -> list[Any]:
    match atom:
        case SameText():
            return _text(field, atom)
        case SameNumber(value=value):
            return [value, {"equals-ignore-case": json.dumps(value)}]
        case SameBool(value=value):
            return [value, {"equals-ignore-case": json.dumps(value)}]
        case Null():
            return [dict(_ABSENT)] if field in fields.SINGLE else [None, dict(_ABSENT)]
        case InBlock(block=block):
            return [{"cidr": block}]
        case Compared(sign=sign, value=value):
            if abs(value) > _COMPARABLE:
                raise UnsaidError("number", f"{field}: EventBridge compares from -5e9 to 5e9 only")
            return [{"numeric": [sign, value]}]
    raise UnsaidError("value", f"{field}: {atom} can't be said")


def _text(field: str, text: SameText) -> list[Any]:
    first, last = text.parts[0], text.parts[-1]
    if text.whole:
        return _equal(field, first, text.cased)
    if len(text.parts) == 2 and not last:
        if first.endswith('"'):
            raise UnsaidError("quote", f"{field}: EventBridge's prefix takes a quote for the end")
        return [{"prefix": first if text.cased else {"equals-ignore-case": first}}]
    if len(text.parts) == 2 and not first:
        if last.startswith('"'):
            raise UnsaidError("quote", f"{field}: EventBridge's suffix takes a quote for the end")
        return [{"suffix": last if text.cased else {"equals-ignore-case": last}}]
    if not text.cased:
        raise UnsaidError(
            "inner text in any case",
            f"{field}: {_shown(text)} is meant in any case, and EventBridge's wildcard is not "
            "(--cased reads a rule's texts as they are written)",
        )
    return [{"wildcard": wildcard(text)}]


def wildcard(text: SameText) -> str:
    """The text as EventBridge's wildcard."""
    return "*".join(p.replace("\\", "\\\\").replace("*", "\\*") for p in text.parts)


def _shown(text: SameText) -> str:
    return repr("*".join(text.parts))


def _equal(field: str, text: str, cased: bool) -> list[Any]:
    if field == "eventSource":  # a domain name, which AWS writes in lower case
        return [text if cased else text.lower()]
    found: list[Any] = []
    if not cased:
        found.append({"equals-ignore-case": text})
    elif address_digits(text) is None:
        found.append(text)
    else:  # a plain address takes all its spellings in
        found.append({"wildcard": wildcard(SameText((text,), True))})
    if field not in fields.TEXTS:
        if (text if cased else text.lower()) in ("true", "false"):
            found.append(text.lower() == "true")
        found += [number] if (number := _spelled(text)) is not None else []
    return found


def _spelled(text: str) -> float | None:
    """The number that the text spells as JSON does."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return value if plain and math.isfinite(value) and json.dumps(value) == text else None


def _none_of(test: FieldTest) -> list[Any]:
    field, atoms = test.field, test.atoms
    if There() in atoms:
        if Null() in atoms:
            raise UnsaidError("contradiction", f"{field} can't be neither there nor not there")
        return [dict(_ABSENT)]
    if field not in fields.SINGLE:
        raise UnsaidError(
            "negation of what may be a list",
            f"not {field}: of a list, EventBridge asks whether any element is something else",
        )
    absent = [] if Null() in atoms else [dict(_ABSENT)]
    rest = sorted(atoms - {Null()}, key=_order)
    if not rest:
        return [{"exists": True}]
    if field in fields.BOOLEANS:
        excluded = {_boolean(field, atom) for atom in rest}
        kept = [value for value in (True, False) if value not in excluded]
        if not kept + absent:
            raise UnsaidError("contradiction", f"{field} can't be neither true nor false")
        return kept + absent
    return [*_other_than(field, rest), *absent]


def _boolean(field: str, atom: Atom) -> bool | None:
    if isinstance(atom, SameBool):
        return atom.value
    if isinstance(atom, SameText) and atom.whole:
        return {"true": True, "false": False}.get(
            atom.parts[0] if atom.cased else atom.parts[0].lower()
        )
    raise UnsaidError("negation", f"not {field}: {atom} can't be said of a boolean")


def _other_than(field: str, atoms: Sequence[Atom]) -> list[Any]:
    texts = []
    for atom in atoms:
        if isinstance(atom, SameNumber | SameBool):  # the field is a text that may spell it
            atom = SameText((json.dumps(atom.value),), isinstance(atom, SameNumber))
        if not isinstance(atom, SameText):
            raise UnsaidError("negation", f"not {field}: anything-but can't say {atom}")
        texts.append(atom)
    lettered = [text for text in texts if not text.cased]
    if all(text.whole for text in texts):
        if not lettered:
            return [{"anything-but": [text.parts[0] for text in texts]}]
        if all(_same_in_any_case(text) for text in texts):
            return [{"anything-but": {"equals-ignore-case": [text.parts[0] for text in texts]}}]
    if lettered:
        shown = ", ".join(map(_shown, lettered))
        raise UnsaidError(
            "negated text in any case",
            f"not {field}: {shown} is meant in any case, and anything-but is not "
            "(--cased reads a rule's texts as they are written)",
        )
    for operator, place, ends in (("prefix", 0, 1), ("suffix", 1, 0)):
        if all(
            len(t.parts) == 2 and not t.parts[ends] and '"' not in t.parts[place] for t in texts
        ):
            return [{"anything-but": {operator: [text.parts[place] for text in texts]}}]
    return [{"anything-but": {"wildcard": [wildcard(text) for text in texts]}}]


def _same_in_any_case(text: SameText) -> bool:
    return not text.cased or text.parts[0].lower() == text.parts[0].upper()
