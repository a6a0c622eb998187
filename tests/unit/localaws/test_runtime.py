"""How functions are started."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws.emulator import runtime
from localaws.emulator.runtime import Runtimes

pytestmark = pytest.mark.unit

CODE = """
import json, sys
try:
    import pytest
except ImportError:
    pytest = None
import boto3
print(json.dumps([boto3.__name__, pytest is None, sys.dont_write_bytecode]))
"""


def test_the_first_functions_may_start_at_once(tmp_path: Path) -> None:
    """Starts shared a file once: who wrote it made it empty for a moment to who was reading it."""
    script = tmp_path / "worker.py"
    script.write_text(CODE)

    def started(runtimes: Runtimes) -> str:
        command = runtimes.command(["python3.13", str(script)])
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    for number in range(5):
        runtime._interpreter.cache_clear()
        runtimes = Runtimes(tmp_path / f"runtimes-{number}")
        with ThreadPoolExecutor(4) as pool:
            for printed in pool.map(started, [runtimes] * 4):
                assert json.loads(printed) == ["boto3", True, True]
