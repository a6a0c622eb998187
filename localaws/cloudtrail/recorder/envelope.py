"""The EventBridge event in which a CloudTrail record arrives on a Region's default bus."""

from __future__ import annotations

import uuid
from typing import Any

from reactor.patterns import envelope as made


def envelope(record: dict[str, Any], *, event_id: str | None = None) -> dict[str, Any]:
    """The event that carries a record, with the record itself as its `detail`.

    `event_id` is the envelope's `id`, a fresh UUID unless given; it is not the record's `eventID`.
    """
    return made.envelope(record, event_id or str(uuid.uuid4()))


def detail_type(record: dict[str, Any]) -> str:
    """`AWS API Call via CloudTrail`, or what the record's `eventType` says otherwise."""
    return made.detail_type(record.get("eventType"))


def event_bridge_source(record: dict[str, Any]) -> str:
    """`aws.ec2` of `ec2.amazonaws.com`; Insights come from CloudTrail itself."""
    return made.source_of(record.get("eventSource"), record.get("eventType"))
