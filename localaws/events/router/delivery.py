"""Handing an event to a target of each kind, and to a dead-letter queue."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from reactor.patterns.transform import compact

from localaws.events.router.grants import Grants
from localaws.events.router.model import (
    SCHEDULER,
    Arn,
    AwsClients,
    DeliveryError,
    ErrorCode,
    RouterClock,
    Rule,
    Target,
)
from localaws.events.router.services import OPENERS, Delivery, RoleCredentials, Send, Way

_T = TypeVar("_T")

# Puts the event on the bus of that name in the ARN's account and Region.
Forward = Callable[[Delivery, Arn, str], None]
# Accepts an event for the function of that ARN, to be run soon; gives the request's id.
Invoke = Callable[[str, bytes], str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What asking for a grant gave: a way, or the refusal's code and reason."""

    asked_at: float
    way: Any = None
    refusal: tuple[ErrorCode, str] | None = None


class Deliverer:
    """Delivers after asking for the grant.

    An answer is kept until `forget`, and never longer than `max_age` seconds of real time.
    """

    def __init__(
        self,
        aws: AwsClients,
        clock: RouterClock,
        forward: Forward,
        invoke: Invoke,
        credentials: RoleCredentials = lambda account, region, name: {},
        max_age: float = 5.0,
    ) -> None:
        self._aws = aws
        self._clock = clock
        self._forward = forward
        self._invoke = invoke
        self._credentials = credentials
        self._grants = Grants(aws)
        self._max_age = max_age
        self._lock = threading.Lock()
        self._answers: dict[tuple[object, ...], _Kept] = {}
        self._generation = 0

    def forget(self) -> None:
        """Ask for every grant again."""
        with self._lock:
            self._generation += 1
            self._answers.clear()

    def deliver(self, delivery: Delivery) -> str:
        """One attempt. Raises DeliveryError, and what boto3 raises."""
        if delivery.target.kind == "bus":
            _refuse_forwarding(delivery)
        return self._way(delivery.target)(delivery)

    def dead_letter(
        self, delivery: Delivery, error: DeliveryError, attributes: Mapping[str, str]
    ) -> str:
        """Send the event as it came to the target's queue; the message's id.

        Raises DeliveryError where the queue can't take it. `attributes` says how the retries ended.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/rule-dlq.html
        """
        target, rule = delivery.target, delivery.target.rule
        arn = Arn.parse(target.dead_letter_arn or "")
        if arn.region != rule.region:
            raise DeliveryError(
                "INVALID_PARAMETER", f"dead-letter queue {arn} is not in the rule's Region"
            )
        # A rule's queue admits EventBridge, a schedule's is written to by the schedule's role.
        of_schedule = rule.service == SCHEDULER
        role = target.role_arn if of_schedule else None
        queue = self._kept(
            ("dead-letter", rule.arn, arn, role),
            lambda: self._grants.queue(rule, arn, role, self._clock.now()),
        )
        if queue.fifo:
            raise DeliveryError(
                "INVALID_PARAMETER",
                f"dead-letter queue {arn} is a FIFO queue: EventBridge needs a standard one",
            )
        values = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target.arn,
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": _attribute_text(error.reason),
            **attributes,
        }
        body = compact(delivery.event)
        if of_schedule:
            del values["RULE_ARN"]
            values |= {
                "SCHEDULE_ARN": rule.arn,
                "SCHEDULED_TIME": rule.scheduled,
                "EXECUTION_ID": rule.execution,
                "IS_PAYLOAD_TRUNCATED": "false",
            }
            body = delivery.text()
        answer = self._aws.client("sqs", arn.account, arn.region).send_message(
            QueueUrl=queue.url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in values.items()
            },
        )
        return str(answer.get("MessageId", ""))

    # --- the ways to targets --------------------------------------------------------------------

    def _way(self, target: Target) -> Send:
        return self._kept(
            ("target", target.rule.arn, target.id, target.arn, compact(target.settings)),
            lambda: self._open(target),
        )

    def _kept(self, key: tuple[object, ...], ask: Callable[[], _T]) -> _T:
        with self._lock:
            generation = self._generation
            kept = self._answers.get(key)
        now = time.monotonic()
        if kept is None or now - kept.asked_at >= self._max_age:
            try:
                kept = _Kept(now, way=ask())
            except DeliveryError as error:
                if error.retry:
                    raise
                kept = _Kept(now, refusal=(error.code, error.reason))
            with self._lock:
                # A policy may have changed while it was read: then it is read again next time.
                if generation == self._generation:
                    self._answers[key] = kept
        if kept.refusal is not None:
            raise DeliveryError(*kept.refusal)
        way: _T = kept.way
        return way

    def _open(self, target: Target) -> Send:
        arn = Arn.parse(target.arn)
        rule = target.rule
        now = self._clock.now()
        if target.kind == "bus":
            return self._to_bus(arn, self._grants.bus(rule, arn, target.role_arn, now))
        if target.kind != "other" and arn.region != rule.region:
            raise DeliveryError(
                "INVALID_PARAMETER",
                f"target {arn} is not in the rule's Region: only an event bus may be in another",
            )
        if target.kind == "lambda":
            self._grants.function(rule, arn, target.role_arn, now)
            return self._to_function(arn)
        if target.kind == "sqs":
            queue = self._grants.queue(rule, arn, target.role_arn, now)
            return self._to_queue(arn, queue.url, queue.fifo, target)
        if target.kind == "sns":
            self._grants.topic(rule, arn, target.role_arn, now)
            return self._to_topic(arn)
        if target.kind == "logs":
            return self._to_log_group(rule, arn, self._grants.log_group(rule, arn, now), target)
        opener = OPENERS.get(target.kind)
        if opener is None or rule.service == SCHEDULER:
            raise DeliveryError(
                "INVALID_PARAMETER",
                f"target {arn} is of a kind that the local AWS does not deliver to",
            )
        return opener(Way(self._aws, self._grants, target, arn, self._clock, self._credentials))

    def _to_function(self, arn: Arn) -> Send:
        return lambda delivery: self._invoke(arn.text, delivery.text().encode())

    def _to_topic(self, arn: Arn) -> Send:
        client = self._aws.client("sns", arn.account, arn.region)

        def send(delivery: Delivery) -> str:
            answer = client.publish(TopicArn=arn.text, Message=delivery.text())
            return str(answer.get("MessageId", ""))

        return send

    def _to_queue(self, arn: Arn, url: str, fifo: bool, target: Target) -> Send:
        client = self._aws.client("sqs", arn.account, arn.region)
        group = _group(target)
        if fifo and not group:
            raise DeliveryError(
                "INVALID_PARAMETER",
                f"queue {arn} is a FIFO queue: give the target SqsParameters with a MessageGroupId",
            )
        more = {"MessageGroupId": group} if group else {}

        def send(delivery: Delivery) -> str:
            answer = client.send_message(QueueUrl=url, MessageBody=delivery.text(), **more)
            return str(answer.get("MessageId", ""))

        return send

    def _to_log_group(self, rule: Rule, arn: Arn, group: str, target: Target) -> Send:
        client = self._aws.client("logs", arn.account, arn.region)
        stream = str(uuid.uuid5(uuid.NAMESPACE_URL, rule.arn))
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise

        def send(delivery: Delivery) -> str:
            text = delivery.text()
            shaped = delivery.target.settings.get("InputTransformer")
            stamp, message = _log_entry(text) if shaped else (None, text)
            entry = {
                "timestamp": _millis(self._clock.now()) if stamp is None else stamp,
                "message": message,
            }
            answer = client.put_log_events(
                logGroupName=group, logStreamName=stream, logEvents=[entry]
            )
            rejected = answer.get("rejectedLogEventsInfo")
            if rejected:
                raise DeliveryError(
                    "INVALID_PARAMETER", f"log group {group} rejects the entry: {compact(rejected)}"
                )
            return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))

        return send

    def _to_bus(self, arn: Arn, name: str) -> Send:
        def send(delivery: Delivery) -> str:
            self._forward(delivery, arn, name)
            return ""

        return send


