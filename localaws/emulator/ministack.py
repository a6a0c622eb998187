"""The emulator behind the layer: ministack in this process, behind a seam others can fill.

All the layer asks of an emulator is AWS's public protocol, one request at a time, and three things
that no AWS API tells: who a session is that the emulator made itself (a function's role), the
events its services emit without an API call, and a fresh start. What is asked of ministack's own
code for that stands in `MiniStack` and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from localaws.emulator.runtime import Runtimes
from localaws.wire.http import Message, Request, Response, call_app
from localaws.wire.model import Identity

EmittedEvent = Callable[[dict[str, Any], str, str, str], None]
"""Called with (event envelope, account, Region, bus) for what a service puts on a bus."""


class Upstream(Protocol):
    """An emulated AWS that answers the public protocol."""

    async def start(self, on_event: EmittedEvent) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, request: Request) -> Response: ...

    async def reset(self) -> None: ...

    def session(self, access_key: str) -> Identity | None:
        """Who holds a temporary key that the emulator itself gave out, where it can say."""
        ...


class MiniStack:
    """ministack's ASGI application, run in this process with authorization on.

    It reads its settings from the environment when it is imported, and its Lambda workers inherit
    that environment: so it is one to a process, and the process is ours (`localaws.server`).
    """

    def __init__(self, port: int, data: Path, runtimes: Runtimes) -> None:
        self._port = port
        self._data = data
        self._runtimes = runtimes
        self._app: Any = None
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

    def _environment(self) -> Mapping[str, str]:
        return {
            "AUTH": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "1",
            "LOG_LEVEL": "ERROR",
            "MINISTACK_HOST": "127.0.0.1",
            "S3_DATA_DIR": str(self._data),
            "SFTP_ENABLED": "0",
        }

    async def start(self, on_event: EmittedEvent) -> None:
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self._environment())
        logging.getLogger("ministack").setLevel(logging.ERROR)
        from ministack import app as ministack_app
        from ministack.core import hypercorn_compat, iam_evaluator, lambda_runtime
        from ministack.services import ec2, eventbridge, iam, scheduler

        hypercorn_compat.install()
        logging.getLogger().setLevel(logging.ERROR)
        self._app = ministack_app.app

        def emitted(record: dict[str, Any], view: Any = None) -> None:
            del view
            on_event(_envelope(record), record["Account"], record["Region"], record["EventBusName"])

        worker = lambda_runtime._detect_runtime_binary

        def runtime_binary(runtime: str) -> tuple[str, str]:
            binary, script = worker(runtime)
            is_python = runtime.startswith("python")
            return (self._runtimes.launcher(runtime), script) if is_python else (binary, script)

        # Its workers would see every package of this process's own environment.
        lambda_runtime._detect_runtime_binary = runtime_binary

        of_request = iam_evaluator._resolve_condition_key

        def condition_key(key: str, context: Any) -> Any:
            value = of_request(key, context)
            if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
                return value
            _, partition, _, _, account, path = value.split(":", 5)
            name = path.split("/")[1]
            role = iam._roles.get_scoped(account, None, name) or {}
            return role.get("Arn", f"arn:{partition}:iam::{account}:role/{name}")

        # It takes a session's own ARN where AWS takes its role's.
        iam_evaluator._resolve_condition_key = condition_key

        permissions = ec2._parse_ip_permissions

        # A rule of a security group is one range; it keeps, and revokes, a whole entry as one.
        ec2._parse_ip_permissions = lambda parameters, prefix: [
            rule for entry in permissions(parameters, prefix) for rule in _rules(entry)
        ]

        # Its own delivery knows neither policies nor dead-letter queues: the router delivers.
        eventbridge._dispatch_event = emitted
        # So do schedules and archives: theirs would fire by the machine's clock, and twice.
        eventbridge.start_scheduler = scheduler.start_scheduler = lambda: None
        eventbridge._archive_event = lambda event, view=None: None

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
        return await call_app(self._app, replace(request, headers=headers))

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


def _rules(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry of IpPermissions as EC2 keeps it: a rule for each range, group and prefix list."""
    peers = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    alone = {**entry, **{kind: [] for kind in peers}}
    return [{**alone, kind: [peer]} for kind in peers for peer in entry[kind]] or [alone]


def _envelope(record: Mapping[str, Any]) -> dict[str, Any]:
    """EventBridge's envelope of an event that ministack holds in its own form."""
    detail = record.get("Detail", "{}")
    when = datetime.fromtimestamp(float(record.get("Time", 0)), UTC)
    return {
        "version": "0",
        "id": record["EventId"],
        "detail-type": record.get("DetailType", ""),
        "source": record.get("Source", ""),
        "account": record["Account"],
        "time": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": record["Region"],
        "resources": list(record.get("Resources", [])),
        "detail": json.loads(detail) if isinstance(detail, str) else detail,
    }
