"""Retries, dead-letter queues, and what is left when neither helps."""

from __future__ import annotations

import json
import random
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from localaws.events.router import Backoff, Router
from localaws.events.router.model import DeliveryError
from localaws.events.router.retry import Agenda, RetryPolicy, as_delivery_error

pytestmark = pytest.mark.unit

SEND = "sqs:SendMessage"


def answer(code: str, status: int = 400, operation: str = "SendMessage") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


def break_calls(bench: Any, operation: str, error: Exception, times: int = 10**6) -> None:
    """The next so many calls of the operation fail."""
    left = times

    def fail(name: str) -> Exception | None:
        nonlocal left
        if name != operation or left <= 0:
            return None
        left -= 1
        return error

    bench.aws.fail = fail


def attributes(message: dict[str, Any]) -> dict[str, str]:
    found = message["MessageAttributes"]
    assert {value["DataType"] for value in found.values()} == {"String"}
    return {name: value["StringValue"] for name, value in found.items()}


# --- dead letters ------------------------------------------------------------------------------


def test_no_grant_means_straight_to_the_dead_letter_queue(bench: Any, tools: Any) -> None:
    rule = tools.rule_arn("launches")
    dlq = bench.queue("dead", tools.allow(SEND, ArnEquals={"aws:SourceArn": rule}))
    closed = bench.queue("closed")
    transformer = {"InputTemplate": '"changed"'}
    target = {"Id": "q", "Arn": closed, "DeadLetterConfig": {"Arn": dlq}}
    bench.rule("launches", target | {"InputTransformer": transformer})
    event = tools.call_event()
    assert bench.put(event) == ["matched", "refused", "dead-lettered"]
    (message,) = bench.messages(dlq)
    # The event as it came, not what the target would have got.
    assert message["Body"] == json.dumps(event, separators=(",", ":"))
    found = attributes(message)
    assert found.pop("ERROR_MESSAGE") == bench.steps[1].reason
    assert found == {
        "RULE_ARN": rule,
        "TARGET_ARN": closed,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }
    step = bench.steps[-1]
    assert (step.dead_letter_arn, step.receipt) == (dlq, message["MessageId"])


def test_an_error_message_fits_an_attribute(bench: Any, tools: Any) -> None:
    dlq = bench.queue("dead", tools.allow(SEND))
    queue = bench.queue("work", tools.allow(SEND))
    bench.rule("launches", {"Id": "q", "Arn": queue, "DeadLetterConfig": {"Arn": dlq}})
    only_work(bench, DeliveryError("NO_RESOURCE", "gone\x00\x1b[31m" + "x" * 5000))
    assert bench.put(tools.call_event()) == ["matched", "refused", "dead-lettered"]
    (message,) = bench.messages(dlq)
    text = attributes(message)["ERROR_MESSAGE"]
    assert text.startswith("gone  [31mxxx")
    assert len(text) == 1024


@pytest.mark.parametrize("kind", ["lambda", "sns", "sqs", "logs"])
def test_every_kind_of_target_dead_letters(bench: Any, tools: Any, kind: str) -> None:
    dlq = bench.queue("dead", tools.allow(SEND))
    if kind == "lambda":
        arn = bench.function("guard")
    elif kind == "sns":
        arn = bench.topic("alerts")
    elif kind == "sqs":
        arn = bench.queue("closed")
    else:
        bench.aws.client("logs", tools.ACCOUNT, tools.REGION).create_log_group(logGroupName="calls")
        arn = f"arn:aws:logs:{tools.REGION}:{tools.ACCOUNT}:log-group:calls"
    bench.rule("launches", {"Id": "x", "Arn": arn, "DeadLetterConfig": {"Arn": dlq}})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dead-lettered"]
    (message,) = bench.messages(dlq)
    assert attributes(message)["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes(message)["TARGET_ARN"] == arn


def test_a_template_that_makes_no_json_dead_letters(bench: Any, tools: Any) -> None:
    dlq = bench.queue("dead", tools.allow(SEND))
    queue = bench.queue("work", tools.allow(SEND))
    bench.rule(
        "launches",
        {
            "Id": "q",
            "Arn": queue,
            "DeadLetterConfig": {"Arn": dlq},
            "InputTransformer": {
                "InputPathsMap": {"d": "$.detail"},
                "InputTemplate": '{"d": "<d>"}',
            },
        },
    )
    assert bench.put(tools.call_event()) == ["matched", "refused", "dead-lettered"]
    assert attributes(bench.messages(dlq)[0])["ERROR_CODE"] == "INVALID_JSON"
    assert bench.messages(queue) == []


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda b, t: b.queue("dead"), "nothing allows it in the queue's policy"),
        (
            lambda b, t: b.queue("dead", t.allow(SEND, ArnEquals={"aws:SourceArn": "arn:x"})),
            "aws:SourceArn does not hold",
        ),
        (
            lambda b, t: b.queue("dead", t.allow(SEND), KmsMasterKeyId="alias/aws/sqs"),
            "AWS managed key",
        ),
        (lambda b, t: b.queue("dead.fifo", t.allow(SEND), FifoQueue="true"), "FIFO"),
        (lambda b, t: f"arn:aws:sqs:{t.REGION}:{t.ACCOUNT}:gone", "does not exist"),
        (lambda b, t: f"arn:aws:sqs:eu-west-1:{t.ACCOUNT}:dead", "the rule's Region"),
    ],
)
def test_a_dead_letter_queue_that_can_not_take_it(
    bench: Any, tools: Any, make: Any, why: str
) -> None:
    dlq = make(bench, tools)
    target = {"Id": "q", "Arn": bench.queue("closed"), "DeadLetterConfig": {"Arn": dlq}}
    bench.rule("launches", target)
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    step = bench.steps[-1]
    # Both reasons: why the target didn't get it, and why its queue didn't.
    assert "may not sqs:SendMessage" in step.reason
    assert "its dead-letter queue can't take the event" in step.reason
    assert why in step.reason


