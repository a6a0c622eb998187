"""CloudTrail: selectors and settings that make a trail see or prove less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor.detections.model import Detected, Known, decides
from reactor.event import Event
from reactor.shapes import items, mapping, text, truth

_SETTINGS = {
    "enableLogFileValidation": "log files are no longer validated",
    "includeGlobalServiceEvents": "events of global services are no longer recorded",
    "isMultiRegionTrail": "only one Region is recorded",
    "isOrganizationTrail": "only one account is recorded",
}
_EMPTIED = {
    "cloudWatchLogsLogGroupArn": "events no longer go to CloudWatch Logs",
    "kmsKeyId": "log files are no longer encrypted with the trail's key",
    "snsTopicName": "new log files are no longer announced",
}


@decides("trail-narrowed")
def narrowed(event: Event, known: Known) -> Detected | None:
    """Selectors, in either shape, under which some management event is no longer recorded, or
    settings that take a part of the record or its proof away.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html
    """
    del known
    request = event.request
    if event.name == "UpdateTrail":
        lost = [why for field, why in _SETTINGS.items() if truth(request.get(field)) is False]
        lost += [why for field, why in _EMPTIED.items() if request.get(field) == ""]
        return Detected("; ".join(lost), text(request.get("name"))) if lost else None
    basic = [mapping(each) for each in items(request.get("eventSelectors"))]
    advanced = [mapping(each) for each in items(request.get("advancedEventSelectors"))]
    reasons = _basic(basic) if basic else _advanced(advanced) if advanced else []
    return Detected("; ".join(reasons), text(request.get("trailName"))) if reasons else None


def _basic(selectors: list[Mapping[str, Any]]) -> list[str]:
    reasons = []
    managing = [
        each for each in selectors if truth(each.get("includeManagementEvents")) is not False
    ]
    if not managing:
        return ["no management events are recorded"]
    kinds = {text(each.get("readWriteType")) or "All" for each in managing}
    if "All" not in kinds and not {"ReadOnly", "WriteOnly"} <= kinds:
        reasons.append(f"only {' and '.join(sorted(kinds))} management events are recorded")
    for each in managing:
        left_out = items(each.get("excludeManagementEventSources"))
        if left_out:
            reasons.append(f"events of {', '.join(map(text, left_out))} are left out")
    return reasons


def _advanced(selectors: list[Mapping[str, Any]]) -> list[str]:
    reasons = []
    managing = []
    for each in selectors:
        fields = [mapping(field) for field in items(each.get("fieldSelectors"))]
        category = next((f for f in fields if text(f.get("field")) == "eventCategory"), {})
        if "Management" in items(category.get("equals")):
            managing.append([f for f in fields if text(f.get("field")) != "eventCategory"])
    if not managing:
        return ["no management events are recorded"]
    if any(not fields for fields in managing):
        return []
    read = {
        text(value).lower()
        for fields in managing
        for f in fields
        if len(fields) == 1 and text(f.get("field")) == "readOnly"
        for value in items(f.get("equals"))
    }
    if read == {"true", "false"}:
        return []
    for fields in managing:
        for f in fields:
            how = " and ".join(
                f"{operator} {', '.join(map(text, items(values)))}"
                for operator, values in f.items()
                if operator != "field"
            )
            reasons.append(f"only management events with {text(f.get('field'))} {how} are recorded")
    return list(dict.fromkeys(reasons))
