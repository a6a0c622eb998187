"""Topics, subscriptions and messages: settings that AWS refuses and the emulator takes.

https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need

_PROTOCOLS = frozenset(
    {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}
)
_SUBSCRIPTION = frozenset(
    {
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    }
)
_FEEDBACK = tuple(
    f"{protocol}{kind}"
    for protocol in ("HTTP", "Firehose", "Lambda", "Application", "SQS")
    for kind in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
)
_TOPIC = frozenset(
    {
        "ArchivePolicy",
        "ContentBasedDeduplication",
        "DataProtectionPolicy",
        "DeliveryPolicy",
        "DisplayName",
        "FifoThroughputScope",
        "KmsMasterKeyId",
        "Policy",
        "SignatureVersion",
        "TracingConfig",
        *_FEEDBACK,
    }
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
_QUEUE = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")
_FILTER_KEYS = 5


def _valid(condition: object, why: str) -> None:
    need(condition, "InvalidParameter", f"Invalid parameter: {why}")


# --- topics ------------------------------------------------------------------------------------


@gap.refuses("sns", "CreateTopic")
def _topic(call: Call) -> None:
    p = call.parameters
    name = str(p.get("Name") or "")
    _valid(_NAME.fullmatch(name), "Topic Name")
    tags = _tags(p.get("Tags") or ())
    _valid(len(tags) == len(p.get("Tags") or ()), "Duplicated keys are not allowed.")
    arn = f"arn:{call.partition}:sns:{call.region}:{call.account}:{name}"
    try:
        found = call.client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"]
    except ClientError:
        return  # there is no such topic yet
    _valid(
        not tags or _tags(found) == tags, "Tags Reason: Topic already exists with different tags"
    )


def _tags(tags: Any) -> dict[str, str]:
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


@gap.refuses("sns", "SetTopicAttributes")
def _topic_attribute(call: Call) -> None:
    _valid(call.parameters.get("AttributeName") in _TOPIC, "AttributeName")


@gap.refuses("sns", "GetTopicAttributes")
def _topic_arn(call: Call) -> None:
    parts = len(str(call.parameters.get("TopicArn") or "").split(":"))
    _valid(parts >= 6, f"TopicArn Reason: An ARN must have at least 6 elements, not {parts}")


# --- subscriptions -----------------------------------------------------------------------------


@gap.refuses("sns", "Subscribe")
def _subscribe(call: Call) -> None:
    p = call.parameters
    protocol = p.get("Protocol")
    _valid(protocol in _PROTOCOLS, f"Amazon SNS does not support this protocol string: {protocol}")
    attributes: Mapping[str, str] = p.get("Attributes") or {}
    for name, value in attributes.items():
        _attribute(name, value, attributes, "Attributes Reason: ")
    for found in _subscriptions(call, str(p.get("TopicArn"))):
        if (found["Protocol"], found["Endpoint"]) != (protocol, p.get("Endpoint")):
            continue
        there = _settings(call, found["SubscriptionArn"])
        _valid(
            all(_same(there.get(name), value) for name, value in attributes.items()),
            "Attributes Reason: Subscription already exists with different attributes",
        )


def _subscriptions(call: Call, topic: str) -> list[dict[str, str]]:
    parts = topic.split(":")
    if len(parts) != 6:
        return []
    client = call.client("sns", parts[4], parts[3])
    try:
        pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return [each for page in pages for each in page["Subscriptions"]]
    except ClientError:
        return []  # no such topic: the emulator says so


def _settings(call: Call, subscription: str) -> dict[str, str]:
    try:
        answer = call.client("sns").get_subscription_attributes(SubscriptionArn=subscription)
    except ClientError:
        return {}  # one that waits for its confirmation, or of another account
    found: dict[str, str] = answer["Attributes"]
    return found


def _same(there: str | None, asked: str) -> bool:
    try:
        return bool(json.loads(there or "null") == json.loads(asked))
    except ValueError:
        return there == asked


@gap.refuses("sns", "SetSubscriptionAttributes")
def _subscription_attribute(call: Call) -> None:
    p = call.parameters
    name, value = str(p.get("AttributeName")), str(p.get("AttributeValue") or "")
    there = _settings(call, str(p.get("SubscriptionArn")))
    _attribute(name, value, {**there, name: value})


def _attribute(name: str, value: str, attributes: Mapping[str, str], where: str = "") -> None:
    _valid(name in _SUBSCRIPTION, f"{where}AttributeName")
    match name:
        case "RawMessageDelivery":
            _valid(
                value in ("true", "false"),
                f"{where}RawMessageDelivery: Invalid value [{value}]. Must be true or false.",
            )
        case "FilterPolicyScope":
            _valid(
                value in ("MessageAttributes", "MessageBody"),
                f"{where}FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody "
                "or MessageAttributes",
            )
        case "RedrivePolicy" if value:
            _redrive(value, where)
        case "FilterPolicy" if value:
            _filter(value, attributes.get("FilterPolicyScope") == "MessageBody", where)


def _redrive(value: str, where: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html"""
    target = _read(value, f"{where}RedrivePolicy").get("deadLetterTargetArn")
    _valid(
        isinstance(target, str) and _QUEUE.fullmatch(target),
        f"{where}RedrivePolicy: deadLetterTargetArn is an invalid arn",
    )


def _filter(value: str, of_body: bool, where: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"""
    policy = _read(value, f"{where}FilterPolicy")
    _valid(
        len(policy) <= _FILTER_KEYS,
        f"{where}FilterPolicy: Filter policy can not have more than {_FILTER_KEYS} keys",
    )
    for key, rules in policy.items():
        _valid(
            isinstance(rules, dict | list),
            f'{where}FilterPolicy: "{key}" must be an object or an array',
        )
        _valid(
            of_body or not isinstance(rules, dict),
            "Filter policy scope MessageAttributes does not support nested filter policy",
        )


def _read(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise RefusalError(
            "InvalidParameter", f"Invalid parameter: {what}: failed to parse JSON. {error}"
        ) from None
    _valid(isinstance(found, dict), f"{what}: must be an object")
    read: dict[str, Any] = found
    return read


# --- messages ----------------------------------------------------------------------------------


@gap.refuses("sns", "Publish")
def _publish(call: Call) -> None:
    p = call.parameters
    message, subject = str(p.get("Message") or ""), p.get("Subject")
    _valid(message, "Empty message")
    _valid(subject is None or 0 < len(str(subject)) <= 100, "Subject")
    if p.get("MessageStructure") != "json":
        return
    try:
        texts = json.loads(message)
    except ValueError:
        texts = None
    _valid(isinstance(texts, dict), "Message Structure - JSON message body failed to parse")
    _valid("default" in texts, "Message Structure - No default entry in JSON message body")
