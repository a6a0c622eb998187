"""A shelf of findings in memory, in place of the ledger."""

from __future__ import annotations

from collections import defaultdict

from reactor.correlation import Gathered, mark


class MemoryShelf:
    """What DynamoDB's conditional writes do, for tests of what is decided."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[tuple[int, int], set[str]]] = defaultdict(dict)

    def put(self, window: str, step: int, tick: int, event: str, most: int, told: str) -> Gathered:
        slot = self.kept[window].setdefault((step, tick), set())
        if len(slot) < most:
            slot.add(mark(event))
        return self.look(window)

    def look(self, window: str) -> Gathered:
        slots = self.kept.get(window, {})
        return Gathered({slot: len(marks) for slot, marks in slots.items()}, {})