def test_a_dead_letter_queue_that_is_busy_is_tried_again(bench: Any, tools: Any) -> None:
    dlq = bench.queue("dead", tools.allow(SEND))
    target = {"Id": "q", "Arn": bench.queue("closed"), "DeadLetterConfig": {"Arn": dlq}}
    bench.rule("launches", target)
    break_calls(bench, "SendMessage", answer("ServiceUnavailable", 503), times=2)
    assert bench.put(tools.call_event()) == ["matched", "refused", "dead-lettered"]
    assert len(bench.messages(dlq)) == 1


# --- retries -----------------------------------------------------------------------------------


def flaky(bench: Any, tools: Any, **policy: int) -> str:
    """A rule with one queue that has a DLQ and this RetryPolicy; the DLQ's ARN."""
    dlq: str = bench.queue("dead", tools.allow(SEND))
    target = {
        "Id": "q",
        "Arn": bench.queue("work", tools.allow(SEND)),
        "DeadLetterConfig": {"Arn": dlq},
    }
    bench.rule("launches", target | ({"RetryPolicy": policy} if policy else {}))
    return dlq


def only_work(bench: Any, error: Exception, times: int = 10**6) -> None:
    """Breaks SendMessage to the target, not to the dead-letter queue."""
    left = times

    def fail(name: str) -> Exception | None:
        nonlocal left
        to_work = name == "SendMessage" and bench.aws.calls[-1][1]["QueueUrl"].endswith("/work")
        if not to_work or left <= 0:
            return None
        left -= 1
        return error

    bench.aws.fail = fail


def test_a_target_that_is_busy_is_tried_again(bench: Any, tools: Any) -> None:
    flaky(bench, tools)
    only_work(bench, answer("ThrottlingException"), times=3)
    assert bench.put(tools.call_event()) == ["matched", *["retried"] * 3, "delivered"]
    retried = [step for step in bench.steps if step.kind == "retried"]
    assert [step.attempt for step in retried] == [1, 2, 3]
    assert {step.error_code for step in retried} == {"THROTTLING"}
    delays = [step.delay for step in retried]
    assert 0 < delays[0] < delays[1] < delays[2] < 1
    assert bench.steps[-1].attempt == 4
    assert len(bench.messages(bench.steps[-1].target_arn)) == 1


