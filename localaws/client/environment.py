"""The environment in which a client reaches the local AWS, and no other."""

from __future__ import annotations

import os
from collections.abc import Mapping

TOKEN = "LOCALAWS_TOKEN"  # noqa: S105 (a name)
"""What the local AWS's own endpoints (`/_local/*`) want to be shown, as a variable."""

TOKEN_HEADER = "x-localaws-token"  # noqa: S105 (a name)
DEFAULT_PORT = 4566
DEFAULT_ACCOUNT = "111122223333"
DEFAULT_REGION = "us-east-1"


def environment(port: int, account: str, region: str, token: str = "") -> dict[str, str]:
    """Variables for Terraform, boto3 and the AWS CLI.

    The access key of twelve digits is the root user of the account of that number. An address in
    place of a host name makes every client use path-style S3. The configuration and credentials
    files are set aside, so that no profile of the user's can lead to a real account. `token` is for
    the local AWS's own endpoints.
    """
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **({TOKEN: token} if token else {}),
    }


def without_aws(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that lead an AWS client somewhere, and with the loopback kept
    from proxies: a call to it that goes through one leaves the machine.
    """
    kept = {
        name: value
        for name, value in variables.items()
        if not name.startswith(("AWS_", "BOTO")) and name != TOKEN
    }
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name, ""), "127.0.0.1,localhost"]))
    return kept
