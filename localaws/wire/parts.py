"""What the services of the local AWS share, and how they find each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.wire.clients import InProcessClients

Json = dict[str, Any]
_T = TypeVar("_T")


class Parts:
    """Clients, clock and activity by name; services, and what they keep, by type."""

    aws: InProcessClients
    clock: MovableClock
    report: Callable[[Activity], None]

    def __init__(self) -> None:
        self._services: dict[type[Any], Any] = {}
        self._kept: dict[type[Any], Any] = {}
        self._lock = threading.Lock()

    def add(self, service: object) -> None:
        """Make a service known, in place of one of its type."""
        self._services[type(service)] = service

    def of(self, kind: type[_T]) -> _T:
        """The service of that type; KeyError where there is none."""
        return cast(_T, self._services[kind])

    def kept(self, kind: type[_T]) -> _T:
        """What is kept as that type, empty at first and after every reset."""
        with self._lock:
            found = self._kept.get(kind)
            if found is None:
                found = self._kept[kind] = kind()
            return cast(_T, found)

    def forget(self) -> None:
        """Forget all that is kept."""
        with self._lock:
            self._kept.clear()
