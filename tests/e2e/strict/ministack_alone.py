"""ministack as the local AWS runs it, without the layer in front: `ministack_alone.py FOLDER`.

Prints `port N` once it answers, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from localaws.clock import MovableClock
from localaws.emulator.ministack import MiniStack
from localaws.emulator.runtime import Runtimes
from localaws.server import bind
from localaws.wire.http import AsgiScope, AsgiSend, Receive, read_request, send_response


async def main(folder: Path) -> None:
    listener = bind(0)
    port = listener.getsockname()[1]
    emulator = MiniStack(port, folder / "s3", Runtimes(folder / "runtimes"), MovableClock())
    await emulator.start(lambda *_: None, lambda _: None)
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)

    async def app(scope: AsgiScope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] != "http":
            return
        request = await read_request(scope, receive)
        if request is not None:
            response = await emulator.send(request)
            await send_response(send, response)

    async def told() -> None:
        print(f"port {port}", flush=True)
        await stop.wait()

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = 0.5
    served: Any = app
    try:
        await serve(served, config, shutdown_trigger=told)
    finally:
        await emulator.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
