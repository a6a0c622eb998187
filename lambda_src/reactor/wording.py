"""Counts in sentences, the same way wherever a mail, a log or the command line tells them."""

from __future__ import annotations


def several(number: int, what: str, many: str = "") -> str:
    """A number and what it counts, as `1 event` or `2,000 matches`; `many` is the plural where it
    is not `what` with an s.
    """
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def lasting(seconds: int) -> str:
    """A length of time in its largest whole unit, as `15 minutes` or `90 seconds`."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return several(seconds // size, unit)
    return several(seconds, "second")
