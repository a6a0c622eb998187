"""A terminal with a shell in it, and somebody who types and reads."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path

# What the shell prints after each command, so that its exit code can be read.
_MARK = re.compile(r"<exit (\d+)>")
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])")
_ROWS, _COLUMNS = 40, 80


class TerminalError(Exception):
    """What was waited for did not come; the text says what."""


class Terminal:
    """An interactive bash of 80 columns, with the given environment and nothing of the caller's."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            cwd=folder,
            env={
                **environment,
                "HISTFILE": "",
                "TERM": "xterm",
                "PROMPT_COMMAND": 'echo "<exit $?>"',
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self._ours = ours
        self._raw = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait(lambda: bool(self.exits()), 30, "a prompt")

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # EIO: the shell is gone
            while got := os.read(self._ours, 65536):
                self._raw += got

    @property
    def shown(self) -> str:
        """All that stood on it: no colours, one space for each run of them and of line ends."""
        text = _ESCAPES.sub("", self._raw.decode("utf-8", "replace"))
        return re.sub(r"\s+", " ", text)

    @property
    def screen(self) -> str:
        """All that stood on it, line by line."""
        return _ESCAPES.sub("", self._raw.decode("utf-8", "replace")).replace("\r\n", "\n")

    def said(self, word: str) -> bool:
        """Whether `echo WORD`, typed here, has been run."""
        return re.search(rf"(?<!echo ){word}", self.screen) is not None

    def exits(self) -> list[int]:
        """The exit code of each command so far; the first is that of the shell's start."""
        return [int(code) for code in _MARK.findall(self.screen)]

    def type(self, text: str) -> None:
        """Paste a text, or press a key."""
        data = text.encode()
        while data:
            data = data[os.write(self._ours, data[:1024]) :]

    def wait(self, done: object, seconds: float, what: str) -> None:
        """Until `done()` holds. Raises TerminalError after that many seconds."""
        assert callable(done)
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise TerminalError(f"no {what} within {seconds:.0f} s")
            if self._shell.poll() is not None:
                raise TerminalError(f"the shell ended before there was {what}")
            time.sleep(0.2)

    def close(self) -> bool:
        """Leave the shell; False where it had to be killed, with all that it started."""
        gone = True
        if self._shell.poll() is None:
            self.type("exit\n")
            try:
                self._shell.wait(20)
            except subprocess.TimeoutExpired:
                gone = False
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._shell.pid, signal.SIGKILL)
                self._shell.wait(20)
        self._reader.join(5)
        os.close(self._ours)
        return gone
