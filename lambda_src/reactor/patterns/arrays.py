"""Array consistency: fields of a rule must match within the same elements of an array.

event-ruler takes the fields of a rule in the order of their names and remembers which element of
each array it has been in; a value from another element of such an array does not count. Because
of that order an absent field (``exists: false``) is judged by the fields before it only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from reactor.patterns.compile import Test
from reactor.patterns.paths import Chain, Event, Location, collect

_State: TypeAlias = "frozenset[tuple[Location, int]]"


class Condition(Protocol):
    """What a rule asks of one field."""

    @property
    def path(self) -> str: ...
    @property
    def test(self) -> Test: ...
    @property
    def absent(self) -> bool: ...


class _Places:
    """Chains as a tree, so that those consistent with a state are found without a scan."""

    __slots__ = ("arrays", "here")

    def __init__(self) -> None:
        self.here = False
        self.arrays: dict[Location, dict[int, _Places]] = {}

    def add(self, chain: Chain) -> None:
        node = self
        for array, index in chain:
            node = node.arrays.setdefault(array, {}).setdefault(index, _Places())
        node.here = True

    def consistent(self, state: dict[Location, int]) -> Iterator[Chain]:
        if self.here:
            yield ()
        for array, elements in self.arrays.items():
            index = state.get(array)
            if index is None:
                for index, places in elements.items():
                    for chain in places.consistent(state):
                        yield ((array, index), *chain)
            elif index in elements:
                for chain in elements[index].consistent(state):
                    yield ((array, index), *chain)


def sort_key(path: str) -> bytes:
    """Java's order of strings: by UTF-16 unit."""
    return path.encode("utf-16-be", "surrogatepass")


def consistent(event: Event, conditions: Sequence[Condition]) -> bool:
    """Whether all conditions (in the order of `sort_key`) match within the same elements."""
    states: set[_State] = {frozenset()}
    for position, condition in enumerate(conditions):
        later = [other.path for other in conditions[position + 1 :]]
        everywhere, passing = _Places(), _Places()
        test = condition.test
        for value, chain in collect(event, condition.path):
            everywhere.add(chain)
            if test(value):
                passing.add(chain)
        following: set[_State] = set()
        relevant: dict[Location, bool] = {}
        for state in states:
            known = dict(state)
            if condition.absent and next(everywhere.consistent(known), None) is None:
                following.add(_keep(state, later, relevant))
            for chain in passing.consistent(known):
                following.add(_keep((*state, *chain), later, relevant))
                if not later:
                    return True
        if not following:
            return False
        states = following
    return True


def _keep(
    places: frozenset[tuple[Location, int]] | Chain,
    later: list[str],
    relevant: dict[Location, bool],
) -> _State:
    """Forget arrays that no later field can be in, so that states do not multiply."""
    kept = []
    for place in places:
        array = place[0]
        needed = relevant.get(array)
        if needed is None:
            path = ".".join(step for step in array if isinstance(step, str))
            needed = any(other == path or other.startswith(path + ".") for other in later)
            relevant[array] = needed
        if needed:
            kept.append(place)
    return frozenset(kept)
