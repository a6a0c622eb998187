"""What leads a command under `trailctl local exec` to a real account in spite of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localaws.client.environment import TOKEN, environment
from tests.harness.local_aws import REPOSITORY, LocalAws
from tests.harness.tools import tool
from trailctl.local import run as local_run
from trailctl.local.run import command_environment

HOME = "127.0.0.1:1"
LEGACY = ("sqs", "emr", "rds", "docdb", "neptune", "health")
# What a user has who works with real accounts, each variable of another SDK or tool.
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL": "https://example.com",
    "AWS_ENDPOINT_URL_S3": "https://s3.example.com",
    "AWS_ENDPOINT_URL_SQS": "https://sqs.example.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_S3_USE_ARN_REGION": "true",
    "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
    "AWS_ENABLE_ENDPOINT_DISCOVERY": "true",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/creds",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/real",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://169.254.169.254",
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_DATA_PATH": "~/models",
    "BOTO_CONFIG": "~/.boto",
    "BOTOCORE_EXPERIMENTAL__PLUGINS": "evil",
    TOKEN: "9999.of-another",
}
# Command lines, and settings, that name another place themselves.
ELSEWHERE: list[list[str]] = [
    ["sqs", "list-queues", "--region", "eu-central-1"],
    ["s3", "ls"],
    ["signin", "delete-console-authorization-configuration"],
    ["s3api", "list-objects-v2", "--bucket", "arn:aws:s3::111122223333:accesspoint/abc.mrap"],
    ["s3api", "list-objects-v2", "--bucket",
     "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap"],
    ["s3control", "list-jobs", "--account-id", "111122223333"],
    ["events", "put-events", "--endpoint-id", "abcde.veo", "--entries", "Source=x"],
    ["cloudsearchdomain", "search", "--search-query", "x"],
    ["iot-data", "list-named-shadows-for-thing", "--thing-name", "x"],
    ["mediastore-data", "list-items"],
    ["timestream-query", "describe-endpoints"],
    ["ecr", "get-login", "--no-include-email"],
    ["configservice", "get-status"],
    ["cloudtrail", "validate-logs", "--trail-arn",
     "arn:aws:cloudtrail:us-east-1:111122223333:trail/t", "--start-time", "2026-01-01"],
]  # fmt: skip
REFUSED: list[list[str]] = [
    ["sqs", "list-queues", "--endpoint-url", "https://sqs.us-east-1.amazonaws.com"],
    ["--endpoint-url=https://queue.amazonaws.com", "sqs", "list-queues"],
    ["iam", "list-users", "--endpoint-url", "http://127.0.0.1:2"],
]


def under_exec(region: str = "us-east-1", **more: str) -> dict[str, str]:
    base = {**os.environ, **HOSTILE, **more}
    return command_environment(base, environment(1, "111122223333", region))


def made(*calls: dict[str, Any]) -> list[dict[str, Any]]:
    """The CLI's calls, by its own Python; see cli_calls."""
    python = tool("awscli", "aws")[0]
    plugin = under_exec()["PYTHONPATH"]
    done = subprocess.run(
        [python, str(Path(__file__).with_name("cli_calls.py"))],
        input=json.dumps([{"environment": under_exec(), **call} for call in calls]),
        env={"PATH": os.defpath, "PYTHONPATH": plugin},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout))


def services() -> list[str]:
    """All that the CLI knows."""
    code = (
        "import awscli.clidriver as c; table = c.create_clidriver()._get_command_table(); "
        "print(*(name for name in table if isinstance(table[name], c.ServiceCommand)))"
    )
    asked = [tool("awscli", "aws")[0], "-c", code]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.split()


def left(outcomes: list[dict[str, Any]]) -> list[str]:
    """The calls that went anywhere else."""
    return [
        f"{outcome['call']}: {place}"
        for outcome in outcomes
        for place in outcome["places"]
        # A name below an address: no resolver has any, as no top-level domain is a number.
        if place != HOME and not place.endswith(f".{HOME}")
    ]


@dataclass(frozen=True)
class Outcomes:
    """What became of calls, made in one process: it takes longer to start than they do."""

    asked: int
    services: list[dict[str, Any]]
    regions: list[dict[str, Any]]
    elsewhere: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    unprotected: list[dict[str, Any]]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    known = services()
    assert len(known) > 350
    # The six with addresses of their own, and by chance some others: all of them take minutes.
    some = known if os.environ.get("LOCAL_EXEC_ALL") else random.sample(known, 5)
    asked = sorted({*LEGACY, *some} & {*known})
    calls: list[list[dict[str, Any]]] = [
        [{"service": name} for name in asked],
        [
            {"service": name, "environment": under_exec(region=region)}
            for region in ("eu-central-1", "cn-north-1")
            for name in LEGACY
        ],
        [{"arguments": arguments} for arguments in ELSEWHERE],
        [{"arguments": arguments} for arguments in REFUSED],
        [
            {"service": name, "environment": {**under_exec(), "AWS_CONFIG_FILE": os.devnull}}
            for name in ("rds", "sqs")
        ],
    ]
    done = made(*({**call, "group": n} for n, group in enumerate(calls) for call in group))
    grouped = ([each for each in done if each["group"] == n] for n in range(len(calls)))
    return Outcomes(len(asked), *grouped)


