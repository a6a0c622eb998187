"""A Sigma rule's condition as alternatives of tests of fields, read from pySigma's tree.

A field's values are the scalars at its path, those in lists, too; an object has no value of its
own. A test holds if any of the values passes. Texts are compared in any case, unless `cased` is
said. A text that spells a number or a boolean equals that number or boolean; what it begins with,
ends with or holds is asked of texts only. `null` is a field that is not there, or JSON's null; `*`
alone is a field that is there.

https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html#detection
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from trailctl.sigma import fields

_MOST = 256  # alternatives; a pattern of 2,048 characters holds fewer


class UnsaidError(Exception):
    """What can't be said exactly; `kind` is one of a few words, the message the whole reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True)
class SameText:
    """A text, with a `*` between its parts; `cased` where letters are compared as written."""

    parts: tuple[str, ...]
    cased: bool

    @property
    def whole(self) -> bool:
        """Whether it has no `*`."""
        return len(self.parts) == 1


@dataclass(frozen=True)
class SameNumber:
    value: float


@dataclass(frozen=True)
class SameBool:
    value: bool


@dataclass(frozen=True)
class Null:
    """The field is not there, or JSON's null."""


@dataclass(frozen=True)
class There:
    """The field is there."""


@dataclass(frozen=True)
class InBlock:
    block: str


@dataclass(frozen=True)
class Compared:
    """A number that is less (`<`, `<=`) or more (`>`, `>=`) than another."""

    sign: str
    value: float


Atom: TypeAlias = "SameText | SameNumber | SameBool | Null | There | InBlock | Compared"


@dataclass(frozen=True)
class FieldTest:
    """Whether any value of the field passes any of the atoms; or none does."""

    field: str
    atoms: frozenset[Atom]
    negated: bool = False


@dataclass(frozen=True)
class _All:
    of: tuple[_Tree, ...]


@dataclass(frozen=True)
class _Any:
    of: tuple[_Tree, ...]


_Tree: TypeAlias = "FieldTest | _All | _Any"
Alternative: TypeAlias = "Mapping[str, FieldTest]"


def alternatives(conditions: Iterable[Any], cased: bool = False) -> list[dict[str, FieldTest]]:
    """Alternatives, in each the one test of each field; any alternative is enough.

    `conditions` are pySigma's parsed trees. `cased` reads all texts as if `cased` was said.
    Raises UnsaidError.
    """
    tree = _grouped(_Any(tuple(_read(condition, False, cased) for condition in conditions)))
    found = []
    for tests in _spread(tree):
        alternative = _merged(tests)
        if alternative is not None:
            found.append(alternative)
    if not found:
        raise UnsaidError("contradiction", "no event can match: the tests exclude each other")
    return _joined(found)


def _read(node: Any, negated: bool, cased: bool) -> _Tree:
    if isinstance(node, ConditionNOT):
        return _read(node.args[0], not negated, cased)
    if isinstance(node, (ConditionAND, ConditionOR)):
        parts = tuple(_read(each, negated, cased) for each in node.args)
        return _All(parts) if isinstance(node, ConditionAND) is not negated else _Any(parts)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        return _test(node.field, node.value, negated, cased)
    if isinstance(node, ConditionValueExpression):
        raise UnsaidError(
            "keyword", f"{str(node.value)!r} is searched in the whole record, not in a field"
        )
    raise UnsaidError("condition", f"{type(node).__name__} is no condition that is known here")


def _test(field: str, value: Any, negated: bool, cased: bool) -> FieldTest:
    if not fields.known(field):
        raise UnsaidError("unknown field", f"{field} is no field of a CloudTrail record")
    if field in fields.OBJECTS:
        raise UnsaidError(
            "text of an object",
            f"{field} holds fields and has no text of its own that a pattern could search",
        )
    if isinstance(value, SigmaExpansion):
        atoms = frozenset(_atom(field, each, cased) for each in value.values)
        return FieldTest(field, atoms, negated)
    if isinstance(value, SigmaExists):
        return FieldTest(field, frozenset({There()}), negated is bool(value.exists))
    return FieldTest(field, frozenset({_atom(field, value, cased)}), negated)


