"""The local AWS of a test session: one process, shared by all workers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localaws.client.control import Control
from localaws.client.environment import TOKEN, environment
from localaws.client.process import RunningAws
from localaws.errors import LocalAwsError
from tests.harness.kept import kept
from trailctl.terraform import clean_environment

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT = "100000000001"
REGION = "us-east-1"

# One try: an error that a retry would hide is a finding here, and a test should fail in seconds.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"total_max_attempts": 1, "mode": "standard"},
    proxies={},
    s3={"addressing_style": "path"},
    parameter_validation=True,
)


@dataclass(frozen=True)
class Credentials:
    """An access key of a user, or of a role's session when it has a token."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Credentials:
        """From what CreateAccessKey (`AccessKey`) or AssumeRole (`Credentials`) answered."""
        inner = answer.get("AccessKey") or answer.get("Credentials") or answer
        return cls(inner["AccessKeyId"], inner["SecretAccessKey"], inner.get("SessionToken"))


# One session, which keeps the services' models, and one client a caller: both are dear to make.
_SESSION = boto3.session.Session()
_LOCK = threading.Lock()


@lru_cache(maxsize=64)
def _client(url: str, service: str, region: str, who: Credentials) -> Any:
    with _LOCK:
        return _SESSION.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token,
            endpoint_url=url,
            config=_CONFIG,
        )


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS. A 12-digit access key is that account's root user.

    `log` is what the server has printed.
    """

    port: int
    log: Path
    token: str = ""
    """What opens its own endpoints; looked up where it is not given."""

    @property
    def url(self) -> str:
        """Where it listens: an address, so that S3 clients use path style."""
        return f"http://127.0.0.1:{self.port}"

    def environment(
        self,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Credentials | None = None,
    ) -> dict[str, str]:
        """What Terraform, the AWS CLI and boto3 need to talk to it, and nothing else."""
        names = environment(self.port, account, region)
        if credentials:
            names["AWS_ACCESS_KEY_ID"] = credentials.access_key_id
            names["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key
            if credentials.session_token:
                names["AWS_SESSION_TOKEN"] = credentials.session_token
        return names

    def client(
        self,
        service: str,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Credentials | None = None,
    ) -> Any:
        """A boto3 client, as `account`'s root user or with `credentials`; it tries only once."""
        return _client(self.url, service, region, credentials or Credentials(account, "test"))

    def last_words(self) -> str:
        """Where its threads stand, below what it printed last."""
        with contextlib.suppress(OSError, ValueError, LocalAwsError):
            os.kill(
                int(Control(self.port, self.token).get("health", timeout=10)["pid"]), signal.SIGUSR1
            )
            time.sleep(0.5)
        return self.log.read_text(encoding="utf-8", errors="replace")[-8000:]

    def drain(self, seconds: float = 300.0) -> bool:
        """Wait until all calls so far are recorded, delivered and reacted to."""
        return RunningAws({"AWS_ENDPOINT_URL": self.url, TOKEN: self.token}).drain(seconds)


@contextmanager
def running(folder: Path) -> Iterator[LocalAws]:
    """The session's local AWS, started by whoever needs it first. `folder` is shared by workers."""
    home = folder / "local-aws-home"
    home.mkdir(parents=True, exist_ok=True)
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    clean = {**clean_environment(home=home), "PYTHONPATH": paths}
    command = [sys.executable, "-u", "-m", "trailctl", "local", "up", "--port", "0"]
    with kept(folder, "local-aws", command, environment=clean, ready=_facts) as facts:
        os.environ[TOKEN] = facts["token"]  # as `up` tells its user to export it
        yield LocalAws(int(facts["port"]), folder / "local-aws.log", facts["token"])


def _facts(printed: str) -> dict[str, str] | None:
    # The environment is printed once the server is ready.
    url, token = r"AWS_ENDPOINT_URL=http://127\.0\.0\.1:(\d+)", rf"{TOKEN}=(\S+)"
    found = [re.search(rf"^export {each}\n", printed, re.MULTILINE) for each in (url, token)]
    return {"port": found[0][1], "token": found[1][1]} if found[0] and found[1] else None