# What a message attribute may hold is what XML may, and it counts towards the message's size.
_NOT_IN_ATTRIBUTES = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_ATTRIBUTE = 1024


def _attribute_text(text: str) -> str:
    return _NOT_IN_ATTRIBUTES.sub(" ", text)[:_LONGEST_ATTRIBUTE]


def _refuse_forwarding(delivery: Delivery) -> None:
    """What EventBridge does not send on to a bus.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
    """
    target, rule = delivery.target, delivery.target.rule
    if delivery.hops > 0:
        other_region = Arn.parse(target.arn).region != rule.region
        raise DeliveryError(
            "THIRD_REGION_HOP_DETECTED" if other_region else "THIRD_ACCOUNT_HOP_DETECTED",
            "the event came here from another event bus and is not forwarded again: one hop is "
            "all that EventBridge makes",
        )
    for name in ("Input", "InputPath", "InputTransformer"):
        if target.settings.get(name):
            raise DeliveryError(
                "INVALID_PARAMETER",
                f"an event bus gets the event as it is: remove {name} from the target",
            )


def _group(target: Target) -> str | None:
    return (target.settings.get("SqsParameters") or {}).get("MessageGroupId") or None


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _log_entry(text: str) -> tuple[int, str]:
    """A template for a log group makes `{"timestamp": ..., "message": ...}`.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    wrong = DeliveryError(
        "INVALID_PARAMETER",
        'an input template for a log group makes {"timestamp": <time>, "message": <text>}',
    )
    try:
        value = json.loads(text)
        stamp, message = value["timestamp"], value["message"]
    except (ValueError, KeyError, TypeError):
        raise wrong from None
    if isinstance(stamp, str):
        try:
            stamp = _millis(datetime.fromisoformat(stamp))
        except ValueError:
            if not stamp.isdigit():
                raise wrong from None
            stamp = int(stamp)
    return int(stamp), message if isinstance(message, str) else compact(message)
