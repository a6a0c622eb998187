"""What schedules ask of the router: a rule's own firing, a schedule's target, the clock's waits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.clock import MovableClock
from localaws.events.router import Backoff, Router
from localaws.events.router.model import SCHEDULER, Rule, Target

pytestmark = pytest.mark.unit

BUSY = ClientError(
    {"Error": {"Code": "ServiceUnavailable", "Message": "busy"},
     "ResponseMetadata": {"HTTPStatusCode": 503}},  # type: ignore[typeddict-item]
    "SendMessage",
)  # fmt: skip


def tick(tools: Any) -> dict[str, Any]:
    event: dict[str, Any] = tools.call_event() | {
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "detail": {},
    }
    return event


def schedule(tools: Any, queue: str, role: str, **settings: Any) -> Target:
    arn = f"arn:aws:scheduler:{tools.REGION}:{tools.ACCOUNT}:schedule/default/one"
    rule = Rule(
        name="one",
        arn=arn,
        bus="",
        state="ENABLED",
        pattern="",
        account=tools.ACCOUNT,
        region=tools.REGION,
        service=SCHEDULER,
        source_arn=arn.replace("schedule/default/one", "schedule-group/default"),
        scheduled="2026-01-01T00:00:00Z",
        execution="abc",
    )
    return Target(rule, "one", queue, {"Arn": queue, "RoleArn": role} | settings)


def test_a_rule_s_own_event_goes_to_its_targets_alone(bench: Any, tools: Any) -> None:
    mine, other = (bench.queue(n, tools.allow("sqs:SendMessage")) for n in ("mine", "other"))
    bench.rule("mine", {"Id": "q", "Arn": mine})
    bench.rule("other", {"Id": "q", "Arn": other}, pattern={"source": ["aws.events"]})
    place = {"account": tools.ACCOUNT, "region": tools.REGION}

    bench.router.fire(tick(tools), rule="mine", **place)
    bench.router.fire(tick(tools), rule="missing", **place)
    assert bench.router.drain(20)

    assert (len(bench.messages(mine)), len(bench.messages(other))) == (1, 0)
    assert [step.kind for step in bench.steps] == ["matched", "delivered"]


def test_a_disabled_rule_does_not_fire(bench: Any, tools: Any) -> None:
    queue = bench.queue("mine", tools.allow("sqs:SendMessage"))
    bench.rule("mine", {"Id": "q", "Arn": queue}, state="DISABLED")
    bench.router.fire(tick(tools), rule="mine", account=tools.ACCOUNT, region=tools.REGION)
    assert bench.router.drain(20)
    assert bench.steps == []


def test_only_the_rules_named_take_a_replayed_event(bench: Any, tools: Any) -> None:
    one, two = (bench.queue(n, tools.allow("sqs:SendMessage")) for n in ("one", "two"))
    bench.rule("one", {"Id": "q", "Arn": one})
    named = bench.rule("two", {"Id": "q", "Arn": two})
    assert bench.put(tools.call_event(), only=frozenset({named})) == ["matched", "delivered"]
    assert (len(bench.messages(one)), len(bench.messages(two))) == (0, 1)


def test_schedule_is_retried_counts_its_attempts_and_is_dead_lettered(
    bench: Any, tools: Any
) -> None:
    queue, dead = bench.queue("work"), bench.queue("dead")
    role = bench.role("scheduler", tools.grants("sqs:SendMessage"), trust=SCHEDULER)
    target = schedule(
        tools,
        queue,
        role,
        Input='{"try":<aws.scheduler.attempt-number>}',
        DeadLetterConfig={"Arn": dead},
        RetryPolicy={"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
    )
    failures = iter([BUSY, None, BUSY, BUSY, BUSY])
    bench.aws.fail = lambda name: next(failures, None) if name == "SendMessage" else None

    bench.router.invoke(tick(tools), target)
    assert bench.router.drain(20)
    assert [json.loads(m["Body"]) for m in bench.messages(queue)] == [{"try": 2}]
    assert [step.kind for step in bench.steps] == ["retried", "delivered"]

    bench.router.invoke(tick(tools), target)
    assert bench.router.drain(20)
    assert bench.messages(queue) == []
    (message,) = bench.messages(dead)
    said = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert json.loads(message["Body"]) == {"try": 3}
    assert said | {"ERROR_MESSAGE": ""} == {
        "SCHEDULE_ARN": target.rule.arn,
        "TARGET_ARN": queue,
        "ERROR_CODE": "ERROR_FROM_TARGET",
        "ERROR_MESSAGE": "",
        "RETRY_ATTEMPTS": "2",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "SCHEDULED_TIME": "2026-01-01T00:00:00Z",
        "EXECUTION_ID": "abc",
        "IS_PAYLOAD_TRUNCATED": "false",
    }


@pytest.mark.parametrize("trust", ["events.amazonaws.com", SCHEDULER])
def test_schedule_s_role_must_let_scheduler_in(bench: Any, tools: Any, trust: str) -> None:
    queue = bench.queue("work")
    role = bench.role("scheduler", tools.grants("sqs:SendMessage"), trust=trust)
    bench.router.invoke(tick(tools), schedule(tools, queue, role))
    assert bench.router.drain(20)
    kinds = [step.kind for step in bench.steps]
    assert kinds == (["delivered"] if trust == SCHEDULER else ["refused", "dropped"])


@pytest.fixture
def slow(clients: Any) -> Iterator[tuple[Any, Router, MovableClock, list[Any]]]:
    """A router whose retries wait ten minutes of a clock that only moves when it is moved."""
    clock, steps = MovableClock(), []  # type: ignore[var-annotated]
    router = Router(
        clients, clock, steps.append, invoke=lambda *_: "", backoff=Backoff(first=600.0)
    )
    yield clients, router, clock, steps
    router.close()


def test_retry_waits_follow_the_movable_clock(
    slow: tuple[Any, Router, MovableClock, list[Any]], bench: Any, tools: Any
) -> None:
    clients, router, clock, steps = slow
    queue = bench.queue("work", tools.allow("sqs:SendMessage"))
    bench.rule("calls", {"Id": "q", "Arn": queue})
    failures = iter([BUSY])
    clients.fail = bench.aws.fail = lambda name: (
        next(failures, None) if name == "SendMessage" else None
    )
    router.put(tools.call_event(), account=tools.ACCOUNT, region=tools.REGION)
    assert not router.drain(0.5)
    assert [step.kind for step in steps] == ["matched", "retried"]

    began = time.monotonic()
    clock.advance(601)
    assert router.drain(10)

    assert time.monotonic() - began < 5
    assert [step.kind for step in steps] == ["matched", "retried", "delivered"]
