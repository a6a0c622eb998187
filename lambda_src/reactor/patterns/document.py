"""JSON documents, given as text or as Python values, with what `json` would lose.

Patterns keep repeated keys (event-ruler reads them one after the other) and the spelling of
numbers; events keep repeated keys as `Repeated` and numbers that no double holds as `NumberText`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

from reactor.patterns.digits import read_float
from reactor.patterns.errors import EventError, PatternError

Text: TypeAlias = "str | bytes | bytearray"


class Repeated(list[Any]):
    """The values of a key that occurs more than once in one object of an event."""

    __slots__ = ()


class Members:
    """An object of a pattern, repeated keys and all."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = list(pairs)


class NumberToken:
    """A number of a pattern, as it is written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _event_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: dict[str, list[Any]] = {}
        for key, value in pairs:
            seen.setdefault(key, []).append(value)
        for key, values in seen.items():
            if len(values) > 1:
                result[key] = Repeated(values)
    return result


def load_pattern(text: Text) -> Any:
    """The pattern's document, or `PatternError` when ``text`` is not JSON."""
    try:
        return json.loads(
            text,
            object_pairs_hook=Members,
            parse_int=NumberToken,
            parse_float=NumberToken,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise PatternError("the pattern is nested too deeply; use fewer levels") from None
    except ValueError as error:
        raise PatternError(f"the pattern is not valid JSON ({error}); correct its text") from None


def load_event(event: object) -> dict[str, Any]:
    """The event as a dict, from JSON text or a dict; `EventError` for everything else."""
    if isinstance(event, (str, bytes, bytearray)):
        try:
            event = json.loads(
                event,
                object_pairs_hook=_event_object,
                parse_float=read_float,
                parse_constant=_no_constant,
            )
        except RecursionError:
            raise EventError("the event is nested too deeply; give it fewer levels") from None
        except ValueError as error:
            raise EventError(f"the event is not valid JSON ({error}); correct its text") from None
    if isinstance(event, dict):
        return event
    raise EventError(
        f"the event is a JSON {json_kind(event)}, not an object; give one event as {{...}}"
    )


def json_kind(value: object) -> str:
    """What JSON calls ``value``, for error messages."""
    if isinstance(value, (Members, dict)):
        return "object"
    if isinstance(value, (list, tuple)):
        return "array"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (int, float, NumberToken)):
        return "number"
    return f"value of type {type(value).__name__}"
