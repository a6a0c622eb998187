"""Trying again: what for, how long, and when to stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from reactor.retry import Clock, with_retries

from tests.unit.reactor.world import Context

pytestmark = pytest.mark.unit


class _Clock(Clock):
    """Time that passes by sleeping only."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.pauses: list[float] = []

    def left(self) -> float:
        return max(0.0, self.seconds - sum(self.pauses))

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def _client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateTags")


def _failing(errors: list[Exception]) -> tuple[Callable[[], str], list[int]]:
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if errors:
            raise errors.pop(0)
        return "done"

    return call, calls


@pytest.mark.parametrize(
    "error",
    [
        _client_error("RequestLimitExceeded"),
        _client_error("ThrottlingException"),
        _client_error("EntityTemporarilyUnmodifiable"),
        _client_error("InvalidInstanceID.NotFound"),
        ConnectTimeoutError(endpoint_url="https://ec2"),
    ],
)
def test_passing_errors_are_tried_again(error: Exception) -> None:
    call, calls = _failing([error, error])
    clock = _Clock(30)
    assert with_retries(call, clock, ("InvalidInstanceID.NotFound",)) == "done"
    assert len(calls) == 3
    assert 0.25 <= clock.pauses[0] <= 0.5
    assert 0.5 <= clock.pauses[1] <= 1


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidInstanceID.NotFound"])
def test_lasting_errors_are_raised_at_once(code: str) -> None:
    call, calls = _failing([_client_error(code)])
    with pytest.raises(ClientError):
        with_retries(call, _Clock(30))
    assert len(calls) == 1


def test_waits_take_at_most_half_the_time() -> None:
    call, calls = _failing([_client_error("Throttling")] * 100)
    clock = _Clock(30)
    with pytest.raises(ClientError):
        with_retries(call, clock)
    assert len(calls) > 3
    assert 11 <= sum(clock.pauses) <= 15


def test_no_time_left_means_one_try() -> None:
    call, calls = _failing([_client_error("Throttling")])
    with pytest.raises(ClientError):
        with_retries(call, _Clock(0))
    assert len(calls) == 1


def test_the_clock_keeps_a_reserve() -> None:
    assert 24 < Clock(Context(left=30)).left() <= 25
    assert Clock(Context(left=2)).left() == 0
    assert 24 < Clock(None).left() <= 25
