"""Takes bucket events out of the queue; what fails comes back, and only that."""

from __future__ import annotations

import json
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle a batch of SQS messages, each an EventBridge envelope.

    The ids of those that failed are returned: SQS gives these alone again, and moves them into the
    queue of the failed after three tries.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failed = []
    for message in event["Records"]:
        try:
            handle(json.loads(message["body"]))
        except Exception as error:
            print(json.dumps({"failed": message["messageId"], "why": repr(error)}))
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def handle(event: dict[str, Any]) -> None:
    """Your own work goes here. It must bear the same event twice."""
    detail = event["detail"]
    name = detail["requestParameters"]["bucketName"]
    if not isinstance(name, str) or not name:
        raise ValueError("the event names no bucket")
    print(json.dumps({"handled": detail["eventID"], "bucket": name, "by": detail["eventName"]}))
