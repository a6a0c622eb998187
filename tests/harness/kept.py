"""Starts processes that several test processes share, and finds them again."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_KEEPER = Path(__file__).with_name("keeper.py")


class KeptError(Exception):
    """A kept process ended early or never became ready; its last words are in the text."""


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, exclusively or with others. The kernel frees it if this process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def kept(
    folder: Path,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    ready: Callable[[str], dict[str, str] | None],
    timeout: float = 300.0,
) -> Iterator[dict[str, str]]:
    """Use the process `name`, starting it if no one has: one for all who share `folder`.

    `ready` reads all that the process has printed and answers what its users need to know, or None
    while it is not there yet. The process is stopped after its last user left.
    Raises KeptError when it ends or is not ready within `timeout` seconds.
    """
    users, record, log = (folder / f"{name}.{kind}" for kind in ("users", "json", "log"))
    with locked(folder / f"{name}.start"):
        # Taken while no one else can start: waits for a keeper that is just stopping its process.
        using = locked(users, shared=True)
        using.__enter__()
        try:
            if not record.exists():
                facts = _start(users, record, log, command, environment, ready, timeout)
                record.write_text(json.dumps(facts), encoding="utf-8")
        except BaseException:
            using.__exit__(None, None, None)
            raise
    try:
        yield json.loads(record.read_text(encoding="utf-8"))
    finally:
        using.__exit__(None, None, None)


def _start(
    users: Path,
    record: Path,
    log: Path,
    command: Sequence[str],
    environment: Mapping[str, str],
    ready: Callable[[str], dict[str, str] | None],
    timeout: float,
) -> dict[str, str]:
    # Not a subprocess.Popen: the keeper outlives its starter where other workers go on using it.
    keeper = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", str(_KEEPER), str(users), str(record), *command],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        printed = log.read_text(encoding="utf-8", errors="replace")
        facts = ready(printed)
        if facts is not None:
            return facts
        if os.waitpid(keeper, os.WNOHANG) != (0, 0):
            raise KeptError(f"{command[0]} ended at once. Its last words:\n{printed[-3000:]}")
        time.sleep(0.05)
    os.kill(keeper, signal.SIGTERM)
    os.waitpid(keeper, 0)
    raise KeptError(f"{command[0]} was not ready after {timeout:g} s:\n{printed[-3000:]}")
