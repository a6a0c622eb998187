"""The local AWS's own endpoints under `/_local/`: what its clients and tests ask of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from localaws.cloudtrail.emission import emit
from localaws.events.faults import FaultSettings
from localaws.front.door import CONTROL
from localaws.front.services import Services
from localaws.wire.http import Request, Response

Endpoint = Callable[[Request, Mapping[str, str]], Awaitable[Response]]


class ControlEndpoints:
    """Answers `/_local/NAME`; a ValueError of an endpoint is the sentence of its refusal."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._endpoints: dict[tuple[str, str], Endpoint] = {
            ("GET", "activity"): self._activity,
            ("GET", "fault"): self._fault,
            ("GET", "health"): self._health,
            ("POST", "clock"): self._clock,
            ("POST", "drain"): self._drain,
            ("POST", "emit"): self._emit,
            ("POST", "fault"): self._set_fault,
            ("POST", "reset"): self._reset,
        }

    async def answer(self, request: Request) -> Response:
        endpoint = self._endpoints.get((request.method, request.path.removeprefix(CONTROL)))
        if endpoint is None:
            return _json({"error": f"{request.method} {request.path} is not an endpoint"}, 404)
        try:
            return await endpoint(request, dict(request.query))
        except ValueError as error:
            return _json({"error": str(error)}, 400)

    async def _health(self, _: Request, __: Mapping[str, str]) -> Response:
        now = self._services.parts.clock.now().isoformat()
        last = self._services.activity.last
        return _json({"status": "ready", "now": now, "last": last, "pid": os.getpid()})

    async def _activity(self, _: Request, query: Mapping[str, str]) -> Response:
        since, wait = int(query.get("since", 0)), min(float(query.get("wait", 0)), 60)
        return _written(await self._services.activity.wait(since, wait))

    async def _drain(self, _: Request, query: Mapping[str, str]) -> Response:
        seconds = float(query.get("seconds", 30))
        return _json({"drained": await asyncio.to_thread(self._services.settle, seconds)})

    async def _reset(self, _: Request, __: Mapping[str, str]) -> Response:
        await self._services.reset()
        return _json({"reset": True})

    async def _clock(self, _: Request, query: Mapping[str, str]) -> Response:
        await asyncio.to_thread(self._services.advance, float(query.get("advance", 0)))
        return _json({"now": self._services.parts.clock.now().isoformat()})

    async def _emit(self, request: Request, _: Mapping[str, str]) -> Response:
        asked = json.loads(request.body)
        return _json({"emitted": emit(self._services.parts, self._services.put, asked)})

    async def _fault(self, _: Request, __: Mapping[str, str]) -> Response:
        return _json(self._services.faults.state())

    async def _set_fault(self, request: Request, _: Mapping[str, str]) -> Response:
        self._services.faults.set(FaultSettings.of(json.loads(request.body)))
        return _json(self._services.faults.state())


def _json(value: Any, status: int = 200) -> Response:
    return _written(json.dumps(value, default=str).encode(), status)


def _written(body: bytes, status: int = 200) -> Response:
    return Response(status, [(b"content-type", b"application/json")], body)
