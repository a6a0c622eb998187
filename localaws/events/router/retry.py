"""When a failed delivery is tried again, and when it has been tried enough.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as EndpointError

from localaws.events.router.grants import is_missing
from localaws.events.router.model import DeliveryError, ErrorCode, RouterClock

MAXIMUM_ATTEMPTS = 185
MAXIMUM_AGE = 86_400


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A target's RetryPolicy: retries (0 to 185) and the event's age in seconds (60 to 86,400)."""

    attempts: int = MAXIMUM_ATTEMPTS
    age: float = MAXIMUM_AGE

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> RetryPolicy:
        given = settings.get("RetryPolicy") or {}
        attempts, age = given.get("MaximumRetryAttempts"), given.get("MaximumEventAgeInSeconds")
        return cls(
            MAXIMUM_ATTEMPTS if attempts is None else int(attempts),
            MAXIMUM_AGE if age is None else float(age),
        )

    def next_delay(
        self, retries: int, received: datetime, now: datetime, delay: float
    ) -> float | str:
        """Seconds until the next attempt, or by AWS's name the condition that ends it.

        `retries` were made so far, `delay` is what the backoff asks for; the last attempt comes
        when the event, received at `received`, reaches its age.
        """
        if retries >= self.attempts:
            return "MaximumRetryAttempts"
        left = self.age - (now - received).total_seconds()
        if left <= 0:
            return "MaximumEventAgeInSeconds"
        return min(delay, left)


class Backoff:
    """Exponential, with jitter. Starts short: on a laptop the other side is back at once.

    185 retries at the longest delay take longer than a day, as on AWS.
    """

    def __init__(
        self, first: float = 0.2, longest: float = 600.0, random_source: random.Random | None = None
    ) -> None:
        self._first = first
        self._longest = longest
        self._random = random_source or random.Random()  # noqa: S311 (spreads load, no secret)

    def delay(self, retries: int) -> float:
        """Seconds to wait after so many retries (0 before the first)."""
        whole = min(self._longest, self._first * 2.0 ** min(retries, 30))
        return whole * self._random.uniform(0.8, 1.0)


class Agenda:
    """Calls things when their time on the clock has come. One thread, asleep while it is empty."""

    def __init__(self, clock: RouterClock) -> None:
        self._clock = clock
        self._ready = threading.Condition()
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def at(self, due: datetime, action: Callable[[], None]) -> None:
        """Call `action`, on the agenda's thread, as soon as the clock shows `due`."""
        with self._ready:
            if self._closed:
                return
            heapq.heappush(self._heap, (due, next(self._order), action))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="router-agenda", daemon=True)
                self._thread.start()
            self._changed.set()
            self._ready.notify()

    def close(self) -> int:
        """Stop, and say how many actions are dropped."""
        with self._ready:
            self._closed = True
            left = len(self._heap)
            self._heap.clear()
            self._changed.set()
            self._ready.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)
        return left

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._heap and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                self._changed.clear()
                due, _, action = self._heap[0]
                left = (due - self._clock.now()).total_seconds()
                if left <= 0:
                    heapq.heappop(self._heap)
            if left > 0:
                self._clock.wait(left, self._changed)
            else:
                action()


_THROTTLED = {
    "EC2ThrottledException",
    "KmsThrottled",
    "KMSThrottlingException",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_FORBIDDEN = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "KMSAccessDenied",
    "KmsAccessDenied",
    "UnauthorizedOperation",
}
_BUSY = {"ConcurrentModification", "OperationAbortedException", "ResourceConflictException"}


def as_delivery_error(error: Exception) -> DeliveryError:
    """What a failed call means for the delivery: EventBridge's code, and whether to try again.

    Throttling, a server's errors and a connection that fails are tried again, what the request or
    its rights are to blame for is not.
    """
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, ClientError):
        return _of_answer(error)
    if isinstance(error, (ReadTimeoutError, ConnectTimeoutError, TimeoutError)):
        return DeliveryError("TIMEOUT", _sentence(error), retry=True)
    if isinstance(error, (EndpointError, HTTPClientError, OSError)):
        return DeliveryError("CONNECTION_FAILURE", _sentence(error), retry=True)
    if isinstance(error, BotoCoreError):
        return DeliveryError("SDK_CLIENT_ERROR", _sentence(error))
    return DeliveryError("INTERNAL_ERROR", f"{type(error).__name__}: {error}")


def _of_answer(error: ClientError) -> DeliveryError:
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    reason = f"{error.operation_name}: {code}: {answer.get('Message', '')}".rstrip(": ")
    kind: ErrorCode
    retry = False
    if code in _THROTTLED or status == 429:
        kind, retry = "THROTTLING", True
    elif code in _BUSY:
        kind, retry = "RESOURCE_MODIFICATION_COLLISION", True
    elif code in _FORBIDDEN:
        kind = "NO_PERMISSIONS"
    elif is_missing(error):
        kind = "NO_RESOURCE"
    elif code == "InvalidRequestContentException":
        kind = "INVALID_JSON"
    elif status >= 500:
        kind, retry = "ERROR_FROM_TARGET", True
    else:
        kind = "SDK_CLIENT_ERROR"
    return DeliveryError(kind, reason, retry=retry)


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
