"""What the layer asks of an emulated AWS.

AWS's public protocol, one request at a time, and what no AWS API tells: who a session is that the
emulator made itself (a function's role), the events its services emit without an API call, the
messages that its topics have for their subscribers, and a fresh start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from localaws.wire.http import Request, Response
from localaws.wire.identity import Identity

EmittedEvent = Callable[[dict[str, Any], str, str, str], None]
"""Called with (event envelope, account, Region, bus) for what a service puts on a bus."""

UNKNOWN_RESOURCE = b"x-local-aws-unknown-resource"
"""Header of a denial for want of a resource that the emulator could read: it names the action."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message of a topic for one of its confirmed subscriptions whose filter lets it pass.

    `text` is what the subscriber gets: the message alone where `raw`, else SNS's envelope of it.
    `attributes`: the message's, as SNS's API has them; `more`: MessageGroupId and
    MessageDeduplicationId of a FIFO topic; `redrive`: the ARN of the subscription's dead-letter
    queue.
    """

    subscription: str
    protocol: str
    endpoint: str
    text: str
    raw: bool
    attributes: Mapping[str, Mapping[str, Any]]
    more: Mapping[str, str]
    redrive: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """A message on its way from a topic: `text` is what a mail of it says.

    `alarm` is the alarm's ARN where CloudWatch published it.
    """

    topic: str
    message_id: str
    subject: str
    text: str
    alarm: str | None
    notifications: tuple[Notification, ...]


OnPublished = Callable[[Published], None]


class Emulator(Protocol):
    """An emulated AWS that answers the public protocol."""

    async def start(self, on_event: EmittedEvent, on_published: OnPublished) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, request: Request) -> Response: ...

    async def reset(self) -> None: ...

    def session(self, access_key: str) -> Identity | None:
        """Who holds a temporary key that the emulator itself gave out, where it can say."""
        ...
