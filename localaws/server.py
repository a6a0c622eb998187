"""One process that is the local AWS: it binds a port of the loopback, and is gone when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from localaws.client.environment import environment
from localaws.client.token import kept_token, new_token
from localaws.clock import MovableClock
from localaws.emulator import confinement
from localaws.emulator.ministack import MiniStack
from localaws.emulator.runtime import Runtimes
from localaws.errors import LocalAwsError
from localaws.front.door import Door
from localaws.front.front import Front

HOST = "127.0.0.1"


def bind(port: int) -> socket.socket:
    """A listening socket on the loopback; port 0 takes a free one.

    Raises LocalAwsError, naming the port and what to do, where it is taken or not ours to take.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise LocalAwsError(
            f"port {port} of {HOST} can't be used ({error.strerror}): "
            "give another with --port N, or --port 0 for any free one"
        ) from None
    listener.listen(512)
    return listener


def run(port: int, account: str, region: str, *, until_eof: bool = False) -> None:
    """Serve until interrupted; prints the environment as `export` lines once ready.

    `until_eof` ends it with its standard input too, and so with a parent that was killed.
    """
    listener = bind(port)
    # Where it stands, should it ever stand still: kill -USR1 prints every thread's stack.
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)
    # Terraform's providers and functions keep many calls in flight; a collection of the model
    # objects, which live as long as the process, is a pause without gain. Those of a service come
    # with its first call.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with tempfile.TemporaryDirectory(prefix="localaws-") as folder:
        asyncio.run(_serve(listener, account, region, Path(folder), until_eof))


def _quiet_once(
    stop: asyncio.Event,
) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Handles what a callback raised: requests that still wait at the end are cancelled then.

    Python 3.11's streams take that for an error: https://github.com/python/cpython/issues/110038
    """

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not (stop.is_set() and isinstance(context.get("exception"), asyncio.CancelledError)):
            loop.default_exception_handler(context)

    return handle


async def _serve(
    listener: socket.socket, account: str, region: str, folder: Path, until_eof: bool
) -> None:
    port = listener.getsockname()[1]
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    loop.set_exception_handler(_quiet_once(stop))
    if until_eof:

        def watch() -> None:
            while os.read(0, 4096):  # unbuffered: no lock is held when the process ends
                pass
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=watch, daemon=True).start()

    token = new_token(port)
    clock = MovableClock()
    emulator = MiniStack(port, folder / "s3", Runtimes(folder / "runtimes"), clock)
    front = Front(emulator, clock, Door(port, token))
    await front.start()

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    config.include_date_header = False  # the front tells the local AWS's time
    config.graceful_timeout = 0.5
    config.keep_alive_timeout = 120
    config.h11_max_incomplete_size = 1 << 20

    async def told() -> None:
        # Hypercorn calls this once it accepts connections: the moment to say so.
        for name, value in environment(port, account, region, token).items():
            print(f"export {name}={value}")
        print(
            f"the local AWS is ready on http://{HOST}:{port}; Ctrl-C stops it, "
            "and all that was made in it is gone",
            file=sys.stderr,
        )
        if not confinement.available():
            print("functions can read your files here: see localaws/README.md", file=sys.stderr)
        sys.stdout.flush()
        await stop.wait()

    try:
        with kept_token(port, token):
            await serve(front, config, shutdown_trigger=told)  # type: ignore[arg-type]
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await front.stop()
