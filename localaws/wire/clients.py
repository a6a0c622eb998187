"""boto3 clients that reach the emulator without leaving the process, past recorder and rules."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from localaws.wire.http import Request, Response


class InProcessClients:
    """`client(service, account, region)`: a boto3 client signed in as that account's root.

    What the local AWS does itself (reading rules, delivering events) goes this way: no record, no
    socket. `here` may answer a call on the caller's own thread, before the loop is asked. Must not
    be called on the event loop's own thread: a call waits for the loop.
    """

    def __init__(
        self,
        serve: Callable[[Request], Coroutine[Any, Any, Response]],
        loop: asyncio.AbstractEventLoop,
        here: Callable[[Request], Response | None] = lambda request: None,
    ) -> None:
        self._serve = serve
        self._here = here
        self._loop = loop
        self._session = boto3.session.Session(
            aws_access_key_id="000000000000",
            aws_secret_access_key="test",  # noqa: S106 (the emulator's fixed secret of root keys)
            region_name="us-east-1",
        )
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()
        self._config = Config(
            retries={"max_attempts": 0},
            s3={"addressing_style": "path"},
            parameter_validation=False,
        )

    def client(self, service: str, account: str, region: str) -> Any:
        key = (service, account, region)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._session.client(
                    service,  # type: ignore[call-overload]
                    region_name=region,
                    aws_access_key_id=account,
                    aws_secret_access_key="test",  # noqa: S106
                    endpoint_url="http://127.0.0.1",
                    config=self._config,
                )
                client.meta.events.register("before-send", self._send)
                self._clients[key] = client
        return client

    def ask(self, request: Request) -> Response:
        """The answer to a request as it is."""
        done = asyncio.run_coroutine_threadsafe(self._serve(request), self._loop)
        return done.result(timeout=120)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        content: Any = request.body or b""  # bytes, text or a file, whatever the signer left
        if hasattr(content, "read"):
            content = content.read()
        body = content.encode() if isinstance(content, str) else bytes(content)
        fields: dict[str, Any] = dict(request.headers.items())
        headers = [
            (k.lower().encode(), v if isinstance(v, bytes) else str(v).encode())
            for k, v in fields.items()
        ]
        if not any(k == b"host" for k, _ in headers):
            headers.append((b"host", url.netloc.encode()))
        call = Request(request.method, url.path.encode() or b"/", url.query.encode(), headers, body)
        answer = self._here(call) or self.ask(call)
        received = HTTPHeaders.from_pairs(list(answer.fields.items()))
        return AWSResponse(request.url, answer.status, received, _Raw(answer.body))


class _Raw(io.BytesIO):
    """A response body in the shape botocore reads: urllib3's."""

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Any:
        del decode_content
        while chunk := self.read(amt):
            yield chunk