@pytest.mark.e2e
def test_every_service_of_the_cli_stays_at_home(outcomes: Outcomes) -> None:
    assert left(outcomes.services) == []
    assert len(outcomes.services) > 0.8 * outcomes.asked
    # A few ask for a token or a library first, and make no call: six of 400 that the CLI knows.
    silent = [each["call"] for each in outcomes.services if not each["places"]]
    assert [call for call in silent if call.split()[0] in LEGACY] == []
    assert len(silent) <= max(2, 0.05 * outcomes.asked), silent


@pytest.mark.e2e
def test_the_services_with_addresses_of_their_own_stay_in_any_region(outcomes: Outcomes) -> None:
    assert left(outcomes.regions) == []
    assert [each["places"] for each in outcomes.regions] == [[HOME]] * 2 * len(LEGACY)


@pytest.mark.e2e
def test_command_lines_that_name_another_place_stay_or_fail(outcomes: Outcomes) -> None:
    assert left(outcomes.elsewhere) == []
    assert len(outcomes.elsewhere) == len(ELSEWHERE)
    assert [(o["code"], o["places"]) for o in outcomes.refused] == [(252, [])] * len(REFUSED)
    assert all("is not the local AWS" in each["err"] for each in outcomes.refused)


@pytest.mark.e2e
def test_this_judge_sees_a_call_that_leaves(outcomes: Outcomes) -> None:
    """Without the plugin the CLI does what its users are warned of."""
    assert len(left(outcomes.unprotected)) == 2


@pytest.mark.unit
def test_nothing_of_the_caller_s_aws_gets_through() -> None:
    seen = under_exec()
    assert {name for name in seen if name.startswith(("AWS_", "BOTO"))} == {
        name for name in environment(1, "", "") if name.startswith("AWS_")
    }
    assert not {*HOSTILE.values()} - {"true"} & {*seen.values()}
    assert TOKEN not in seen


@pytest.mark.unit
@pytest.mark.parametrize("given", ["", "corp.example", "*.corp.example,10.0.0.1"])
def test_a_proxy_does_not_get_the_calls(given: str) -> None:
    """To a proxy, http://127.0.0.1 is its own machine: a signed call has left."""
    seen = under_exec(HTTP_PROXY="http://proxy:3128", NO_PROXY=given, no_proxy=given)
    code = (
        "import botocore.utils as u, json; url = 'http://127.0.0.1:1/'; "
        "print(json.dumps(u.get_environ_proxies(url)))"
    )
    asked = [sys.executable, "-c", code]
    done = subprocess.run(asked, env=seen, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {}
    assert set(filter(None, given.split(","))) <= set(seen["NO_PROXY"].split(","))


@pytest.mark.unit
def test_the_configuration_names_the_plugin_that_is_there() -> None:
    seen = under_exec(PYTHONPATH="/own")
    config = Path(seen["AWS_CONFIG_FILE"]).read_text(encoding="utf-8")
    first, own = seen["PYTHONPATH"].split(os.pathsep)
    assert own == "/own"
    assert (Path(first) / "localaws_at_home.py").is_file()
    assert "\nlocalaws = localaws_at_home\n" in config
    assert [path.name for path in Path(first).glob("*.py")] == ["localaws_at_home.py"]


@pytest.mark.unit
def test_the_project_s_own_cli_is_behind_the_caller_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = str(REPOSITORY / "scripts" / "path")
    monkeypatch.setattr(local_run, "_OWN_CLI", tmp_path / "none")
    assert own not in under_exec(PATH="/bin")["PATH"]
    monkeypatch.setattr(local_run, "_OWN_CLI", Path(__file__))
    assert under_exec(PATH="/bin")["PATH"] == f"/bin{os.pathsep}{own}"
    assert [path.name for path in Path(own).iterdir()] == ["aws"]


@pytest.mark.e2e
def test_a_queue_is_made_in_the_local_aws_by_the_project_s_own_cli(
    local_aws: LocalAws,
) -> None:
    account = "100000000668"
    command = "aws sqs create-queue --queue-name made-by-exec"
    done = subprocess.run(
        [sys.executable, "-m", "trailctl", "local", "exec", "--port", str(local_aws.port),
         "--account", account, "--", "/bin/sh", "-c", command],
        env={**os.environ, **HOSTILE, TOKEN: os.environ[TOKEN], "PATH": os.defpath},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (url,) = local_aws.client("sqs", account).list_queues()["QueueUrls"]
    assert url.endswith("/made-by-exec")
