"""`trailctl redrive`: sends the events of a failure or dead-letter queue to their function again.

SQS's own redrive refuses these queues, as their messages did not come from a queue. The function
does nothing twice: its ledger remembers an event for longer than the queue keeps it.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailctl.errors import CheckError, UsageError

_VISIBLE_AGAIN = 120  # seconds; nobody else gets a message while it is being sent


@dataclass(frozen=True)
class Kept:
    """An event in a queue, with the function that it is for (empty: unknown) and why it failed."""

    receipt: str
    message_id: str
    function: str
    event: Any
    reason: str


def redrive(
    queues: Any, functions: Any, queue: str, function: str | None = None, limit: int | None = None
) -> int:
    """Sends the events of a queue and deletes those that Lambda accepted; prints a line each.

    `queue` is a name or a URL. `function` gets the events in place of the function that a message
    names. Returns how many were sent. Raises CheckError if some stayed, and UsageError if there is
    no such queue.
    """
    url = _url(queues, queue)
    sent, stayed = 0, 0
    for kept in _messages(queues, url, limit):
        target = function or kept.function
        name = str(_dig(kept.event, "detail", "eventName") or "event")
        if not target:
            stayed += 1
            print(f"stays: {name} ({kept.message_id}): its function is not known; name --function")
            continue
        try:
            functions.invoke(
                FunctionName=target,
                InvocationType="Event",
                Payload=json.dumps(kept.event).encode(),
            )
        except (ClientError, BotoCoreError) as error:
            stayed += 1
            print(f"stays: {name} ({kept.message_id}): {error}")
            continue
        queues.delete_message(QueueUrl=url, ReceiptHandle=kept.receipt)
        sent += 1
        print(f"sent: {name} to {target.rpartition(':')[2]} ({kept.reason})")
    print(f"{sent} sent, {stayed} left in {queue}")
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


def _messages(queues: Any, url: str, limit: int | None) -> Iterator[Kept]:
    """Each message that the queue keeps now, once."""
    seen: set[str] = set()
    while limit is None or len(seen) < limit:
        wanted = 10 if limit is None else min(10, limit - len(seen))
        answer = queues.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=wanted,
            MessageAttributeNames=["All"],
            VisibilityTimeout=_VISIBLE_AGAIN,
            WaitTimeSeconds=1,
        )
        new = [m for m in answer.get("Messages") or () if m["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            yield read(message)


def read(message: dict[str, Any]) -> Kept:
    """A message of a function's failure queue or of a rule's dead-letter queue."""
    receipt, message_id = message.get("ReceiptHandle", ""), message.get("MessageId", "")
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return Kept(receipt, message_id, "", message["Body"], "no JSON")
    if isinstance(body, dict) and "requestPayload" in body:
        arn = str(_dig(body, "requestContext", "functionArn") or "")
        reason = str(_dig(body, "responsePayload", "errorMessage") or "")
        condition = str(_dig(body, "requestContext", "condition") or "")
        function = arn.removesuffix(":$LATEST")
        return Kept(receipt, message_id, function, body["requestPayload"], reason or condition)
    attributes = message.get("MessageAttributes") or {}
    target = str(_dig(attributes, "TARGET_ARN", "StringValue") or "")
    reason = str(_dig(attributes, "ERROR_CODE", "StringValue") or "")
    return Kept(receipt, message_id, target if ":lambda:" in target else "", body, reason)


def _dig(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
