"""Encrypted topics: who publishes uses the key.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from localaws.kms.callers import key_needs
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.gap import Need


@gap.needs("sns", "Publish", "PublishBatch", besides=True)
def _publishes(call: Call) -> Iterator[Need]:
    topic = str(call.parameters.get("TopicArn") or call.parameters.get("TargetArn") or "")
    parts = topic.split(":")
    if len(parts) != 6:
        return  # a telephone, or no topic: the emulator says so
    client = call.client("sns", parts[4], parts[3])
    try:
        key = client.get_topic_attributes(TopicArn=topic)["Attributes"].get("KmsMasterKeyId")
    except ClientError:
        return
    if key:
        actions = ("kms:GenerateDataKey", "kms:Decrypt")
        yield from key_needs(call, actions, str(key), {"aws:sns:topicArn": topic})
