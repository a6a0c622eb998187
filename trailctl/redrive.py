"""`trailctl redrive`: sends the events of a failure or dead-letter queue on their way again.

SQS's own redrive refuses these queues, as their messages did not come from a queue. A function does
nothing twice: its ledger remembers an event for longer than the queue keeps it.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

Whoever may write to the queue writes its messages. So a message's word for its target counts only
where AWS's configuration says the same: the function keeps its failures in this queue, or the rule
has the target and keeps its dead letters in this queue. A dead letter is the event as it came, so
the target's input transformer is applied again.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from reactor.patterns.target_input import (
    Call,
    InputError,
    direct_call,
    invocation,
    target_input,
)
from reactor.shapes import dig

from trailctl.errors import CheckError, UsageError
from trailctl.terminal import say
from trailctl.text import plain

_VISIBLE_AGAIN = 120  # seconds; no other reader gets a message while it is being sent
_BETWEEN = 5.0  # seconds between two looks at the queue
# The places where a function names the queue that gets what it could not do.
_ASYNC, _DEAD = ("DestinationConfig", "OnFailure", "Destination"), ("DeadLetterConfig", "TargetArn")
_NO_QUEUE = {"NonExistentQueue", "QueueDoesNotExist"}
_UNKNOWN = "its function is not known; name --function"


@dataclass(frozen=True)
class Kept:
    """An event in a queue, and what its message says.

    `target` is the ARN of the function, topic or queue that it was for, `rule` that of the rule or
    schedule (both empty where it does not say), `reason` why it failed. `event` is what the
    function got, or the event that a rule matched. `since`: when it came, in seconds.
    """

    receipt: str
    message_id: str
    target: str
    rule: str
    event: Any
    reason: str
    since: float = 0.0


class Ways:
    """The way of each event to its target, by the configuration of functions and rules.

    `queue` is the queue's ARN, `client` makes the boto3 client of a service. `function`, if it is
    named, gets all.
    """

    def __init__(
        self, queue: str, client: Callable[[str], Any], function: str | None = None
    ) -> None:
        self._queue = queue
        self._client = client
        self._function = function
        self._known: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def of(self, kept: Kept) -> Callable[[], object] | str:
        """The call that sends the event, or the reason why it does not go where its message says.

        Raises ClientError and BotoCoreError if AWS does not say.
        """
        if self._function:
            return self._made(invocation(self._function, json.dumps(kept.event)))
        if not kept.target:
            return _UNKNOWN
        key = (kept.target, kept.rule)
        if key not in self._known:
            self._known[key] = self._configured(*key)
        settings = self._known[key]
        if settings is None:
            return (
                f"{kept.rule or kept.target} does not keep its failed events in this queue; "
                "name --function"
            )
        try:
            text = target_input(settings, kept.event, kept.rule, datetime.now(UTC))
        except InputError as error:
            return error.reason
        call = direct_call(kept.target, settings, text)
        return self._made(call, kept.target) if call else _UNKNOWN

    def _made(self, call: Call, queue: str = "") -> Callable[[], object]:
        service, operation, given = call
        client = self._client(service)
        if service == "sqs":
            given["QueueUrl"] = _url(client, queue)
        return lambda: getattr(client, operation)(**given)

    def _configured(self, target: str, rule: str) -> Mapping[str, Any] | None:
        """The target's settings, as PutTargets takes them; None if this queue is not its own."""
        # Another account's configuration is for its owner to write.
        if _place(rule or target) != _place(self._queue):
            return None
        if ":schedule/" in rule:
            return self._of_schedule(target, rule)
        return self._of_rule(target, rule) if rule else self._of_function(target)

    def _of_function(self, function: str) -> Mapping[str, Any] | None:
        functions = self._client("lambda")
        keeps = any(
            dig(_answer(read, FunctionName=function), *path) == self._queue
            for read, path in (
                (functions.get_function_event_invoke_config, _ASYNC),
                (functions.get_function_configuration, _DEAD),
            )
        )
        return {} if keeps else None

    def _of_rule(self, target: str, rule: str) -> Mapping[str, Any] | None:
        bus, _, name = rule.rpartition(":rule/")[2].rpartition("/")
        call = {"Rule": name, **({"EventBusName": bus} if bus else {})}
        events = self._client("events")
        while True:
            page = _answer(events.list_targets_by_rule, **call)
            for each in page.get("Targets", ()):
                if self._is_target(each, target):
                    settings: Mapping[str, Any] = each
                    return settings
            if not page.get("NextToken"):
                return None
            call["NextToken"] = page["NextToken"]

    def _of_schedule(self, target: str, schedule: str) -> Mapping[str, Any] | None:
        group, _, name = schedule.rpartition(":schedule/")[2].partition("/")
        schedules = self._client("scheduler")
        found = _answer(schedules.get_schedule, GroupName=group, Name=name)
        # What a schedule sends is in the message already.
        return {} if self._is_target(found.get("Target"), target) else None

    def _is_target(self, target: Any, arn: str) -> bool:
        keeps = dig(target, "DeadLetterConfig", "Arn") == self._queue
        return keeps and bool(dig(target, "Arn") == arn)


