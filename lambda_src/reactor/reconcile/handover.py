"""Hands events that rules did not see to their targets, once, and notes it.

The function does it each hour, and `trailctl reconcile --redeliver` when a person says so: by the
same notes, so that what one of them handed on the other leaves alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from reactor.patterns.target_input import InputError
from reactor.reconcile.judge import Judged
from reactor.reconcile.redeliver import NoWayToError, marked, redeliver
from reactor.reconcile.rules import Rule, Target
from reactor.reconcile.sources import AwsLike
from reactor.reconcile.state import State
from reactor.retry import error_code


class Handover:
    """`name` is the function's, `queue_url` its failure queue's. `count` counts a metric, `failed`
    is told the ARN of a target that took nothing, within the error's `except`.
    """

    def __init__(
        self,
        aws: AwsLike,
        state: State,
        name: str,
        queue_url: str,
        count: Callable[[str], None],
        failed: Callable[[str], None],
    ) -> None:
        self._aws = aws
        self._state = state
        self._name = name
        self._queue_url = queue_url
        self._count = count
        self._failed = failed

    def done(self, judged: Judged) -> bool:
        """True if the event was handed to the rule's targets before."""
        return self._state.redelivered(judged.rule.arn, judged.id)

    def give(self, judged: Judged) -> tuple[bool, str]:
        """Gives an event to its rule's targets: whether one took it, a clause on each."""
        if self.done(judged):
            return True, "redelivered before"
        rule, now = judged.rule, self._state.clock
        event = marked(judged, self._name, now)
        outcome, taken = [], False
        for target in rule.targets:
            try:
                redeliver(target, rule.arn, event, now, self._aws)
                self._count("EventsRedelivered")
                taken = True
                outcome.append(f"redelivered to {target.id}")
            except NoWayToError as error:
                outcome.append(f"not to {target.id} ({error})")
            except Exception as error:
                # The others must not wait for it. It is kept as EventBridge keeps dead letters.
                self._failed(target.arn)
                self._keep(rule, target.arn, event, error)
                self._count("RedeliveriesFailed")
                outcome.append(f"not to {target.id} ({_why(rule, target)})")
        self._state.remember(rule.arn, judged.id)
        return taken, ", ".join(outcome) or "the rule has no targets"

    def _keep(self, rule: Rule, target: str, event: Mapping[str, Any], error: Exception) -> None:
        """Puts an event that a target did not take into the failure queue.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        code = error.code if isinstance(error, InputError) else error_code(error)
        told = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target,
            "ERROR_CODE": code or type(error).__name__,
            "ERROR_MESSAGE": str(error)[:500] or "-",
        }
        self._aws.client("sqs").send_message(
            QueueUrl=self._queue_url,
            MessageBody=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in told.items()
            },
        )


def _why(rule: Rule, target: Target) -> str:
    account = target.arn.split(":")[4]
    if account == rule.arn.split(":")[4]:
        return "kept in the failure queue"
    # EventBridge reached it by the rule's role, which nobody else can take.
    return (
        f"account {account} must admit the function's role, by the output target_policies; kept in "
        "the failure queue"
    )
