"""Decisions of the catalogue's entries that a pattern alone can't take.

Each is a pure function `(event, known) -> Finding | None` of an event that its entry's pattern let
through, in a module of this package, under `@decides("<id of the entry>")`; none raises on odd
input. The entry (modules/detections) says that there is one with `"decision": true`.

>>> from reactor.event import read_event
>>> decide("ec2-burst", read_event({})) is None
True
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from reactor.detections.model import REGISTERED, Finding, Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reactor.detections.model import Decision
    from reactor.event import Event

__all__ = ["Finding", "Known", "decide", "decision", "decisions"]

_NOTHING_KNOWN = Known()


@cache
def decisions() -> Mapping[str, Decision]:
    """Every decision, by its entry's id. Loads the package's modules when first asked."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    return REGISTERED


def decision(detection: str) -> Decision:
    """The decision of a catalogue entry. Raises KeyError where its pattern decides alone."""
    return decisions()[detection]


def decide(detection: str, event: Event, known: Known = _NOTHING_KNOWN) -> Finding | None:
    """What the decision of a catalogue entry says of an event that its pattern matched."""
    return decision(detection)(event, known)