@dataclass(frozen=True)
class QueueState:
    """A queue as it is at one moment. `now` is AWS's time in seconds, as far as it tells it."""

    arn: str
    now: float
    visible: int
    in_flight: int

    @property
    def messages(self) -> int:
        """All messages."""
        return self.visible + self.in_flight

    @property
    def told(self) -> str:
        """The numbers in words. SQS calls them approximate."""
        events = "1 event waits" if self.visible == 1 else f"{self.visible} events wait"
        if not self.in_flight:
            return events
        return f"{events}, {self.in_flight} more are being read by somebody"


@dataclass(frozen=True)
class Wish:
    """What the person at the keyboard asks for.

    `function` gets all events; without it, each goes where the configuration that names the queue
    says. `limit` is the most to send, `dry_run` sends nothing, and `agrees` is asked before
    anything is sent. `wait` is how many seconds to look whether events come back (0: not at all).
    """

    function: str | None = None
    limit: int | None = None
    dry_run: bool = False
    agrees: Callable[[], bool] = lambda: True
    wait: int = 0


_ALL = Wish()


def redrive(client: Callable[[str], Any], queue: str, wish: Wish = _ALL) -> int:
    """Sends the events of a queue and deletes those that were accepted; prints a line each.

    `client` makes the boto3 client of a service. `queue` is a name or a URL. What stays in the
    queue can be read by others at once. Returns how many were sent. Raises CheckError if some
    stayed or came back, and UsageError if there is no such queue.
    """
    queues = client("sqs")
    url = _url(queues, queue)
    state = _look(queues, url, queue)
    shown = plain(queue)
    say(f"{shown}: {state.told}")
    if not wish.dry_run and state.visible and not wish.agrees():
        say("nothing was sent: add --yes to send")
        return 0
    ways = Ways(state.arn, client, wish.function)
    sent, came, receipts = 0, 0, []
    try:
        for kept in _messages(queues, url, wish.limit):
            # What fails at once is back at once, and would be sent for ever.
            if kept.since > state.now:
                came += 1
                receipts.append(kept.receipt)
                continue
            name = plain(_name(kept.event))
            refusal = _send(ways, kept, wish.dry_run)
            if refusal or wish.dry_run:
                receipts.append(kept.receipt)
            if refusal:
                say(f"stays: {name} ({plain(kept.message_id)}): {plain(refusal)}")
                continue
            if not wish.dry_run:
                queues.delete_message(QueueUrl=url, ReceiptHandle=kept.receipt)
            sent += 1
            to = plain((wish.function or kept.target).rpartition(":")[2])
            say(
                f"{'would send' if wish.dry_run else 'sent'}: {name} to {to} ({plain(kept.reason)})"
            )
    finally:
        _release(queues, url, receipts)
    stayed = len(receipts) - came - (sent if wish.dry_run else 0)
    say(
        f"{sent} would be sent, {stayed} would stay in {shown}"
        if wish.dry_run
        else f"{sent} sent, {stayed} left in {shown}"
    )
    if came:
        say(f"{came} came while it ran, and wait for the next time: do events fail again?")
    if sent and wish.wait and not wish.dry_run:
        back = _came_back(queues, url, state.messages - sent, sent, wish.wait)
        if back:
            raise CheckError(f"{back} of {sent} came back: their messages say why")
        say(f"none came back within {wish.wait} s")
    if stayed:
        raise CheckError(f"{stayed} of {sent + stayed} events could not be sent again")
    return sent


