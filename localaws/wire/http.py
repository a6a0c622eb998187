"""HTTP messages as the local AWS passes them on, and their ASGI form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Request:
    """A request with its body read; `headers` as ASGI gives them (lower-case names)."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: _Headers
    body: bytes
    client: tuple[str, int] = ("127.0.0.1", 0)

    @cached_property
    def fields(self) -> dict[str, str]:
        """Header values by lower-case name; the last one wins."""
        return {k.decode("latin-1"): v.decode("latin-1") for k, v in self.headers}

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True)

    @cached_property
    def path(self) -> str:
        return unquote(self.raw_path.decode("latin-1"))

    def with_body(self, body: bytes) -> Request:
        """The same request with another body."""
        length = (b"content-length", str(len(body)).encode())
        headers = [pair for pair in self.headers if pair[0] != b"content-length"]
        return replace(self, headers=[*headers, length], body=body)

    def scope(self) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.raw_path,
            "query_string": self.query_string,
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": ("127.0.0.1", 80),
        }


@dataclass
class Response:
    """An answer with its whole body."""

    status: int
    headers: _Headers = field(default_factory=list)
    body: bytes = b""

    @cached_property
    def fields(self) -> dict[str, str]:
        return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in self.headers}


async def read_request(scope: Scope, receive: Receive) -> Request | None:
    """The request behind an ASGI scope, or None where the client went away before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    path: str = scope["path"]
    return Request(
        method=scope["method"],
        raw_path=scope.get("raw_path") or path.encode("latin-1", "replace"),
        query_string=scope.get("query_string", b""),
        headers=list(scope["headers"]),
        body=b"".join(chunks),
        client=scope.get("client") or ("127.0.0.1", 0),
    )


async def send_response(send: Send, response: Response) -> None:
    await send(
        {"type": "http.response.start", "status": response.status, "headers": response.headers}
    )
    await send({"type": "http.response.body", "body": response.body})


async def call_app(app: App, request: Request) -> Response:
    """Run one request through an ASGI application in this process and collect its answer."""
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": request.body, "more_body": False}

    status = 500
    headers: _Headers = []
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = [(bytes(k), bytes(v)) for k, v in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            chunks.append(bytes(message.get("body", b"")))

    await app(request.scope(), receive, send)
    return Response(status, headers, b"".join(chunks))
