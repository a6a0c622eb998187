"""Tries a call again while AWS catches up, within the time that Lambda leaves."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and the other
# services' common errors
_THROTTLED = frozenset(
    {
        "EC2ThrottledException",
        "EntityTemporarilyUnmodifiable",
        "InternalError",
        "InternalFailure",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "Unavailable",
    }
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 4.0  # seconds


def end_of(context: object) -> float:
    """When an invocation must be over, in seconds of time.monotonic; a context that does not tell
    has no end.
    """
    left = getattr(context, "get_remaining_time_in_millis", None)
    return time.monotonic() + float(left()) / 1000 if callable(left) else math.inf


class Clock:
    """The invocation's time: what Lambda leaves, less what the rest of the run needs."""

    def __init__(self, context: object, reserve: float = 5.0) -> None:
        left = getattr(context, "get_remaining_time_in_millis", None)
        seconds = float(left()) / 1000 if callable(left) else 30.0
        self._end = time.monotonic() + max(0.0, seconds - reserve)
        self._reserve = reserve

    def left(self) -> float:
        """Seconds that may still be spent waiting."""
        return max(0.0, self._end - time.monotonic())

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds that Lambda leaves, as its context tells them."""
        return int((self.left() + self._reserve) * 1000)

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)


def error_code(error: BaseException) -> str:
    """AWS's code of a botocore ClientError, the empty string for any other error."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def error_name(error: BaseException) -> str:
    """AWS's code of an error, or the name of its class."""
    return error_code(error) or type(error).__name__


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed in a moment: throttling, a lost connection."""
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as ConnectionFailure

    if isinstance(error, ClientError):
        return error_code(error) in _THROTTLED
    return isinstance(error, ConnectionFailure | HTTPClientError)


def with_retries(call: Callable[[], Any], clock: Clock, not_yet: tuple[str, ...] = ()) -> Any:
    """The call's result, tried again on throttling, lost connections and the codes of `not_yet`.

    Waits at most half the time that is left, so that later calls have time too. Raises the last
    error.
    """
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as ConnectionFailure

    give_up = clock.left() / 2
    pause = _FIRST_PAUSE
    while True:
        try:
            return call()
        except (ClientError, ConnectionFailure, HTTPClientError) as error:
            lasting = not is_passing(error) and error_code(error) not in not_yet
            wait = pause * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret
            if lasting or clock.left() - wait < give_up:
                raise
        clock.sleep(wait)
        pause = min(pause * 2, _LONGEST_PAUSE)
