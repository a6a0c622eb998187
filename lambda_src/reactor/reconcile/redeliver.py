"""Hands an event that a rule did not see to the rule's targets, as EventBridge would have.

PutEvents refuses sources of AWS's own, so the event can't go to the bus again: each target gets it
directly, by its own input or input transformer. Functions, topics and queues can be reached so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reactor.alerts import told_late
from reactor.patterns.target_input import direct_call, target_input
from reactor.reconcile.judge import Judged
from reactor.reconcile.rules import Target
from reactor.reconcile.sources import AwsLike


class NoWayToError(Exception):
    """A target of a kind that can't be given an event but by EventBridge."""


def marked(judged: Judged, by: str, now: datetime) -> dict[str, Any]:
    """The event with the mark of a redelivery, which patterns and handlers don't look at."""
    late = max(1, round((now - judged.time).total_seconds()))
    mark = {"by": by, "late_seconds": late, "reason": str(judged.verdict)}
    return {**judged.event, "redelivered": mark}


def redeliver(
    target: Target, rule_arn: str, event: Mapping[str, Any], now: datetime, aws: AwsLike
) -> None:
    """Gives the event to one target. Raises NoWayToError, InputError and what boto3 raises."""
    text = target_input(target.settings, event, rule_arn, now)
    call = direct_call(target.arn, target.settings, text)
    _, _, service, region, account, name = target.arn.split(":", 5)
    if call is None:
        raise NoWayToError(f"a target of {service} can't be given an event directly")
    _, operation, given = call
    client = aws.client(service, region)
    if service == "sns":
        given["Message"] = with_lateness(text, event)
    if service == "sqs":
        # A URL that is made from the ARN needs no permission to look it up.
        given["QueueUrl"] = client.meta.endpoint_url.rstrip("/") + f"/{account}/{name}"
    getattr(client, operation)(**given)


def with_lateness(text: str, event: Mapping[str, Any]) -> str:
    """A text for people, with a sentence on its lateness; JSON objects stay as they are."""
    try:
        if isinstance(json.loads(text), dict):
            return text
    except ValueError:
        pass
    return f"{text}\n{told_late(event['redelivered']['late_seconds'])}"
