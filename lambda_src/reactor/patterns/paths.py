"""Reading a field of an event by its dotted path.

Objects inside arrays count as if they were the array's field, and ``{"a": {"b": 1}}`` and
``{"a.b": 1}`` are the same field, as in event-ruler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from reactor.patterns.digits import NumberText
from reactor.patterns.document import Repeated, json_kind
from reactor.patterns.errors import EventError

Event: TypeAlias = "dict[str, Any]"
Fetch: TypeAlias = "Callable[[Event], Any]"
# Where an array is: the keys and indexes that lead to it. A chain says for each array around a
# value, from the outside in, which element the value is in.
Location: TypeAlias = "tuple[str | int, ...]"
Chain: TypeAlias = "tuple[tuple[Location, int], ...]"


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


class Tangled(list[Any]):
    """Values of one field that sit in different elements of an array of objects or arrays.

    Two tangled fields match together only when their values come from the same element.
    """

    __slots__ = ()


MISSING: Final = _Missing()
SCALARS: Final = frozenset({str, int, float, bool, type(None), NumberText})
# What an intermediate step may be without holding the field: nothing below it can be found.
_DEAD_ENDS: Final = SCALARS


def collect(event: Event, path: str) -> Iterator[tuple[Any, Chain]]:
    """Every value of the field, with the array elements it is in."""
    return _in_object(event, path, (), ())


def _in_object(node: Event, path: str, at: Location, chain: Chain) -> Iterator[tuple[Any, Chain]]:
    # event-ruler loses an empty last step below another one, so nothing is ever found there.
    if path in node and (path or not at):
        yield from _leaves(node[path], (*at, path), chain)
    dot = path.find(".")
    while dot >= 0:
        key = path[:dot]
        if key in node:
            yield from _below(node[key], path[dot + 1 :], (*at, key), chain)
        dot = path.find(".", dot + 1)


def _below(node: Any, path: str, at: Location, chain: Chain) -> Iterator[tuple[Any, Chain]]:
    if isinstance(node, dict):
        yield from _in_object(node, path, at, chain)
    elif isinstance(node, Repeated):
        for index, item in enumerate(node):
            yield from _below(item, path, (*at, index), chain)
    elif isinstance(node, (list, tuple)):
        for index, item in enumerate(node):
            yield from _below(item, path, (*at, index), (*chain, (at, index)))


def _leaves(node: Any, at: Location, chain: Chain) -> Iterator[tuple[Any, Chain]]:
    if node.__class__ in SCALARS:
        yield node, chain
    elif isinstance(node, Repeated):
        for index, item in enumerate(node):
            yield from _leaves(item, (*at, index), chain)
    elif isinstance(node, (list, tuple)):
        for index, item in enumerate(node):
            if isinstance(item, (list, tuple)):
                yield from _leaves(item, (*at, index), (*chain, (at, index)))
            elif not isinstance(item, dict):
                # A scalar may be taken from any element: it does not tie other fields to it.
                yield from _leaves(item, (*at, index), chain)
    elif not isinstance(node, dict):
        yield _scalar(node), chain


def _scalar(node: Any) -> Any:
    for kind in (str, bool, int, float):
        if isinstance(node, kind):
            return kind(node)
    raise EventError(
        f"the event holds a {json_kind(node)}, which JSON does not know; give JSON text or plain "
        "Python values"
    )


def resolver(path: str) -> Fetch:
    """A function that reads the field whatever the event's shape.

    It returns the value, a list of values, a `Tangled` list, or `MISSING`.
    """

    def resolve(event: Event) -> Any:
        found = list(collect(event, path))
        if not found:
            return MISSING
        values = [value for value, _ in found]
        if any(chain for _, chain in found):
            return Tangled(values)
        return values[0] if len(values) == 1 else values

    return resolve


def fetcher(path: str) -> Fetch:
    """The same as `resolver`, quicker where no key of the event's first two levels has a dot."""
    parts = path.split(".")
    slow = resolver(path)
    if len(parts) == 1:
        return _fetch_1(parts[0], slow)
    if not parts[-1]:
        return slow
    if len(parts) == 2:
        return _fetch_2(parts[0], parts[1], slow)
    if len(parts) == 3:
        return _fetch_3(parts[0], parts[1], parts[2], slow)
    return _fetch_more(parts, slow)


def dotted_keys(path: str, level: int) -> frozenset[str]:
    """Keys with a dot that could stand for steps of the path from ``level`` on."""
    rest = path.split(".")[level:]
    return frozenset(".".join(rest[:size]) for size in range(2, len(rest) + 1))


def _leaf(value: Any, event: Event, slow: Fetch) -> Any:
    if value.__class__ is list and SCALARS.issuperset(map(type, value)):
        return value or MISSING
    return slow(event)


def _fetch_1(first: str, slow: Fetch) -> Fetch:
    def fetch(event: Event) -> Any:
        value = event.get(first, MISSING)
        if value is MISSING or value.__class__ in SCALARS:
            return value
        return _leaf(value, event, slow)

    return fetch


def _fetch_2(first: str, second: str, slow: Fetch) -> Fetch:
    def fetch(event: Event) -> Any:
        node = event.get(first)
        if node.__class__ is dict:
            value = node.get(second, MISSING)
            if value is MISSING or value.__class__ in SCALARS:
                return value
            return _leaf(value, event, slow)
        return MISSING if node.__class__ in _DEAD_ENDS else slow(event)

    return fetch


def _fetch_3(first: str, second: str, third: str, slow: Fetch) -> Fetch:
    def fetch(event: Event) -> Any:
        node = event.get(first)
        if node.__class__ is dict:
            node = node.get(second)
            if node.__class__ is dict:
                value = node.get(third, MISSING)
                if value is MISSING or value.__class__ in SCALARS:
                    return value
                return _leaf(value, event, slow)
        return MISSING if node.__class__ in _DEAD_ENDS else slow(event)

    return fetch


def _fetch_more(parts: list[str], slow: Fetch) -> Fetch:
    first, second = parts[:2]
    *steps, last = parts[2:]
    path = ".".join(parts)
    levels = [(step, dotted_keys(path, level)) for level, step in enumerate(steps, start=2)]

    def fetch(event: Event) -> Any:
        node = event.get(first)
        if node.__class__ is dict:
            node = node.get(second)
            for step, dotted in levels:
                if node.__class__ is not dict:
                    break
                if not node.keys().isdisjoint(dotted):
                    return slow(event)
                node = node.get(step)
            else:
                if node.__class__ is dict:
                    value = node.get(last, MISSING)
                    if value is MISSING or value.__class__ in SCALARS:
                        return value
                    return _leaf(value, event, slow)
        return MISSING if node.__class__ in _DEAD_ENDS else slow(event)

    return fetch