def _send(ways: Ways, kept: Kept, dry_run: bool) -> str:
    """Sends an event on its way; the reason if that can't be."""
    try:
        way = ways.of(kept)
        if isinstance(way, str):
            return way
        if not dry_run:
            way()
    except (ClientError, BotoCoreError) as error:
        return str(error)
    return ""


def _release(queues: Any, url: str, receipts: list[str]) -> None:
    """Lets others read at once what stays; what can't be released is there again by itself."""
    for receipt in receipts:
        with suppress(ClientError, BotoCoreError):
            queues.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0
            )


def _came_back(queues: Any, url: str, before: int, sent: int, seconds: int) -> int:
    """How many more messages than `before` the queue has, after so many seconds or when all of the
    `sent` are back.
    """
    end = time.monotonic() + seconds
    while True:
        back = min(sent, max(0, _look(queues, url, url).messages - before))
        if back == sent or time.monotonic() >= end:
            return back
        time.sleep(min(_BETWEEN, max(0.0, end - time.monotonic())))


def _url(queues: Any, queue: str) -> str:
    if queue.startswith(("https://", "http://")):
        return queue
    try:
        found: str = queues.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    except ClientError as error:
        raise _missing(queue, error) from None
    return found


def _missing(queue: str, error: ClientError) -> Exception:
    """A queue that is not there, in a sentence; any other error as it is."""
    if error.response["Error"]["Code"].rpartition(".")[2] in _NO_QUEUE:
        return UsageError(
            f"there is no queue {queue} in this account and Region: look at its name, --region and "
            "AWS_PROFILE"
        )
    return error


def _look(queues: Any, url: str, queue: str) -> QueueState:
    try:
        answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    except ClientError as error:
        raise _missing(queue, error) from None
    told = dig(answer, "ResponseMetadata", "HTTPHeaders", "date")
    said = answer["Attributes"]
    return QueueState(
        str(said["QueueArn"]),
        # It tells whole seconds.
        parsedate_to_datetime(told).timestamp() + 1 if told else time.time(),
        int(said.get("ApproximateNumberOfMessages", 0)),
        int(said.get("ApproximateNumberOfMessagesNotVisible", 0)),
    )


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
            sent = dig(message, "Attributes", "SentTimestamp")
            yield replace(read(message), since=int(sent or 0) / 1000)


def read(message: dict[str, Any]) -> Kept:
    """A message of a function's failure queue or of a rule's dead-letter queue."""
    receipt, message_id = message.get("ReceiptHandle", ""), message.get("MessageId", "")
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return Kept(receipt, message_id, "", "", message["Body"], "no JSON")
    if isinstance(body, dict) and "requestPayload" in body:
        arn = str(dig(body, "requestContext", "functionArn") or "")
        reason = str(dig(body, "responsePayload", "errorMessage") or "")
        condition = str(dig(body, "requestContext", "condition") or "")
        function = arn.removesuffix(":$LATEST")
        return Kept(receipt, message_id, function, "", body["requestPayload"], reason or condition)
    attributes = message.get("MessageAttributes") or {}
    target, rule, schedule, reason = (
        str(dig(attributes, name, "StringValue") or "")
        for name in ("TARGET_ARN", "RULE_ARN", "SCHEDULE_ARN", "ERROR_CODE")
    )
    known = target.split(":")[2:3] in (["lambda"], ["sns"], ["sqs"])
    return Kept(receipt, message_id, target if known else "", rule or schedule, body, reason)


def _name(event: Any) -> object:
    """The call that an event tells, bare or beside the detection that it is for."""
    return (
        dig(event, "detail", "eventName") or dig(event, "event", "detail", "eventName") or "event"
    )


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
