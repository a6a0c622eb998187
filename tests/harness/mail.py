"""Queues as the tests read them: what came, and who listens to a topic."""

from __future__ import annotations

import json
from typing import Any


def take(queues: Any, url: str) -> list[dict[str, Any]]:
    """All messages that wait in a queue, taken out of it, as ReceiveMessage gives them."""
    taken: list[dict[str, Any]] = []
    while True:
        answer = queues.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages") or []
        if not messages:
            return taken
        for message in messages:
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        taken += messages


def bodies(queues: Any, url: str) -> list[Any]:
    """The bodies of all messages that wait in a queue, decoded from JSON."""
    return [json.loads(message["Body"]) for message in take(queues, url)]


class Listener:
    """A queue that hears what a topic says. `heard` gives (subject or None, text) pairs."""

    def __init__(self, queues: Any, topics: Any, topic_arn: str, name: str = "listener") -> None:
        self._queues = queues
        region, account = topic_arn.split(":")[3:5]
        arn = f"arn:aws:sqs:{region}:{account}:{name}"
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            },
        }
        self._url = queues.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})[
            "QueueUrl"
        ]
        topics.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)

    def heard(self) -> list[tuple[str | None, str]]:
        return [(b.get("Subject"), b["Message"]) for b in bodies(self._queues, self._url)]
