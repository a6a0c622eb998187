"""The EventBridge event that a CloudTrail record arrives in, and the rules' states that see it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DETAIL_TYPES = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsCloudTrailInsight": "AWS Insight via CloudTrail",
    "AwsConsoleAction": "AWS Console Action via CloudTrail",
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
    "AwsVpceEvent": "AWS Network Activity Event via CloudTrail",
}


def detail_type(event_type: object) -> str:
    """The envelope's detail-type for a record's eventType."""
    return DETAIL_TYPES.get(str(event_type), DETAIL_TYPES["AwsApiCall"])


def source_of(event_source: object, event_type: object) -> str:
    """The envelope's source, `aws.ec2` of `ec2.amazonaws.com`."""
    if event_type == "AwsCloudTrailInsight":
        return "aws.cloudtrail"  # an Insight names the service that it is about elsewhere
    if isinstance(event_source, str):
        return "aws." + event_source.removesuffix(".amazonaws.com")
    return "aws."


def envelope(record: Mapping[str, Any], id_: str = "") -> dict[str, Any]:
    """The event that carries a record, which itself is its `detail`.

    `id_` is the envelope's own id; without it, the record's eventID. Patterns can't use
    `resources`: it is empty in every event that comes through CloudTrail.
    """
    kind = record.get("eventType")
    return {
        "version": "0",
        "id": id_ or record.get("eventID") or "",
        "detail-type": detail_type(kind),
        "source": source_of(record.get("eventSource"), kind),
        "account": record.get("recipientAccountId") or "",
        "time": record.get("eventTime") or "",
        "region": record.get("awsRegion") or "",
        "resources": [],
        "detail": record,
    }


def is_read_only_management(event: Mapping[str, Any]) -> bool:
    """True for a List, Get or Describe call's event, which rules see in one state only.

    Sign-ins, Insights and data events are none.
    """
    detail = event.get("detail")
    if not isinstance(detail, Mapping) or detail.get("readOnly") not in (True, "true"):
        return False
    kind = event.get("detail-type") or detail_type(detail.get("eventType", "AwsApiCall"))
    if kind != DETAIL_TYPES["AwsApiCall"]:
        return False
    if "eventCategory" in detail:
        return bool(detail["eventCategory"] == "Management")
    return detail.get("managementEvent") not in (False, "false")
