"""Run one command with the local AWS's environment."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from localaws.client.control import Control
from localaws.client.environment import client_environment
from trailctl.errors import UsageError


def run_command(argv: Sequence[str], port: int, account: str, region: str) -> int:
    """The command's exit code.

    Raises UsageError where there is no command or no such program, and what `Control` raises: a
    command meant for the local AWS is never started without it.
    """
    if not argv:
        raise UsageError("give the command to run: trailctl local exec -- aws s3 ls")
    if shutil.which(argv[0]) is None:
        raise UsageError(f"{argv[0]}: no such command")
    Control(port).get("health", timeout=5.0)
    done = subprocess.run(argv, env=client_environment(port, account, region), check=False)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
