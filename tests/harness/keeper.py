"""Keeps one process running for as long as anyone holds its lock. Run as a script, by `kept.py`.

    keeper.py LOCK RECORD COMMAND...

Everyone who uses the process holds LOCK shared. The keeper waits for it exclusively, which the
kernel grants only when the last user let go or died, however it died; then it stops the process and
removes RECORD before it lets go of LOCK, so that whoever comes next starts afresh. No counting, no
owner, nothing left behind after a `kill -9`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_GRACE_SECONDS = 5.0


def main(lock: str, record: str, command: list[str]) -> int:
    """Run `command` until it ends, the users are gone or SIGTERM comes; its exit code."""
    os.setsid()  # Ctrl-C ends the tests; the process goes on serving their clean-up.
    os.chdir(Path(lock).parent)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    descriptor = os.open(lock, os.O_RDWR)

    def stop_after_users() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _stop(process, "its users are gone")

    def stop_at_once(*_: object) -> None:
        threading.Thread(target=_stop, args=[process, "the keeper was told to"]).start()

    threading.Thread(target=stop_after_users, daemon=True).start()
    signal.signal(signal.SIGTERM, stop_at_once)
    code = process.wait()
    # Into the log: without a line above that says why, someone else ended it, or it failed.
    print(f"keeper: {command[0]} ended with {code}", flush=True)
    Path(record).unlink(missing_ok=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever it had started
    return code


def _stop(process: subprocess.Popen[bytes], why: str) -> None:
    print(f"keeper: stopping it, since {why}", flush=True)
    # A provider removes its socket on SIGINT only.
    for means in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(means)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
