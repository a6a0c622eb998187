"""Queues and messages: attributes that AWS refuses and the emulator takes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]+\.fifo")
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


@gap.refuses("sqs", "CreateQueue")
def _queue(call: Call) -> None:
    p = call.parameters
    name = str(p.get("QueueName") or "")
    if (p.get("Attributes") or {}).get("FifoQueue") == "true":
        need(
            _FIFO_NAME.fullmatch(name) and len(name) <= 80,
            "InvalidParameterValue",
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length",
        )
    need(
        _NAME.fullmatch(name.removesuffix(".fifo")) and len(name) <= 80,
        "InvalidParameterValue",
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    )


@gap.refuses("sqs", "CreateQueue", "SetQueueAttributes")
def _attributes(call: Call) -> None:
    p = call.parameters
    name = str(p.get("QueueName") or p.get("QueueUrl") or "")
    known = _SETTABLE | _FIFO if name.endswith(".fifo") else _SETTABLE
    attributes = p.get("Attributes") or {}
    for attribute in attributes:
        need(attribute in known, "InvalidAttributeName", f"Unknown Attribute {attribute}.")
    need(
        call.operation == "CreateQueue" or attributes.get("FifoQueue", "true") == "true",
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    )
    if attributes.get("RedrivePolicy"):
        _redrive(call, str(attributes["RedrivePolicy"]))


def _redrive(call: Call, text: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html"""

    def valid(condition: object, reason: str) -> None:
        need(
            condition,
            "InvalidParameterValue",
            f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}",
        )

    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    valid(isinstance(policy, dict), "Redrive policy is not a valid JSON map.")
    for name in ("maxReceiveCount", "deadLetterTargetArn"):
        valid(
            policy.get(name) not in (None, ""),
            f"Redrive policy does not contain mandatory attribute: {name}.",
        )
    count = str(policy["maxReceiveCount"])
    valid(
        count.isdigit() and 1 <= int(count) <= 1000,
        "Invalid value for maxReceiveCount: it is an integer from 1 to 1000.",
    )
    target = str(policy["deadLetterTargetArn"]).split(":")
    valid(len(target) == 6 and target[2] == "sqs", "Invalid value for deadLetterTargetArn.")
    try:
        call.client("sqs", target[4], target[3]).get_queue_url(QueueName=target[5])
    except ClientError:
        valid(False, "Dead letter target does not exist.")


@gap.refuses("sqs", "ReceiveMessage")
def _receive(call: Call) -> None:
    seconds = call.parameters.get("WaitTimeSeconds")
    need(
        seconds is None or 0 <= int(seconds) <= 20,
        "InvalidParameterValue",
        f"Value {seconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= "
        "20, if provided.",
    )


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
