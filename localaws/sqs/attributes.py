"""Queues and messages: attributes that AWS refuses and the emulator takes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_SETTABLE = frozenset(
    {
        "DelaySeconds",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "Policy",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "VisibilityTimeout",
    }
)
_FIFO = frozenset(
    {"ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit"}
)


@gap.refuses("sqs", "CreateQueue", "SetQueueAttributes")
def _attributes(call: Call) -> None:
    p = call.parameters
    name = str(p.get("QueueName") or p.get("QueueUrl") or "")
    known = _SETTABLE | _FIFO if name.endswith(".fifo") else _SETTABLE
    for attribute in p.get("Attributes") or {}:
        need(attribute in known, "InvalidAttributeName", f"Unknown Attribute {attribute}.")


@gap.refuses("sqs", "SendMessage")
def _message(call: Call) -> None:
    _message_attributes(call.parameters.get("MessageAttributes") or {})


@gap.refuses("sqs", "SendMessageBatch")
def _messages(call: Call) -> None:
    for entry in call.parameters.get("Entries") or ():
        _message_attributes(entry.get("MessageAttributes") or {})


def _message_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> None:
    for name, attribute in attributes.items():
        kind = str(attribute.get("DataType") or "")
        member = "BinaryValue" if kind.startswith("Binary") else "StringValue"
        need(
            attribute.get(member),
            "InvalidParameterValue",
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.",
        )
