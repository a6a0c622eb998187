"""Encrypted queues: who sends to one or reads it uses the key.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from localaws.kms.callers import key_needs
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need


@gap.needs("sqs", "SendMessage", "SendMessageBatch", besides=True)
def _sends(call: Call) -> Iterator[Need]:
    return _uses(call, ("kms:GenerateDataKey", "kms:Decrypt"))


@gap.needs("sqs", "ReceiveMessage", besides=True)
def _receives(call: Call) -> Iterator[Need]:
    return _uses(call, ("kms:Decrypt",))


def _uses(call: Call, actions: tuple[str, ...]) -> Iterator[Need]:
    url = str(call.parameters.get("QueueUrl") or "")
    account = url.split("/")[-2] if url.count("/") >= 2 else call.account
    try:
        found = call.client("sqs", account).get_queue_attributes(
            QueueUrl=url, AttributeNames=["KmsMasterKeyId", "QueueArn"]
        )
    except ClientError:
        return  # no such queue: the emulator says so
    attributes = found.get("Attributes", {})
    if attributes.get("KmsMasterKeyId"):
        context = {"aws:sqs:arn": str(attributes["QueueArn"])}
        yield from key_needs(call, actions, str(attributes["KmsMasterKeyId"]), context)
