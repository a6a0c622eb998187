"""When two JSON numbers are the same number.

event-ruler compares numbers as doubles, but only those that a double holds without loss: the
shortest decimal that gives the double must equal what was written. Every other number (more
than 17 digits, say) is compared by its text.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite

# Every integer of this size is a double, so the detour through decimals is not needed.
_SURE = 10**15


class NumberText:
    """A number of an event that a double cannot hold; kept as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"NumberText({self.text!r})"


def parse_number(text: str) -> float | None:
    """The double that ``text`` (a JSON number) stands for, or ``None`` if it would lose digits."""
    try:
        value = float(text)
        if isfinite(value) and Decimal(repr(value)) == Decimal(text):
            return value + 0.0  # -0.0 becomes 0.0: event-ruler knows no negative zero
    except (ValueError, OverflowError, InvalidOperation):
        pass
    return None


def comparable(value: object) -> float | int | None:
    """What to compare an event's value with as a number; ``None`` for all that is not one."""
    kind = value.__class__
    if kind is int:
        if -_SURE < value < _SURE:  # type: ignore[operator]
            return value  # type: ignore[return-value]
        return parse_number(str(value))
    if kind is float:
        return value if isfinite(value) else None  # type: ignore[arg-type,return-value]
    return None


def number_text(value: object) -> str | None:
    """How an event's number is written; ``None`` for all that is not a number."""
    kind = value.__class__
    if kind is int:
        return str(value)
    if kind is float:
        return repr(value)
    if kind is NumberText:
        return value.text  # type: ignore[attr-defined,no-any-return]
    return None


def read_float(text: str) -> float | NumberText:
    """A ``parse_float`` for `json.loads` that loses no digit."""
    value = parse_number(text)
    return NumberText(text) if value is None else value
