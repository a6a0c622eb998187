"""`trailctl redrive`: sends the events of a failure or dead-letter queue to their function again.

SQS's own redrive refuses these queues, as their messages did not come from a queue. The function
does nothing twice: its ledger remembers an event for longer than the queue keeps it.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

Whoever may write to the queue writes its messages. So a message's word for its function counts only
where AWS's configuration says the same: the function keeps its failures in this queue, or the rule
has the function as a target whose dead letters this queue keeps.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailctl.errors import CheckError, UsageError
from trailctl.text import plain

_VISIBLE_AGAIN = 120  # seconds; no other reader gets a message while it is being sent
_WHOLE = "<aws.events.event.json>"  # where a target's template has the event
# The places where a function names the queue that gets what it could not do.
_ASYNC, _DEAD = ("DestinationConfig", "OnFailure", "Destination"), ("DeadLetterConfig", "TargetArn")


@dataclass(frozen=True)
class Kept:
    """An event in a queue, and what its message says.

    `function` is the ARN of the function that it was for, `rule` that of the rule or schedule (both
    empty where it does not say), `reason` why it failed. `since`: when it came, in seconds.
    """

    receipt: str
    message_id: str
    function: str
    rule: str
    event: Any
    reason: str
    since: float = 0.0


class Owners:
    """The functions whose events a queue keeps, by the configuration of functions and rules.

    `queue` is the queue's ARN, `client` makes the boto3 client of a service.
    """

    def __init__(self, queue: str, client: Callable[[str], Any]) -> None:
        self._queue = queue
        self._client = client
        self._known: dict[tuple[str, str], str] = {}
        self._templates: dict[tuple[str, str], str] = {}

    def refusal(self, kept: Kept) -> str:
        """Why the event does not go to the function that its message names; empty if it does.

        Raises ClientError and BotoCoreError if AWS does not say.
        """
        if not kept.function:
            return "its function is not known; name --function"
        key = (kept.function, kept.rule)
        if key not in self._known:
            self._known[key] = self._refusal(*key)
        return self._known[key]

    def payload(self, kept: Kept) -> str:
        """What the function is sent: a rule's queue holds the event as it came, without the
        detection that the rule's target puts beside it.

        Raises ClientError and BotoCoreError.
        """
        text = json.dumps(kept.event)
        if ":rule/" not in kept.rule or _place(kept.rule) != _place(self._queue):
            return text
        key = (kept.function, kept.rule)
        if key not in self._templates:
            found = (
                str(_dig(each, "InputTransformer", "InputTemplate") or "")
                for each in self._targets(kept.rule)
                if _dig(each, "Arn") == kept.function
            )
            self._templates[key] = next((each for each in found if _WHOLE in each), "")
        template = self._templates[key]
        return template.replace(_WHOLE, text) if template else text

    def _refusal(self, function: str, rule: str) -> str:
        named = f"{rule or function} does not keep its failed events in this queue; name --function"
        # Another account's configuration is for its owner to write.
        if _place(rule or function) != _place(self._queue):
            return named
        keeps = (
            self._schedule_keeps
            if ":schedule/" in rule
            else self._rule_keeps
            if rule
            else self._function_keeps
        )
        return "" if keeps(function, rule) else named

    def _function_keeps(self, function: str, _: str) -> bool:
        functions = self._client("lambda")
        return any(
            _dig(_answer(read, FunctionName=function), *path) == self._queue
            for read, path in (
                (functions.get_function_event_invoke_config, _ASYNC),
                (functions.get_function_configuration, _DEAD),
            )
        )

    def _rule_keeps(self, function: str, rule: str) -> bool:
        return any(self._is_target(each, function) for each in self._targets(rule))

    def _targets(self, rule: str) -> Iterator[Any]:
        bus, _, name = rule.rpartition(":rule/")[2].rpartition("/")
        call = {"Rule": name, **({"EventBusName": bus} if bus else {})}
        events = self._client("events")
        while True:
            page = _answer(events.list_targets_by_rule, **call)
            yield from page.get("Targets", ())
            if not page.get("NextToken"):
                return
            call["NextToken"] = page["NextToken"]

    def _schedule_keeps(self, function: str, schedule: str) -> bool:
        group, _, name = schedule.rpartition(":schedule/")[2].partition("/")
        schedules = self._client("scheduler")
        found = _answer(schedules.get_schedule, GroupName=group, Name=name)
        return self._is_target(found.get("Target"), function)

    def _is_target(self, target: Any, function: str) -> bool:
        keeps = _dig(target, "DeadLetterConfig", "Arn") == self._queue
        return keeps and bool(_dig(target, "Arn") == function)


def redrive(
    client: Callable[[str], Any], queue: str, function: str | None = None, limit: int | None = None
) -> int:
    """Sends the events of a queue and deletes those that Lambda accepted; prints a line each.

    `client` makes the boto3 client of a service. `queue` is a name or a URL. `function` gets all
    events; without it, each goes to the function whose configuration names the queue. Returns how
    many were sent. Raises CheckError if some stayed, and UsageError if there is no such queue.
    """
    queues, functions = client("sqs"), client("lambda")
    url = _url(queues, queue)
    arn, began = _looked_at(queues, url, queue)
    owners = Owners(arn, client)
    sent, stayed, came = 0, 0, 0
    for kept in _messages(queues, url, limit):
        # What fails at once is back at once, and would be sent for ever.
        if kept.since > began:
            came += 1
            continue
        name = plain(
            _dig(kept.event, "detail", "eventName")
            or _dig(kept.event, "event", "detail", "eventName")
            or "event"
        )
        target = function or kept.function
        try:
            refusal = "" if function else owners.refusal(kept)
            if not refusal:
                functions.invoke(
                    FunctionName=target,
                    InvocationType="Event",
                    Payload=owners.payload(kept).encode(),
                )
        except (ClientError, BotoCoreError) as error:
            refusal = str(error)
        if refusal:
            stayed += 1
            print(f"stays: {name} ({plain(kept.message_id)}): {plain(refusal)}")
            continue
        queues.delete_message(QueueUrl=url, ReceiptHandle=kept.receipt)
        sent += 1
        print(f"sent: {name} to {plain(target.rpartition(':')[2])} ({plain(kept.reason)})")
    print(f"{sent} sent, {stayed} left in {plain(queue)}")
    if came:
        print(f"{came} came while it ran, and wait for the next time: do events fail again?")
    if stayed:
        raise CheckError(f"{stayed} of {sent + stayed} events could not be sent again")
    return sent


def _url(queues: Any, queue: str) -> str:
    if queue.startswith(("https://", "http://")):
        return queue
    try:
        found: str = queues.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    except ClientError as error:
        raise UsageError(
            f"there is no queue {queue} here ({error.response['Error']['Code']})"
        ) from (None)
    return found


def _looked_at(queues: Any, url: str, queue: str) -> tuple[str, float]:
    """The queue's ARN, and the time now in seconds, by AWS's clock where its answer tells it."""
    try:
        answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise UsageError(f"the queue {queue} can't be read ({code})") from None
    told = _dig(answer, "ResponseMetadata", "HTTPHeaders", "date")
    # It tells whole seconds.
    now = parsedate_to_datetime(told).timestamp() + 1 if told else time.time()
    return str(answer["Attributes"]["QueueArn"]), now


def _messages(queues: Any, url: str, limit: int | None) -> Iterator[Kept]:
    """Each message that the queue keeps now, once."""
    seen: set[str] = set()
    while limit is None or len(seen) < limit:
        wanted = 10 if limit is None else min(10, limit - len(seen))
        answer = queues.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=wanted,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=_VISIBLE_AGAIN,
            WaitTimeSeconds=1,
        )
        new = [m for m in answer.get("Messages") or () if m["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            sent = _dig(message, "Attributes", "SentTimestamp")
            yield replace(read(message), since=int(sent or 0) / 1000)


def read(message: dict[str, Any]) -> Kept:
    """A message of a function's failure queue or of a rule's dead-letter queue."""
    receipt, message_id = message.get("ReceiptHandle", ""), message.get("MessageId", "")
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return Kept(receipt, message_id, "", "", message["Body"], "no JSON")
    if isinstance(body, dict) and "requestPayload" in body:
        arn = str(_dig(body, "requestContext", "functionArn") or "")
        reason = str(_dig(body, "responsePayload", "errorMessage") or "")
        condition = str(_dig(body, "requestContext", "condition") or "")
        function = arn.removesuffix(":$LATEST")
        return Kept(receipt, message_id, function, "", body["requestPayload"], reason or condition)
    attributes = message.get("MessageAttributes") or {}
    target, rule, schedule, reason = (
        str(_dig(attributes, name, "StringValue") or "")
        for name in ("TARGET_ARN", "RULE_ARN", "SCHEDULE_ARN", "ERROR_CODE")
    )
    function = target if ":lambda:" in target else ""
    return Kept(receipt, message_id, function, rule or schedule, body, reason)


def _place(arn: str) -> tuple[str, ...]:
    """Partition, Region and account of an ARN; nothing for a text that is none."""
    parts = arn.split(":")
    return (parts[1], parts[3], parts[4]) if len(parts) > 5 and parts[0] == "arn" else ()


def _answer(read: Callable[..., Any], **call: Any) -> dict[str, Any]:
    """What AWS answers; nothing if there is no such thing."""
    try:
        answer: dict[str, Any] = read(**call)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {}
    return answer


def _dig(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
