"""Decisions of those catalogue entries whose pattern can't decide alone.

Each is a pure function `(event, known) -> Detected | None`, in a module of this package, under
`@decides("<id of the entry>")`. It gets the events that its entry's pattern matches, and does not
raise on odd input. The entry (modules/detections) has `"decision": true`.

>>> from reactor.event import read_event
>>> decide("ec2-burst", read_event({})) is None
True
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from reactor.detections.model import REGISTERED, Detected, Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reactor.detections.model import Decide
    from reactor.event import Event

__all__ = ["Detected", "Known", "decide", "decision", "decisions"]

_NOTHING_KNOWN = Known()


@cache
def decisions() -> Mapping[str, Decide]:
    """Every decision, by its entry's id. The first call loads the package's modules."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    return REGISTERED


def decision(detection: str) -> Decide:
    """The decision of a catalogue entry. Raises KeyError if its pattern decides alone."""
    return decisions()[detection]


def decide(detection: str, event: Event, known: Known = _NOTHING_KNOWN) -> Detected | None:
    """The answer of a catalogue entry's decision to an event that its pattern matched."""
    return decision(detection)(event, known)
