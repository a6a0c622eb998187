"""Whatever goes wrong between trailctl and AWS is one line that says what to do, soon."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions

from trailctl import cli, operations
from trailctl.aws_errors import told

pytestmark = pytest.mark.unit


def answered(code: str, message: str = "words of AWS") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "GetQueueUrl")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (answered("ExpiredToken"), "the AWS credentials have expired (GetQueueUrl: ExpiredToken)"),
        (answered("ExpiredTokenException"), "sign in again (aws sso login), or renew them"),
        (answered("InvalidClientTokenId"), "AWS does not take the credentials"),
        (answered("SignatureDoesNotMatch"), "look at their keys and profile"),
        (answered("AccessDenied", "no sqs:x"), "AWS refuses GetQueueUrl to these credentials: no"),
        (answered("UnauthorizedOperation"), "AWS refuses GetQueueUrl to these credentials"),
        (answered("ThrottlingException"), "AWS throttles GetQueueUrl: try again in a minute"),
        (answered("SlowDown"), "AWS throttles GetQueueUrl"),
        (answered("Odd"), "GetQueueUrl failed: words of AWS (Odd)"),
        (answered("Odd", ""), "GetQueueUrl failed: Odd (Odd)"),
        (exceptions.NoCredentialsError(), "Unable to locate credentials: give a profile that has"),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "AWS_SECRET_ACCESS_KEY",
        ),
        (exceptions.NoRegionError(), "no Region is known: give --region, or set AWS_REGION"),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://sqs.eu-west-1.amazonaws.com"),
            "AWS can't be reached",
        ),
        (
            exceptions.ConnectTimeoutError(endpoint_url="https://x"),
            "look at the network, the proxy",
        ),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://sqs.us-esat-1.amazonaws.com"),
            "AWS can't be reached: there is no Region us-esat-1 (did you mean us-",
        ),
        (exceptions.ProxyConnectionError(proxy_url="http://x", error="e"), "the proxy"),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), "AWS can't be reached"),
        (exceptions.SSOTokenLoadError(error_msg="no token"), "sign in again (aws sso login)"),
        (exceptions.UnauthorizedSSOTokenError(), "sign in again (aws sso login)"),
        (
            exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
            "the AWS credentials can't be had",
        ),
        (exceptions.ProfileNotFound(profile="x"), "(x) could not be found"),
    ],
)
def test_an_error_says_what_to_do(error: Exception, line: str) -> None:
    said = told(error)

    assert said is not None
    assert line in said
    assert "\n" not in said


def test_what_is_not_awss_is_not_told_as_if_it_were() -> None:
    assert told(ValueError("x")) is None


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A person with an empty home and no AWS settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{one.getsockname()[1]}"


TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
COMMANDS = (
    "redrive failures",
    "undo e-1 --log-group /aws/lambda/guard",
    "undo 5c5a3f1e-6f0f-4d3a-9a53-0d5b7c7c9a11",
    "replay --lookup-events",
    "replay s3://logs/AWSLogs/",
    f"validate-logs --trail-arn {TRAIL} --start-time 2026-01-01T00:00:00Z",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", ["no credentials", "no network"])
def test_a_command_ends_within_seconds_with_one_line(
    nobody: pytest.MonkeyPatch,
    deaf: str,
    capsys: pytest.CaptureFixture[str],
    sleeping: Callable[[Callable[[float], None]], None],
    command: str,
    case: str,
) -> None:
    slept: list[float] = []
    sleeping(slept.append)
    nobody.setenv("AWS_REGION", "eu-west-1")
    nobody.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    if case == "no network":
        nobody.setenv("AWS_ACCESS_KEY_ID", "testing")
        nobody.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        nobody.setenv("AWS_ENDPOINT_URL", deaf)

    assert cli.main(command.split()) == 2

    said = capsys.readouterr().err
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if line.startswith("trailctl:")]
    expected = (
        ("redentials",) if case == "no credentials" else ("127.0.0.1", "refused", "timed out")
    )
    assert any(word in line for word in expected), line
    assert sum(slept) < 20


def test_a_fault_of_its_own_is_one_line_and_a_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("by nothing\nat all")

    monkeypatch.setattr(operations, "_client", broken)

    assert cli.main(["redrive", "failures"]) == 70
    said = capsys.readouterr().err
    assert said.startswith("trailctl: ZeroDivisionError: by nothing\\nat all: this should not")
    assert said.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        cli.main(["-v", "redrive", "failures"])
