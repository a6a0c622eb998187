"""Each kind of target: delivered with the grant, dead-lettered without it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.unit


def test_queue_gets_the_event_as_compact_json(bench: Any, tools: Any) -> None:
    rule_arn = f"arn:aws:events:{tools.REGION}:{tools.ACCOUNT}:rule/launches"
    queue = bench.queue(
        "work", tools.allow("sqs:SendMessage", ArnEquals={"aws:SourceArn": rule_arn})
    )
    assert bench.rule("launches", {"Id": "q", "Arn": queue}) == rule_arn
    event = tools.call_event()
    assert bench.put(event) == ["matched", "delivered"]
    (message,) = bench.messages(queue)
    assert message["Body"] == json.dumps(event, separators=(",", ":"))
    step = bench.steps[-1]
    assert (step.rule, step.target_id, step.target_arn, step.target_kind, step.attempt) == (
        rule_arn,
        "q",
        queue,
        "sqs",
        1,
    )
    assert step.receipt == message["MessageId"]
