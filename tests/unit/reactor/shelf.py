"""A shelf of findings in memory, in place of the ledger, and a ledger in memory."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

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


class MemoryLedger(MemoryShelf):
    """A ledger in memory: as `reactor.ledger.Ledger`, for logs of thousands of events."""

    def __init__(self, *_: object) -> None:
        super().__init__()
        self.done: dict[tuple[str, ...], Any] = {}
        self.numbers: dict[str, int] = defaultdict(int)
        self.pages: dict[str, set[str]] = defaultdict(set)

    def once(self, key: Sequence[str], call: Callable[[], Any], _: object) -> tuple[Any, bool]:
        known = tuple(key) in self.done
        if not known:
            self.done[tuple(key)] = call()
        return self.done[tuple(key)], known

    def tally(self, key: str, add: int = 1) -> int:
        self.numbers[key] += add
        return self.numbers[key]

    def note(self, key: str, line: str) -> None:
        self.pages[key].add(line)

    def lines(self, key: str) -> list[str]:
        return sorted(self.pages[key])

    def strike(self, key: str, lines: Sequence[str]) -> None:
        self.pages[key] -= {*lines}

    def recall(self, kind: str, key: str) -> dict[str, Any]:
        del kind, key
        return {}


class MemoryAws:
    """SNS and Scheduler, as far as notify calls them."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.schedules: dict[str, Any] = {}

    def client(self, *_: str) -> MemoryAws:
        return self

    def publish(self, **message: Any) -> dict[str, str]:
        self.sent.append((message["Subject"], message["Message"]))
        return {"MessageId": "m"}

    def create_schedule(self, **call: Any) -> None:
        self.schedules.setdefault(call["Name"], json.loads(call["Target"]["Input"]))

    def come(self) -> list[Any]:
        """What the schedules start the function with, once."""
        due, self.schedules = [*self.schedules.values()], {}
        return due
