"""Processes that tests share: started once, found again, stopped after their last user."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.kept import KeptError, kept
from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

# Says its own process id when it is ready, then waits.
SERVER = "import os, time; time.sleep(0.1); print('pid', os.getpid(), flush=True); time.sleep(60)"
COMMAND = [sys.executable, "-c", SERVER]
ENVIRONMENT = {"PATH": os.defpath}


def ready(printed: str) -> dict[str, str] | None:
    found = re.match(r"pid (\d+)\n", printed)
    return {"pid": found[1]} if found else None


def soon(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def gone(pid: str) -> bool:
    return not Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else not alive(pid)


def alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


def test_users_share_a_process_and_the_last_one_ends_it(tmp_path: Path) -> None:
    with kept(tmp_path, "server", COMMAND, environment=ENVIRONMENT, ready=ready) as first:
        with kept(tmp_path, "server", ["/nowhere"], environment={}, ready=ready) as second:
            assert second == first
        time.sleep(0.2)
        assert alive(first["pid"])
    assert soon(lambda: gone(first["pid"]))
    assert soon(lambda: not (tmp_path / "server.json").exists())


def test_after_the_last_user_it_is_started_afresh(tmp_path: Path) -> None:
    with kept(tmp_path, "server", COMMAND, environment=ENVIRONMENT, ready=ready) as first:
        pass
    # Whoever comes before it is stopped keeps it; that is not what is tested here.
    assert soon(lambda: not (tmp_path / "server.json").exists())
    with kept(tmp_path, "server", COMMAND, environment=ENVIRONMENT, ready=ready) as second:
        assert second["pid"] != first["pid"]
        assert alive(second["pid"])
    assert soon(lambda: gone(second["pid"]))


def test_a_user_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.harness.kept import kept\n"
        "from tests.unit.test_harness_kept import COMMAND, ENVIRONMENT, ready\n"
        "folder = Path(sys.argv[1])\n"
        "with kept(folder, 'server', COMMAND, environment=ENVIRONMENT, ready=ready) as facts:\n"
        "    print(facts['pid'], flush=True)\n"
        "    time.sleep(60)\n"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    with user:
        assert user.stdout is not None
        pid = user.stdout.readline().strip()
        assert alive(pid)
        user.send_signal(signal.SIGKILL)
    assert soon(lambda: gone(pid))


def test_a_process_that_ends_at_once_is_told_with_its_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such port')"]
    with (
        pytest.raises(KeptError, match=r"ended at once\. Its last words:\nno such"),
        kept(tmp_path, "server", command, environment=ENVIRONMENT, ready=ready),
    ):
        pass
    # What failed does not stand in the way of the next one.
    with kept(tmp_path, "server", COMMAND, environment=ENVIRONMENT, ready=ready) as facts:
        assert alive(facts["pid"])


def test_a_process_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import os, time; print(os.getpid(), flush=True); time.sleep(60)",
    ]
    with (
        pytest.raises(KeptError, match=r"was not ready after 1 s:\n\d+") as caught,
        kept(tmp_path, "s", command, environment=ENVIRONMENT, ready=lambda _: None, timeout=1),
    ):
        pass
    assert soon(lambda: gone(str(caught.value).split()[-1]))
