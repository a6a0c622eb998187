"""Everything that a function wrote is in its invocation's log, however busy the machine is."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import lambda_runtime

from localaws.emulator.patches import logs_are_the_invocations_own

pytestmark = [
    pytest.mark.unit,
    # ministack leaves the pipes of an ended worker to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CODE = """
import sys

def handler(event, context):
    for number in range(4):
        print("line", number)
    print("no end", end="")
    if event.get("fails"):
        raise ValueError("no")
    if event.get("dies"):
        sys.exit(1)
    return event
"""


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A worker whose log comes late, as under load."""
    kind: Any = lambda_runtime.Worker
    script, drain = lambda_runtime._PYTHON_WORKER_SCRIPT, kind._drain_stderr_bounded

    def late(self: Any) -> None:
        for line in self._proc.stderr:
            time.sleep(0.08)
            self._stderr_queue.put(line.rstrip("\n"))

    monkeypatch.setattr(kind, "_read_stderr", late)
    # The patch is made here, and taken back.
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", script)
    monkeypatch.setattr(kind, "_drain_stderr_bounded", drain)
    logs_are_the_invocations_own()
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", CODE)
    config = {
        "FunctionName": "f",
        "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
        "Runtime": "python3.12",
        "Handler": "index.handler",
    }
    made = kind("f", config, code.getvalue())
    yield made
    made.kill()


@pytest.mark.parametrize("event", [{}, {"fails": True}, {"dies": True}])
def test_lines_that_come_late_are_the_invocations_own(worker: Any, event: dict[str, Any]) -> None:
    for _ in range(2):
        answer = worker.invoke(event, "1")
        lines = answer["log"].splitlines()
        assert lines[:5] == [*(f"line {number}" for number in range(4)), "no end"]
        assert not any("end of log" in line for line in lines)
