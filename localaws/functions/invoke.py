"""Asynchronous invocations: a function's own retries and its on-failure destination.

The second of the two failure paths (the first is EventBridge's, in the router). An event that was
accepted is tried up to three times; when it fails for good, it goes to the function's on-failure
destination, which the function's *role* must be allowed to write to.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.iam.permissions import role_allows
from localaws.wire.clients import InProcessClients
from localaws.wire.parts import Json

_RETRIES = 2
_MAX_AGE_SECONDS = 21_600
# AWS waits a minute, then two; nobody waits for that at a laptop.
_WAITS_SECONDS = (0.3, 0.6)
_TURN_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event handed to one function."""

    function_arn: str
    payload: bytes
    request_id: str
    accepted: datetime

    @property
    def account(self) -> str:
        return self.function_arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.function_arn.split(":")[3]

    @property
    def name(self) -> str:
        return self.function_arn.split(":")[6]


class AsyncInvoker:
    """Runs accepted events on their functions, a few at a time, until they succeed or are spent."""

    def __init__(
        self, aws: InProcessClients, clock: MovableClock, report: Callable[[Activity], None]
    ) -> None:
        self._aws = aws
        self._clock = clock
        self._report = report
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lambda")
        self._closing = threading.Event()
        self._idle = threading.Condition()
        self._running = 0

    def submit(self, function_arn: str, payload: bytes) -> str:
        """Accept an event; the answer's request id."""
        invocation = Invocation(function_arn, payload, str(uuid.uuid4()), self._clock.now())
        with self._idle:
            self._running += 1
        self._pool.submit(self._run, invocation)
        return invocation.request_id

    def drain(self, timeout: float) -> bool:
        """Wait until no accepted event is under way; False where that took too long."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, timeout)

    def close(self) -> None:
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, invocation: Invocation) -> None:
        try:
            self._try(invocation)
        except (ClientError, BotoCoreError) as error:
            self._tell(invocation, "failed", str(error))
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _try(self, invocation: Invocation) -> None:
        functions = self._aws.client("lambda", invocation.account, invocation.region)
        settings = self._settings(functions, invocation)
        retries = int(settings.get("MaximumRetryAttempts", _RETRIES))
        max_age = int(settings.get("MaximumEventAgeInSeconds", _MAX_AGE_SECONDS))
        attempt, condition, error, body = 0, "RetriesExhausted", "", b""
        patience = time.monotonic() + _PATIENCE_SECONDS
        while True:
            attempt += 1
            started = self._clock.monotonic()
            try:
                answer = functions.invoke(
                    FunctionName=invocation.function_arn,
                    InvocationType="RequestResponse",
                    LogType="Tail",
                    Payload=invocation.payload,
                )
            except ClientError as refused:
                # Throttled: that is no attempt. It waits for its turn, on AWS for up to six hours.
                throttled = refused.response["Error"]["Code"] == "TooManyRequestsException"
                if not throttled:
                    raise
                attempt -= 1
                if time.monotonic() > patience:
                    # As on AWS after its six hours: it is not lost, it goes where failures go.
                    condition, error = "EventAgeExceeded", "Throttled"
                    body = json.dumps({"errorMessage": str(refused), "errorType": error}).encode()
                    self._tell(invocation, "failed", _sentence(body))
                    break
                if not self._clock.wait(_TURN_SECONDS, self._closing):
                    return
                continue
            body = answer["Payload"].read()
            error = answer.get("FunctionError", "")
            if not error:
                took = self._clock.monotonic() - started
                self._tell(invocation, "ran", f"{took * 1000:.0f} ms")
                return
            self._tell(invocation, "failed", _sentence(body))
            if attempt > retries:
                break
            wait = _WAITS_SECONDS[min(attempt, len(_WAITS_SECONDS)) - 1]
            age = (self._clock.now() - invocation.accepted).total_seconds()
            if age + wait > max_age:
                condition = "EventAgeExceeded"
                break
            if not self._clock.wait(wait, self._closing):
                return
        destination = settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        self._give_up(functions, invocation, destination, condition, attempt, error, body)

    def _settings(self, functions: Any, invocation: Invocation) -> Json:
        try:
            settings: Json = functions.get_function_event_invoke_config(
                FunctionName=invocation.name
            )
        except ClientError:
            return {}
        return settings

    def _give_up(
        self,
        functions: Any,
        invocation: Invocation,
        destination: str | None,
        condition: str,
        attempts: int,
        error: str,
        body: bytes,
    ) -> None:
        configuration = functions.get_function_configuration(FunctionName=invocation.name)
        dead_letters = configuration.get("DeadLetterConfig", {}).get("TargetArn")
        if dead_letters:
            payload = invocation.payload.decode()
            self._send(invocation, configuration["Role"], dead_letters, payload)
        if destination:
            record = {
                "version": "1.0",
                "timestamp": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "requestContext": {
                    "requestId": invocation.request_id,
                    "functionArn": f"{invocation.function_arn}:$LATEST",
                    "condition": condition,
                    "approximateInvokeCount": attempts,
                },
                "requestPayload": json.loads(invocation.payload),
                "responseContext": {
                    "statusCode": 200,
                    "executedVersion": "$LATEST",
                    "functionError": error,
                },
                "responsePayload": _json(body),
            }
            self._send(invocation, configuration["Role"], destination, json.dumps(record))
        if not destination and not dead_letters:
            self._tell(invocation, "dropped", "no on-failure destination")

    def _send(self, invocation: Invocation, role: str, arn: str, message: str) -> None:
        service = arn.split(":")[2]
        action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(service)
        if action is None:
            self._tell(invocation, "dropped", f"{arn} is no destination the local AWS knows")
            return
        if not role_allows(self._aws, role, action, arn):
            self._tell(invocation, "dropped", f"the role {role} may not {action} to {arn}")
            return
        account, region, name = arn.split(":")[4], arn.split(":")[3], arn.split(":")[5]
        if service == "sns":
            self._aws.client("sns", account, region).publish(TopicArn=arn, Message=message)
        else:
            queues = self._aws.client("sqs", account, region)
            url = queues.get_queue_url(QueueName=name)["QueueUrl"]
            queues.send_message(QueueUrl=url, MessageBody=message)
        self._tell(invocation, "failure-queued", arn)

    def _tell(self, invocation: Invocation, step: str, detail: str) -> None:
        if self._closing.is_set():  # of an AWS that is no more
            return
        event = _json(invocation.payload)
        event_id = event.get("id", "") if isinstance(event, dict) else ""
        self._report(
            Activity(
                time=self._clock.now(),
                kind="function",
                account=invocation.account,
                region=invocation.region,
                step=step,
                event_id=event_id,
                what=invocation.name,
                detail=detail,
            )
        )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _sentence(body: bytes) -> str:
    failure = _json(body)
    if isinstance(failure, dict) and "errorMessage" in failure:
        return f"{failure.get('errorType', 'Error')}: {failure['errorMessage']}"
    return str(failure)
