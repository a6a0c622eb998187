"""The door of the local AWS: every call passes here, is answered, recorded and routed."""

from __future__ import annotations

from email.utils import format_datetime

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.front import gaps
from localaws.front.control import ControlEndpoints
from localaws.front.door import CONTROL, Door
from localaws.front.handlers import Handlers
from localaws.front.services import Services
from localaws.wire.emulator import Emulator
from localaws.wire.http import (
    AsgiScope,
    AsgiSend,
    Receive,
    Request,
    Response,
    read_request,
    send_response,
)

assert gaps.FILES


class Front:
    """The ASGI application of the local AWS."""

    def __init__(self, emulator: Emulator, clock: MovableClock, door: Door) -> None:
        self.services = Services(emulator, clock)
        self._clock = clock
        self._door = door
        self._emulator = emulator
        self._handlers = Handlers(emulator, self.services.parts)
        self._control = ControlEndpoints(self.services)

    async def start(self) -> None:
        await self.services.start(self._handlers.inside)

    async def stop(self) -> None:
        await self.services.stop()
        self._handlers.close()

    async def serve(self, request: Request) -> Response:
        """The way of a call, from the door to its record."""
        handlers = self._handlers
        call = handlers.recognise(request)
        if call is None or not handlers.identify(call):
            return await self._emulator.send(request)
        for handle in (
            handlers.watch,
            handlers.check,
            handlers.authorize,
            handlers.answer,
            handlers.learn,
            handlers.record,
        ):
            await handle(call)
        return call.response

    async def __call__(self, scope: AsgiScope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return
        request = await read_request(scope, receive)
        if request is None:
            return
        response = self._door.refusal(request)
        if response is not None:
            self._tell(request, response)
        elif request.path.startswith(CONTROL):
            response = await self._control.answer(request)
        else:
            response = await self.serve(request)
        if request.method == "HEAD":
            response.body = b""
        # AWS's answers tell AWS's time.
        told = format_datetime(self._clock.now().replace(microsecond=0), usegmt=True).encode()
        response.headers = [h for h in response.headers if h[0].lower() != b"date"]
        response.headers.append((b"date", told))
        await send_response(send, response)

    def _tell(self, request: Request, refused: Response) -> None:
        """Whoever watches sees that somebody tried: a page, say."""
        self.services.activity.add(
            Activity(
                time=self.services.parts.clock.now(),
                kind="door",
                account="",
                region="",
                step="refused",
                event_id="",
                what=f"{request.method} {request.path:.200}",
                detail=f"HTTP {refused.status}, Host {request.fields.get('host', '')!r:.200}, "
                f"Origin {request.fields.get('origin', '')!r:.200}",
            )
        )
