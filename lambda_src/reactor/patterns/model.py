"""A validated pattern as data: what `parse_pattern` returns and everything else reads.

A pattern is a list of branches (more than one only when it uses ``$or``); the event matches
when one branch does. A branch maps dotted field paths to matchers; all fields must match, each
through any one of its matchers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Exact:
    """A string, true, false or null, compared as it is."""

    value: str | bool | None


@dataclass(frozen=True, slots=True)
class Number:
    """A bare number: equal as a number, or letter by letter where a double cannot hold it."""

    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Address:
    """A string that reads as an IP address: any spelling of that address matches."""

    text: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address block, as the first and the last address in hexadecimal digits."""

    text: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """Strings that begin with ``text``."""

    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Suffix:
    """Strings that end with ``text``."""

    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """Strings that equal ``text`` in any case."""

    text: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Strings made of ``parts`` in order, with anything (or nothing) between two of them.

    ``*`` in the pattern separates parts; escapes are already resolved.
    """

    text: str
    parts: tuple[str, ...]


Negatable: TypeAlias = "Exact | Number | Prefix | Suffix | EqualsIgnoreCase | Wildcard"


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """Any value that is there, except those that one of ``values`` matches."""

    values: tuple[Negatable, ...]


@dataclass(frozen=True, slots=True)
class NumericRange:
    """Numbers between ``low`` and ``high``; ``None`` is no bound on that side."""

    low: float | None
    low_included: bool
    high: float | None
    high_included: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The field holds a value that is not an object (``present``), or no such value."""

    present: bool


Matcher: TypeAlias = (
    "Exact | Number | Address | Cidr | Prefix | Suffix | EqualsIgnoreCase | Wildcard "
    "| AnythingBut | NumericRange | Exists"
)
Branch: TypeAlias = Mapping[str, tuple[Matcher, ...]]
Operator: TypeAlias = Literal[
    "exactly",
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "numeric",
    "cidr",
    "exists",
]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A validated event pattern."""

    branches: tuple[Branch, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The dotted paths of every field the pattern reads."""
        return frozenset(path for branch in self.branches for path in branch)
