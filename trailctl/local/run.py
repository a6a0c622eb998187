"""Run one command with the local AWS's environment."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence

from localaws.client.environment import client_environment
from trailctl.errors import UsageError


def run_command(argv: Sequence[str], port: int, account: str, region: str) -> int:
    """The command's exit code.

    Raises UsageError where there is no command, no such program, or no local AWS on the port: a
    command meant for the local AWS is never started without it.
    """
    if not argv:
        raise UsageError("give the command to run: trailctl local exec -- aws s3 ls")
    if shutil.which(argv[0]) is None:
        raise UsageError(f"{argv[0]}: no such command")
    if not answers(port):
        raise UsageError(
            f"no local AWS answers on port {port}: start it with `trailctl local up --port {port}`"
        )
    done = subprocess.run(argv, env=client_environment(port, account, region), check=False)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def answers(port: int) -> bool:
    """Whether a local AWS listens on that port of the loopback."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/_local/health")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
