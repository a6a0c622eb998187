"""A function's clock: what the code of a process sees once the local AWS's clock was moved."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localaws.emulator.runtime import Runtimes

pytestmark = pytest.mark.unit

DAY = 86_400
# What a worker does at its start and before each call, and a function that tells the time.
WORKER = """
import datetime, json, sys, time
from datetime import datetime as named, timezone
for _ in sys.stdin:
    function_clock.follow()
    now = datetime.datetime.now(timezone.utc)
    print(json.dumps([time.time(), time.time_ns() / 1e9, now.timestamp(),
                      named.utcnow().replace(tzinfo=timezone.utc).timestamp()]), flush=True)
"""


def test_it_follows_from_the_next_call_on(tmp_path: Path) -> None:
    runtimes = Runtimes(tmp_path / "runtimes")
    script = tmp_path / "worker.py"
    script.write_text(runtimes.prelude("python3.0") + WORKER)
    with subprocess.Popen(
        runtimes.command(["python3.0", str(script)]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        seen = []
        for ahead in (0.0, 3.0 * DAY, 3.0 * DAY, 5.0 * DAY, 0.0):
            runtimes.move(ahead)
            began = time.time()
            worker.stdin.write("\n")
            times = json.loads(worker.stdout.readline())
            took = time.time() - began
            seen.append(times[0])
            assert all(-0.1 <= each - began - ahead <= took + 0.1 for each in times), ahead
        worker.stdin.close()
    assert 0 < seen[2] - seen[1] < 60, "it ticks"


def test_a_function_does_not_find_what_moves_its_clock(tmp_path: Path) -> None:
    runtimes = Runtimes(tmp_path / "runtimes")
    script = tmp_path / "worker.py"
    script.write_text(runtimes.prelude("python3.0") + "import time_machine\n")
    done = subprocess.run(
        runtimes.command(["python3.0", str(script)]), capture_output=True, text=True, check=False
    )
    assert "No module named 'time_machine'" in done.stderr


def test_another_python_stays_on_the_machine_s_time(tmp_path: Path) -> None:
    """The packages are made for one version."""
    (tmp_path / "none").mkdir()
    code = (
        "from localaws.emulator.function_clock import FunctionClock\n"
        f"FunctionClock({str(tmp_path / 'moved')!r}, {str(tmp_path / 'none')!r}).follow()\n"
        "import time; print(time.time())\n"
    )
    (tmp_path / "moved").write_text(str(3.0 * DAY))
    blocked = "import sys; sys.modules['time_machine'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + code], capture_output=True, text=True, check=True
    )
    assert abs(float(done.stdout) - time.time()) < 60