_SIGNS = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}


def _atom(field: str, value: Any, cased: bool) -> Atom:
    match value:
        case SigmaString():
            return _text(field, value, cased or isinstance(value, SigmaCasedString))
        case SigmaTimestampPart():
            raise UnsaidError("time", f"{field}: a part of a time can't be asked for")
        case SigmaNumber():
            return SameNumber(value.number)
        case SigmaBool():
            return SameBool(value.boolean)
        case SigmaNull():
            return Null()
        case SigmaCIDRExpression():
            return InBlock(str(value.network))
        case SigmaCompareExpression() if value.op in _SIGNS:
            return Compared(_SIGNS[value.op], value.number.number)
        case SigmaRegularExpression():
            raise UnsaidError("regular expression", f"{field}: EventBridge has none")
        case SigmaFieldReference():
            raise UnsaidError(
                "field compared with a field", f"{field} is compared with {value.field}"
            )
    raise UnsaidError("value", f"{field}: {type(value).__name__} is not known here")


def _text(field: str, value: SigmaString, cased: bool) -> Atom:
    parts = [""]
    for part in value.s:
        if part is SpecialChars.WILDCARD_MULTI:
            parts.append("")
        elif isinstance(part, str):
            parts[-1] += part
        elif part is SpecialChars.WILDCARD_SINGLE:
            raise UnsaidError("one character", f"{field}: ? stands for any one character")
        else:
            raise UnsaidError("placeholder", f"{field}: a value that only a deployment knows")
    kept = (parts[0], *(part for part in parts[1:-1] if part), *parts[1:][-1:])
    if len(kept) > 1 and not any(kept):
        return There()
    letters = "".join(kept)
    if letters.lower() == letters.upper():
        cased = True
    elif not cased and not letters.isascii():
        raise UnsaidError("letters", f"{field}: {letters!r} in any case")
    return SameText(kept, cased)


def _grouped(tree: _Tree) -> _Tree:
    """The tree with any of a field's values as one test, and none of them, too."""
    if isinstance(tree, FieldTest):
        return tree
    parts: list[_Tree] = []
    for part in map(_grouped, tree.of):
        parts += part.of if isinstance(part, type(tree)) else [part]
    mine: dict[str, FieldTest] = {}
    others: list[_Tree] = []
    for part in parts:
        if isinstance(part, FieldTest) and part.negated is isinstance(tree, _All):
            before = mine.get(part.field, part)
            mine[part.field] = replace(part, atoms=part.atoms | before.atoms)
        else:
            others.append(part)
    all_parts = (*mine.values(), *others)
    return all_parts[0] if len(all_parts) == 1 else type(tree)(all_parts)


def _spread(tree: _Tree) -> list[tuple[FieldTest, ...]]:
    if isinstance(tree, FieldTest):
        return [(tree,)]
    below = [_spread(part) for part in tree.of]
    if isinstance(tree, _Any):
        found = [tests for each in below for tests in each]
    else:
        size = 1
        for each in below:
            size *= len(each)
        if size > _MOST:
            raise UnsaidError("too many alternatives", f"{size} alternatives")
        found = [tuple(test for tests in each for test in tests) for each in product(*below)]
    if len(found) > _MOST:
        raise UnsaidError("too many alternatives", f"{len(found)} alternatives")
    return found


def _merged(tests: Iterable[FieldTest]) -> dict[str, FieldTest] | None:
    """One test for each field; None where they exclude each other. Raises UnsaidError."""
    of_field: dict[str, list[FieldTest]] = {}
    for test in tests:
        of_field.setdefault(test.field, []).append(test)
    found = {}
    for field, mine in of_field.items():
        one = mine[0] if len(mine) == 1 else _one(field, mine)
        if one is None:
            return None
        found[field] = one
    names = list(found)
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            if fields.may_share_a_list(name, other):
                raise UnsaidError(
                    "fields of one list",
                    f"{name} and {other} may be in elements of one list: EventBridge wants both in "
                    "the same element",
                )
    return found


