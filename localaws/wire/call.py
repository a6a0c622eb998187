"""A call on its way, and what the tables of answers and checks are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from localaws.wire.codec import Operation, RefusedError, decode_answer
from localaws.wire.http import Response
from localaws.wire.model import Identity

if TYPE_CHECKING:
    from localaws.front.front import Front

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A recognised call with its caller, before it is answered."""

    front: Front
    operation: Operation
    identity: Identity
    region: str

    @property
    def account(self) -> str:
        return self.identity.account

    @property
    def parameters(self) -> Json:
        return self.operation.parameters

    async def forward(self) -> Response:
        """The emulator's own answer."""
        return await self.front.upstream.send(self.operation.request)

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """A blocking client with root's rights, of the caller's account and Region unless given.

        Use it in a thread: `blocking` makes one of a function.
        """
        return self.front.aws.client(service, account or self.account, region or self.region)

    def decoded(self, response: Response) -> Json:
        """The members of an answer of the emulator; empty for a refusal."""
        return decode_answer(self.operation, response)[0] or {}


Answer = Callable[[Incoming], Awaitable[Response | Mapping[str, Any]]]
Check = Callable[[Incoming], Awaitable[None]]
After = Callable[[Incoming, Response], None]
Key = tuple[str, str]
"""Service and operation, by botocore's names."""


def denied(response: Response) -> bool:
    return response.status in (401, 403)


def succeeded(response: Response) -> bool:
    return response.status < 300


def blocking(check: Callable[[Incoming], None]) -> Check:
    """A check that calls the emulator, made one that does not hold the event loop up."""

    @wraps(check)
    async def on_a_thread(call: Incoming) -> None:
        await asyncio.to_thread(check, call)

    return on_a_thread


def answered_on_a_thread(
    answer: Callable[[Incoming], Response | Mapping[str, Any]],
) -> Answer:
    """An answer that calls the emulator, made one that does not hold the event loop up."""

    @wraps(answer)
    async def on_a_thread(call: Incoming) -> Response | Mapping[str, Any]:
        return await asyncio.to_thread(answer, call)

    return on_a_thread


def need(condition: object, code: str, message: str, status: int = 400) -> None:
    """Refuse the call, in AWS's words, where the condition does not hold."""
    if not condition:
        raise RefusedError(code, message, status)
