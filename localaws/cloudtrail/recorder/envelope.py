"""The EventBridge event in which a CloudTrail record arrives on a Region's default bus.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import uuid
from typing import Any, Final

_DETAIL_TYPES: Final[dict[str, str]] = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsCloudTrailInsight": "AWS Insight via CloudTrail",
    "AwsConsoleAction": "AWS Console Action via CloudTrail",
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
    "AwsVpceEvent": "AWS Network Activity Event via CloudTrail",
}


def envelope(record: dict[str, Any], *, event_id: str | None = None) -> dict[str, Any]:
    """The event that carries a record, with the record itself as its `detail`.

    `event_id` is the envelope's `id`, a fresh UUID unless given; it is not the record's `eventID`.
    Patterns can't use `resources`: it is empty in every event that comes through CloudTrail.
    """
    return {
        "version": "0",
        "id": event_id or str(uuid.uuid4()),
        "detail-type": detail_type(record),
        "source": event_bridge_source(record),
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def detail_type(record: dict[str, Any]) -> str:
    """`AWS API Call via CloudTrail`, or what the record's `eventType` says otherwise."""
    return _DETAIL_TYPES.get(str(record.get("eventType")), _DETAIL_TYPES["AwsApiCall"])


def event_bridge_source(record: dict[str, Any]) -> str:
    """`aws.ec2` of `ec2.amazonaws.com`; Insights come from CloudTrail itself."""
    if record.get("eventType") == "AwsCloudTrailInsight":
        return "aws.cloudtrail"
    return "aws." + str(record["eventSource"]).removesuffix(".amazonaws.com")
