"""What the layer asks of an emulated AWS.

AWS's public protocol, one request at a time, and three things that no AWS API tells: who a session
is that the emulator made itself (a function's role), the events its services emit without an API
call, and a fresh start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from localaws.wire.http import Request, Response
from localaws.wire.identity import Identity

EmittedEvent = Callable[[dict[str, Any], str, str, str], None]
"""Called with (event envelope, account, Region, bus) for what a service puts on a bus."""


class Emulator(Protocol):
    """An emulated AWS that answers the public protocol."""

    async def start(self, on_event: EmittedEvent) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, request: Request) -> Response: ...

    async def reset(self) -> None: ...

    def session(self, access_key: str) -> Identity | None:
        """Who holds a temporary key that the emulator itself gave out, where it can say."""
        ...
