"""The environment in which a client reaches the local AWS, and no other."""

from __future__ import annotations

import os
from collections.abc import Mapping

DEFAULT_PORT = 4566
DEFAULT_ACCOUNT = "111122223333"
DEFAULT_REGION = "us-east-1"


def environment(port: int, account: str, region: str) -> dict[str, str]:
    """Variables for Terraform, boto3 and the AWS CLI.

    The access key of twelve digits is the root user of the account of that number. An address in
    place of a host name makes every client use path-style S3. The configuration and credentials
    files are set aside, so that no profile of the user's can lead to a real account.
    """
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def client_environment(
    port: int, account: str, region: str, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """A whole environment for a child process: the caller's without any AWS variable, and ours."""
    inherited = os.environ if base is None else base
    kept = {k: v for k, v in inherited.items() if not k.startswith("AWS_")}
    return kept | environment(port, account, region)