def test_retries_end_after_their_number(bench: Any, tools: Any) -> None:
    dlq = flaky(bench, tools, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=3600)
    only_work(bench, answer("InternalError", 500))
    assert bench.put(tools.call_event()) == ["matched", "retried", "retried", "dead-lettered"]
    found = attributes(bench.messages(dlq)[0])
    assert found["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert (found["RETRY_ATTEMPTS"], found["ERROR_CODE"]) == ("2", "ERROR_FROM_TARGET")


def test_no_retries_at_all(bench: Any, tools: Any) -> None:
    dlq = flaky(bench, tools, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=3600)
    only_work(bench, answer("InternalError", 500))
    assert bench.put(tools.call_event()) == ["matched", "dead-lettered"]
    found = attributes(bench.messages(dlq)[0])
    assert found["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert found["RETRY_ATTEMPTS"] == "0"


def test_retries_end_when_the_event_is_too_old(bench: Any, tools: Any) -> None:
    dlq = flaky(bench, tools, MaximumRetryAttempts=185, MaximumEventAgeInSeconds=60)
    only_work(bench, answer("InternalError", 500))
    kinds = bench.put(tools.call_event())
    assert kinds[-1] == "dead-lettered"
    found = attributes(bench.messages(dlq)[0])
    assert found["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert int(found["RETRY_ATTEMPTS"]) == kinds.count("retried") > 5
    # The last attempt is made when the event reaches its age, on the clock and not before.
    assert timedelta(seconds=60) <= bench.clock.now() - tools.START < timedelta(seconds=61)


def test_the_default_is_a_day(bench: Any, tools: Any) -> None:
    flaky(bench, tools)
    only_work(bench, answer("InternalError", 500))
    bench.put(tools.call_event())
    assert bench.steps[-1].kind == "dead-lettered"
    assert bench.clock.now() - tools.START >= timedelta(hours=24)
    assert RetryPolicy.of({}) == RetryPolicy(185, 86_400)


def test_retries_that_end_without_a_dead_letter_queue(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow(SEND))
    retry = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}
    bench.rule("launches", {"Id": "q", "Arn": queue, "RetryPolicy": retry})
    break_calls(bench, "SendMessage", answer("InternalError", 500))
    assert bench.put(tools.call_event()) == ["matched", "retried", "dropped"]
    reason = bench.steps[-1].reason
    assert "MaximumRetryAttempts reached after 1 retries" in reason
    assert "no dead-letter queue" in reason


def test_a_grant_that_can_not_be_read_now_is_read_later(bench: Any, tools: Any) -> None:
    flaky(bench, tools)
    break_calls(bench, "GetQueueAttributes", answer("ServiceUnavailable", 503), times=1)
    assert bench.put(tools.call_event()) == ["matched", "retried", "delivered"]


def test_rules_that_can_not_be_read_now_are_read_later(bench: Any, tools: Any) -> None:
    flaky(bench, tools)
    unreachable = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    break_calls(bench, "ListRules", unreachable, times=2)
    assert bench.put(tools.call_event()) == ["retried", "retried", "matched", "delivered"]
    assert bench.steps[0].rule == ""
    assert bench.steps[0].error_code == "CONNECTION_FAILURE"


def test_rules_that_may_not_be_read_drop_the_event(bench: Any, tools: Any) -> None:
    flaky(bench, tools)
    break_calls(bench, "ListRules", answer("AccessDeniedException", 400, "ListRules"))
    assert bench.put(tools.call_event()) == ["dropped"]
    assert "AccessDeniedException" in bench.steps[-1].reason


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [
        (answer("Throttling"), "THROTTLING", True),
        (answer("TooManyRequestsException", 429), "THROTTLING", True),
        (answer("SomethingElse", 429), "THROTTLING", True),
        (answer("ServiceException", 500), "ERROR_FROM_TARGET", True),
        (answer("ResourceConflictException", 409), "RESOURCE_MODIFICATION_COLLISION", True),
        (ReadTimeoutError(endpoint_url="http://x"), "TIMEOUT", True),
        (EndpointConnectionError(endpoint_url="http://x"), "CONNECTION_FAILURE", True),
        (ConnectionResetError("reset"), "CONNECTION_FAILURE", True),
        (answer("AccessDenied", 403), "NO_PERMISSIONS", False),
        (answer("AuthorizationError", 403), "NO_PERMISSIONS", False),
        (answer("ResourceNotFoundException", 404), "NO_RESOURCE", False),
        (answer("AWS.SimpleQueueService.NonExistentQueue"), "NO_RESOURCE", False),
        (answer("NotFound", 404), "NO_RESOURCE", False),
        (answer("InvalidRequestContentException"), "INVALID_JSON", False),
        (answer("InvalidParameterValue"), "SDK_CLIENT_ERROR", False),
        (KeyError("bug"), "INTERNAL_ERROR", False),
        (DeliveryError("NO_RESOURCE", "x"), "NO_RESOURCE", False),
    ],
)
def test_what_is_tried_again(error: Exception, code: str, retry: bool) -> None:
    failure = as_delivery_error(error)
    assert (failure.code, failure.retry) == (code, retry)


def test_backoff_grows_to_a_limit() -> None:
    backoff = Backoff(first=0.2, longest=600, random_source=random.Random(7))
    delays = [backoff.delay(n) for n in range(60)]
    assert all(
        0.8 * min(600, 0.2 * 2**n) <= d <= min(600, 0.2 * 2**n) for n, d in enumerate(delays)
    )
    assert sum(backoff.delay(n) for n in range(185)) > 86_400


# --- the clock, order and ends -----------------------------------------------------------------


class StillClock:
    """Stands still until it is moved."""

    def __init__(self, start: Any) -> None:
        self._now = start
        self._moved = threading.Condition()

    def now(self) -> Any:
        return self._now

    def move(self, seconds: float) -> None:
        with self._moved:
            self._now += timedelta(seconds=seconds)
            self._moved.notify_all()

    def wait(self, seconds: float, cancel: threading.Event) -> bool:
        until = self._now + timedelta(seconds=seconds)
        with self._moved:
            while self._now < until and not cancel.is_set():
                self._moved.wait(0.01)
        return not cancel.is_set()


def test_a_retry_waits_for_the_clock(clients: Any, tools: Any) -> None:
    clock = StillClock(tools.START)
    bench = tools.Bench(clients, clock)
    try:
        flaky(bench, tools)
        only_work(bench, answer("Throttling"), times=1)
        bench.router.put(tools.call_event(), account=tools.ACCOUNT, region=tools.REGION)
        assert not bench.router.drain(timeout=0.3)
        assert [step.kind for step in bench.steps] == ["matched", "retried"]
        clock.move(1)
        assert bench.router.drain(timeout=5)
        assert bench.steps[-1].kind == "delivered"
        assert bench.steps[-1].time == tools.START + timedelta(seconds=1)
    finally:
        bench.router.close()


def test_a_nearer_appointment_comes_first(tools: Any) -> None:
    clock = StillClock(tools.START)
    agenda = Agenda(clock)
    done: list[str] = []
    far, near = threading.Event(), threading.Event()

    def call(name: str, event: threading.Event) -> None:
        done.append(name)
        event.set()

    agenda.at(tools.START + timedelta(seconds=100), lambda: call("far", far))
    agenda.at(tools.START + timedelta(seconds=1), lambda: call("near", near))
    clock.move(2)
    assert near.wait(5)
    assert done == ["near"]
    clock.move(100)
    assert far.wait(5)
    agenda.at(tools.START + timedelta(days=1), lambda: None)
    assert agenda.close() == 1


def test_close_drops_what_waits_and_takes_nothing_more(clients: Any, tools: Any) -> None:
    bench = tools.Bench(clients, StillClock(tools.START))
    flaky(bench, tools)
    only_work(bench, answer("Throttling"))
    bench.router.put(tools.call_event(), account=tools.ACCOUNT, region=tools.REGION)
    assert not bench.router.drain(timeout=0.3)
    started = time.monotonic()
    bench.router.close()
    bench.router.close()
    assert time.monotonic() - started < 2
    bench.router.put(tools.call_event(), account=tools.ACCOUNT, region=tools.REGION)
    assert bench.router.drain(timeout=1)
    assert [step.kind for step in bench.steps] == ["matched", "retried"]


def test_a_listener_that_fails_loses_no_event(
    clients: Any, tools: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bench = tools.Bench(clients, tools.JumpingClock())

    def listener(step: Any) -> None:
        raise RuntimeError(step.kind)

    router = Router(clients, bench.clock, listener, invoke=lambda *_: "")
    try:
        queue = bench.queue("work", tools.allow(SEND))
        bench.rule("launches", {"Id": "q", "Arn": queue})
        router.put(tools.call_event(), account=tools.ACCOUNT, region=tools.REGION)
        assert router.drain(timeout=5)
        assert len(bench.messages(queue)) == 1
        assert "a listener of the router failed" in caplog.text
    finally:
        router.close()
        bench.router.close()


def test_a_burst_loses_nothing_and_keeps_its_order(
    bench: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three targets two get all, and one nothing: its queue does."""
    sent: dict[str, list[str]] = {}
    all_put = threading.Event()

    def send_message(**message: Any) -> dict[str, str]:
        assert all_put.wait(60)  # a put is an append to a queue: it waits for no delivery
        sent.setdefault(message["QueueUrl"].rpartition("/")[2], []).append(message["MessageBody"])
        return {"MessageId": "m"}

    dlq = bench.queue("dead", tools.allow(SEND))
    targets = [
        {"Id": name, "Arn": bench.queue(name, tools.allow(SEND)), "InputPath": "$.detail.n"}
        for name in ("one", "two")
    ]
    targets.append({"Id": "c", "Arn": bench.queue("closed"), "DeadLetterConfig": {"Arn": dlq}})
    bench.rule("launches", *targets)
    sqs = bench.aws.client("sqs", tools.ACCOUNT, tools.REGION)
    monkeypatch.setattr(sqs, "send_message", send_message)
    events = [tools.call_event(n=n) for n in range(1000)]
    for event in events:
        bench.router.put(event, account=tools.ACCOUNT, region=tools.REGION)
    all_put.set()
    assert bench.router.drain(timeout=60)
    assert sent["one"] == sent["two"] == [str(n) for n in range(1000)]
    assert [json.loads(body)["detail"]["n"] for body in sent["dead"]] == list(range(1000))
