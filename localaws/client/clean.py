"""A process without what its caller's environment holds: keys, tokens, addresses.

What a process was started with can be read as long as it runs, whatever it removes from its
variables. So it starts itself anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

# To find programs, temporary space, Docker and Python's packages, and to reach API destinations.
_KEPT = frozenset(
    {
        "DOCKER_CERT_PATH",
        "DOCKER_CONFIG",
        "DOCKER_CONTEXT",
        "DOCKER_HOST",
        "DOCKER_TLS_VERIFY",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LC_ALL",
        "NO_PROXY",
        "PATH",
        "PYTHONPATH",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
        "XDG_STATE_HOME",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    }
)
_STARTED = "LOCALAWS_STARTED"
_PR_SET_DUMPABLE = 4


def cleaned(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that the local AWS has a use for."""
    return {name: value for name, value in variables.items() if name in _KEPT}


def start(arguments: Sequence[str], program: str = "localaws") -> NoReturn:
    """Become `python -m localaws ARGUMENTS` in a clean environment, under the name of a program."""
    # -P: no module is taken from the folder that the caller happens to stand in.
    command = [sys.executable, "-P", "-m", "localaws", *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, {**cleaned(os.environ), _STARTED: program})  # noqa: S606


def ensure(arguments: Sequence[str]) -> str:
    """Go on in a clean environment, out of sight of the user's other processes.

    Gives the name of the program for its messages.
    """
    program = os.environ.pop(_STARTED, "")
    if not program:
        start(arguments)
    if sys.platform == "linux":
        # Neither memory nor environment can be read, except by root.
        # https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return program
