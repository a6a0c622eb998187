"""A local AWS in a process of its own, for as long as a block of code lasts."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

from localaws.client.control import Control
from localaws.client.environment import DEFAULT_ACCOUNT, DEFAULT_REGION, TOKEN, environment
from localaws.errors import LocalAwsError

_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
_ASK_SECONDS = 180.0
# One try: a retry would hide what it is to show.
_CONFIG = Config(
    retries={"total_max_attempts": 1, "mode": "standard"},
    s3={"addressing_style": "path"},
    proxies={},
)
_LOCK = threading.Lock()


@cache
def _session() -> boto3.session.Session:
    """One for all clients: it keeps the services' models, which are dear to read.

    Nothing of the caller's AWS settings gets in: a profile that is not there would be an error, one
    that is could lead elsewhere.
    """
    known = botocore.session.Session.SESSION_VARIABLES
    own = {
        name: (option, None, default, cast) for name, (option, _, default, cast) in known.items()
    }
    for name in ("config_file", "credentials_file"):
        own[name] = (None, None, os.devnull, None)
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=own))


@dataclass(frozen=True)
class RunningAws:
    """A local AWS that is up, and the environment that leads to it."""

    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.environment["AWS_ENDPOINT_URL"]

    def client(
        self,
        service: str,
        access_key: str | None = None,
        secret: str = "test",  # noqa: S107 (the fixed secret of root keys)
        token: str | None = None,
        region: str | None = None,
    ) -> Any:
        """A boto3 client: of the account's root user, or of who holds the given key."""
        with _LOCK:
            return _session().client(
                service,  # type: ignore[call-overload]
                region_name=region or self.environment["AWS_REGION"],
                aws_access_key_id=access_key or self.environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=secret,
                aws_session_token=token,
                endpoint_url=self.url,
                config=_CONFIG,
            )

    def activity(self, since: int = 0, wait: float = 0.0) -> list[dict[str, Any]]:
        """The steps after that number; waits up to so many seconds for the first."""
        asked = f"activity?since={since}&wait={wait}"
        steps: list[dict[str, Any]] = self._control.get(asked, timeout=_ASK_SECONDS)
        return steps

    def drain(self, seconds: float = 60.0) -> bool:
        """Wait until all calls so far are recorded, delivered and reacted to."""
        asked = f"drain?seconds={seconds}"
        return bool(self._control.post(asked, timeout=max(seconds + 60, _ASK_SECONDS))["drained"])

    def advance(self, seconds: float) -> None:
        """Move its clock forward; what was scheduled for the time between is under way then."""
        self._control.post(f"clock?advance={seconds}", timeout=_ASK_SECONDS)

    def now(self) -> datetime:
        """The time on its clock."""
        return datetime.fromisoformat(self._control.get("health", timeout=_ASK_SECONDS)["now"])

    def fault(self, **settings: Any) -> dict[str, Any]:
        """Deliver with these faults (`localaws.events.faults.FaultSettings`) from now on.

        None: as ever. Returns the state; raises LocalAwsError where a setting is none.
        """
        state: dict[str, Any] = self._control.post("fault", settings, timeout=_ASK_SECONDS)
        return state

    def reset(self) -> None:
        """Forget all that was made in it, and set its clock right."""
        self._control.post("reset", timeout=_ASK_SECONDS)

    @property
    def _control(self) -> Control:
        return Control(urlsplit(self.url).port or 80, self.environment.get(TOKEN, ""))


@contextmanager
def running(
    variables: Mapping[str, str],
    log: Path,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> Iterator[RunningAws]:
    """Start a local AWS on a free port, in the given environment; its stderr goes to `log`.

    Raises LocalAwsError with the log's last lines where it does not come up.
    """
    # -P: no module is taken from the folder that we happen to stand in.
    command = [sys.executable, "-P", "-m", "localaws", "--port", "0", "--until-eof"]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--account", account, "--region", region],
            env=dict(variables),
            stdin=subprocess.PIPE,  # closes with us, however we end
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; we stop it in order
        )
    try:
        yield RunningAws(_printed(process, log))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _printed(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    """The environment the server prints once it is ready."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    found: dict[str, str] = {}
    while not found.keys() >= environment(0, "", "", "token").keys():
        try:
            line = lines.get(timeout=_READY_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            words = log.read_text(errors="replace").strip().splitlines()[-5:]
            raise LocalAwsError(
                "the local AWS did not start: " + (" / ".join(words) or "no output")
            )
        name, _, value = line.removeprefix("export ").rstrip("\n").partition("=")
        found[name] = value
    return found
