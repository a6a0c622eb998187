"""Accepted events and their functions: what is throttled waits for its turn."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.functions import invoke as functions
from localaws.functions.invoke import AsyncInvoker

pytestmark = pytest.mark.unit

QUEUE = "arn:aws:sqs:us-east-1:111122223333:failed"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:f"


class Lambda:
    """Lambda that refuses so many invocations before it runs one, and the queue for failures."""

    def __init__(self, refusals: int, code: str) -> None:
        self.refusals, self.code, self.ran = refusals, code, 0
        self.sent: list[dict[str, Any]] = []

    def client(self, *_: str) -> Lambda:
        return self

    def get_function_event_invoke_config(self, **_: Any) -> dict[str, Any]:
        destination = {"OnFailure": {"Destination": QUEUE}}
        return {"MaximumRetryAttempts": 0, "DestinationConfig": destination}

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return {"Role": "arn:aws:iam::111122223333:role/f"}

    def get_queue_url(self, **_: Any) -> dict[str, Any]:
        return {"QueueUrl": "url"}

    def send_message(self, MessageBody: str, **_: Any) -> None:  # noqa: N803 (the API's name)
        self.sent.append(json.loads(MessageBody))

    def invoke(self, **_: Any) -> dict[str, Any]:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "Invoke")
        self.ran += 1
        return {"Payload": io.BytesIO(b"null")}


def run(served: Lambda) -> list[str]:
    told: list[Activity] = []
    invoker = AsyncInvoker(served, MovableClock(), told.append)  # type: ignore[arg-type]
    invoker.submit(FUNCTION, b'{"id": "e"}')
    assert invoker.drain(30)
    invoker.close()
    return [each.step for each in told]


def test_what_is_throttled_waits_for_its_turn_and_that_is_no_attempt() -> None:
    served = Lambda(3, "TooManyRequestsException")
    assert run(served) == ["ran"]
    assert served.ran == 1


def test_it_does_not_wait_for_ever_and_goes_where_failures_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(functions, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(functions, "role_allows", lambda *_: True)
    served = Lambda(10_000, "TooManyRequestsException")
    assert run(served) == ["failed", "failure-queued"]
    (record,) = served.sent
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestPayload"] == {"id": "e"}


def test_a_function_that_is_not_there_is_not_waited_for() -> None:
    assert run(Lambda(1, "ResourceNotFoundException")) == ["failed"]
