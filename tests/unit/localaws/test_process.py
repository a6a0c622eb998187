"""Clients of a running local AWS: they go there, whatever the caller's AWS settings say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

MAKES_A_CLIENT = """
from localaws.client.process import RunningAws
there = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ACCESS_KEY_ID": "111122223333",
         "AWS_REGION": "us-east-1"}
client = RunningAws(there).client("sqs")
key = client._request_signer._credentials.access_key
print(client.meta.endpoint_url, client.meta.region_name, key, client.meta.config.s3)
"""


def test_no_setting_of_the_callers_gets_in() -> None:
    settings = {
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9",
        "AWS_PROFILE": "nobody",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_USE_FIPS_ENDPOINT": "true",
    }
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    done = subprocess.run(
        [sys.executable, "-c", MAKES_A_CLIENT],
        env={**os.environ, **settings, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == (
        "http://127.0.0.1:4566 us-east-1 111122223333 {'addressing_style': 'path'}\n"
    ), done.stderr