def _one(field: str, tests: list[FieldTest]) -> FieldTest | None:
    positive = [test.atoms for test in tests if not test.negated]
    # What a wider set asks for is asked by the narrower one already.
    positive = [
        atoms
        for index, atoms in enumerate(positive)
        if not any(
            other < atoms or (other == atoms and at < index) for at, other in enumerate(positive)
        )
    ]
    excluded = frozenset(a for test in tests if test.negated for a in test.atoms)
    if not positive:
        return FieldTest(field, excluded, negated=True)
    if len(positive) == 1 and not excluded:
        return FieldTest(field, positive[0])
    if field in fields.SINGLE:
        if positive == [frozenset({There()})]:
            return FieldTest(field, excluded | {Null()}, negated=True)
        for index, atoms in enumerate(positive):
            if all(
                isinstance(a, Null | SameBool) or (isinstance(a, SameText) and a.whole)
                for a in atoms
            ):
                others = [other for at, other in enumerate(positive) if at != index]
                kept = frozenset(
                    a
                    for a in atoms
                    if all(_within(field, a, other) for other in others)
                    and not _within(field, a, excluded)
                )
                return FieldTest(field, kept) if kept else None
    raise UnsaidError("two tests of one field", f"{field} has to pass two tests at once")


def _within(field: str, atom: Atom, atoms: frozenset[Atom]) -> bool:
    """Whether all that passes the one atom passes any of the others, or nothing of it does.

    Raises UnsaidError where a part of it does.
    """
    for other in atoms:
        if isinstance(atom, Null) or isinstance(other, Null):
            if type(atom) is type(other):
                return True
        elif isinstance(other, There) or atom == other:
            return True
        elif isinstance(atom, SameText) and isinstance(other, SameText):
            if (
                not atom.cased
                and other.cased
                and _passes(atom.parts[0], replace(other, cased=False))
            ):
                raise UnsaidError(
                    "two tests of one field",
                    f"{field} is compared in any case and in one case at once",
                )
            if _passes(atom.parts[0], other):
                return True
        elif not (isinstance(atom, SameText) or isinstance(other, SameText)):
            continue
        else:
            raise UnsaidError("two tests of one field", f"{field} has to pass two tests at once")
    return False


def _passes(value: str, text: SameText) -> bool:
    parts = text.parts
    if not text.cased:
        value, parts = value.lower(), tuple(part.lower() for part in parts)
    if len(parts) == 1:
        return value == parts[0]
    if len(value) < len(parts[0]) + len(parts[-1]):
        return False
    if not (value.startswith(parts[0]) and value.endswith(parts[-1])):
        return False
    at, end = len(parts[0]), len(value) - len(parts[-1])
    for part in parts[1:-1]:
        at = value.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _joined(found: list[dict[str, FieldTest]]) -> list[dict[str, FieldTest]]:
    """Fewer alternatives, those that differ in the values of one field being one."""
    again = True
    while again:
        again = False
        for index, one in enumerate(found):
            for at in range(index + 1, len(found)):
                joined = _join(one, found[at])
                if joined is not None:
                    found[index : at + 1] = [joined, *found[index + 1 : at]]
                    again = True
                    break
            if again:
                break
    return found


def _join(one: Alternative, other: Alternative) -> dict[str, FieldTest] | None:
    # One that asks less holds wherever the other does.
    if all(other.get(field) == test for field, test in one.items()):
        return dict(one)
    if all(one.get(field) == test for field, test in other.items()):
        return dict(other)
    if one.keys() != other.keys():
        return None
    differing = [field for field in one if one[field] != other[field]]
    if len(differing) != 1 or one[differing[0]].negated or other[differing[0]].negated:
        return None
    (field,) = differing
    return {**one, field: FieldTest(field, one[field].atoms | other[field].atoms)}
