"""The AWS CLI, started once for any number of calls: that takes longer than what they ask."""

from __future__ import annotations

import atexit
import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.harness.tools import tool


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """A command's exit code and both of its outputs."""
    cli = _started()
    assert cli.stdin is not None
    assert cli.stdout is not None
    call = {"arguments": arguments, "environment": {**environment, "PATH": "/usr/bin:/bin"}}
    cli.stdin.write(json.dumps(call) + "\n")
    cli.stdin.flush()
    answer = cli.stdout.readline()
    assert answer, f"the AWS CLI ended at {arguments}"
    outcome = json.loads(answer)
    return outcome["code"], outcome["out"], outcome["err"]


@cache
def _started() -> subprocess.Popen[str]:
    python = tool("awscli", "aws")[0]
    script = Path(__file__).with_name("many_cli_calls.py")
    started = subprocess.Popen(
        [python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(started.communicate)  # its input ends, and so does it
    return started
