"""The emulator behind the layer: ministack in this process.

What is read of ministack's own code stands here, what is changed of it in `patches`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from localaws.clock import MovableClock
from localaws.emulator.partitions import SENT, Crossing
from localaws.emulator.runtime import Runtimes
from localaws.wire.emulator import EmittedEvent, OnPublished
from localaws.wire.http import Message, Request, Response, call_app
from localaws.wire.identity import Identity
from localaws.wire.partition import AWS


class MiniStack:
    """ministack's ASGI application, run in this process with authorization on.

    It reads its settings from the environment when it is imported, and its Lambda workers inherit
    that environment: so it is one to a process, and the process is ours (`localaws.server`).
    """

    def __init__(self, port: int, data: Path, runtimes: Runtimes, clock: MovableClock) -> None:
        self._port = port
        self._data = data
        self._runtimes = runtimes
        self._clock = clock
        self._app: Any = None
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

    def _environment(self) -> Mapping[str, str]:
        return {
            "AUTH": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "1",
            "LOG_LEVEL": "ERROR",
            "MINISTACK_HOST": "127.0.0.1",
            "S3_DATA_DIR": str(self._data),
            "SFTP_ENABLED": "0",
        }

    async def start(self, on_event: EmittedEvent, on_published: OnPublished) -> None:
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self._environment())
        logging.getLogger("ministack").setLevel(logging.ERROR)
        from ministack import app as ministack_app
        from ministack.core import hypercorn_compat

        from localaws.emulator import patches

        hypercorn_compat.install()
        logging.getLogger().setLevel(logging.ERROR)
        self._app = ministack_app.app

        patches.apply(self._runtimes, self._clock, on_event, on_published)

        async def receive() -> Message:
            return await self._to_app.get()

        async def send(message: Message) -> None:
            if message["type"].endswith(".complete"):
                self._started.set()

        self._lifespan = asyncio.create_task(
            self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        )
        await self._to_app.put({"type": "lifespan.startup"})
        await self._started.wait()

    async def stop(self) -> None:
        if self._lifespan is None:
            return
        with contextlib.suppress(Exception):
            await self.reset()  # ends the warm Lambda workers
        await self._to_app.put({"type": "lifespan.shutdown"})
        with contextlib.suppress(asyncio.TimeoutError, Exception):
            await asyncio.wait_for(self._lifespan, timeout=3)

    async def send(self, request: Request) -> Response:
        # The loopback stands for TLS: policies that deny plain HTTP must hold nobody up here.
        headers = [*request.headers, (b"x-forwarded-proto", b"https")]
        crossing = Crossing(request)
        sent = replace(request, headers=headers)
        SENT.set(None if crossing.partition == AWS else sent)
        return crossing.outward(await call_app(self._app, crossing.inward(sent)))

    async def reset(self) -> None:
        await self.send(Request("POST", b"/_ministack/reset", b"", [], b""))

    def session(self, access_key: str) -> Identity | None:
        from ministack.services import sts

        session = sts._sessions.get(access_key)
        if session is None:
            return None
        arn = str(session["Arn"])
        _, partition, _, _, account, path = arn.split(":", 5)
        role = path.split("/")[1]
        return Identity(
            type="AssumedRole",
            account=account,
            arn=arn,
            access_key=access_key,
            issuer_arn=f"arn:{partition}:iam::{account}:role/{role}",
            issuer_name=role,
        )
