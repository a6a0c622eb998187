"""The token that the local AWS's own endpoints want, and the file in which its clients find it.

A page in a browser, and another user of the machine, can reach the port but not the file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localaws.client.environment import TOKEN


def new_token(port: int) -> str:
    """A token that nobody guesses; it names its port, so that it is shown to no other."""
    return f"{port}.{secrets.token_urlsafe(32)}"


def token_file(port: int) -> Path:
    """Where the token of the local AWS on a port is kept.

    https://specifications.freedesktop.org/basedir/latest/#variables
    """
    state = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(state) / "localaws" / f"{port}.token"


def find_token(port: int) -> str:
    """The token of the local AWS on a port: of its file, or of the environment; empty if unknown.

    The file is of the one that was started last, a shell may have the token of one before. A file
    that others may write or read is none.
    """
    with contextlib.suppress(OSError, UnicodeDecodeError):
        descriptor = os.open(token_file(port), os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, encoding="ascii") as file:
            about = os.fstat(descriptor)
            if about.st_uid == os.getuid() and not stat.S_IMODE(about.st_mode) & 0o077:
                return file.read().strip()
    given = os.environ.get(TOKEN, "")
    return given if given.startswith(f"{port}.") else ""


@contextmanager
def kept_token(port: int, token: str) -> Iterator[bool]:
    """Keeps the token in its file as long as the block lasts; gives whether that is possible."""
    path = token_file(port)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError:  # a home that can't be written: the variable has to do
        yield False
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token)
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            if path.read_text(encoding="ascii") == token:
                path.unlink()
