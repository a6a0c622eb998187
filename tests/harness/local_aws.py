"""The local AWS of a test session: one process, shared by all workers."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

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


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS at `url`. A 12-digit access key is that account's root user."""

    url: str
    log: Path

    def environment(
        self,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Credentials | None = None,
    ) -> dict[str, str]:
        """What Terraform, the AWS CLI and boto3 need to talk to it, and nothing else."""
        who = credentials or Credentials(account, "test")
        names = {
            "AWS_ACCESS_KEY_ID": who.access_key_id,
            "AWS_SECRET_ACCESS_KEY": who.secret_access_key,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": region,
        }
        if who.session_token:
            names["AWS_SESSION_TOKEN"] = who.session_token
        return names

    def client(
        self,
        service: str,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Credentials | None = None,
    ) -> Any:
        """A boto3 client, as `account`'s root user or with `credentials`; it tries only once."""
        who = credentials or Credentials(account, "test")
        session = boto3.session.Session(
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token,
            region_name=region,
        )
        return session.client(service, endpoint_url=self.url, config=_CONFIG)  # type: ignore[call-overload]


@contextmanager
def running(folder: Path) -> Iterator[LocalAws]:
    """The session's local AWS, started by whoever needs it first. `folder` is shared by workers."""
    home = folder / "local-aws-home"
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        **clean_environment(home=home),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}",
    }
    command = [sys.executable, "-u", "-m", "trailctl", "local", "up", "--port", "0"]
    ready: Callable[[str], dict[str, str] | None] = _endpoint
    if not (REPOSITORY / "trailctl" / "cli.py").exists():  # until there is one
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment |= {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "AUTH": "true"}
        command = [sys.executable, "-m", "ministack"]

        def answers(_: str) -> dict[str, str] | None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return {"url": f"http://127.0.0.1:{port}"}
            return None

        ready = answers

    with kept(folder, "local-aws", command, environment=environment, ready=ready) as facts:
        yield LocalAws(url=facts["url"], log=folder / "local-aws.log")


def _endpoint(printed: str) -> dict[str, str] | None:
    # The environment is printed whole once the server is ready; the line must be complete.
    found = re.search(r"^export AWS_ENDPOINT_URL=(['\"]?)(\S+?)\1\n", printed, re.MULTILINE)
    return {"url": found[2]} if found else None
