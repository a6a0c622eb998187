"""Names that do not exist: what is near them, and what there is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 12  # names that are listed whole


def unknown(what: str, given: Iterable[str], known: Iterable[str], listing: str = "") -> str:
    """A sentence on names that are not known, with the three nearest of each.

    `what` is the kind, as `detection`; `listing` is the command that lists all that there are.
    """
    there = sorted(known)
    line = "; ".join(f"there is no {what} {name}{near(name, there)}" for name in given)
    if listing:
        return f"{line}: `{listing}` lists them all"
    return f"{line}: use {', '.join(there)}" if 0 < len(there) <= _FEW else line


def near(name: str, known: Iterable[str], most: int = 3) -> str:
    """A question in brackets for the nearest names; empty if none is near."""
    found = get_close_matches(name, list(known), most, 0.6)
    *most_near, last = found or [""]
    told = f"{', '.join(most_near)} or {last}" if most_near else last
    return f" (did you mean {told}?)" if told else ""
