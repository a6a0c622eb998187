"""CloudTrail's record of an API call, for any service botocore has a model of.

`build_record(call)` is the record, `envelope(record)` the EventBridge event around it. Both are
pure. Whether a record is made at all is not decided here: a trail's selectors look at
`event_category(call)` and `is_read_only(service, operation)`, and `event_bridge_region(call)` says
in which Region it appears.
"""

from localaws.cloudtrail.recorder.envelope import detail_type, envelope, event_bridge_source
from localaws.cloudtrail.recorder.names import (
    category,
    event_bridge_region,
    event_category,
    event_name,
    event_source,
    is_read_only,
)
from localaws.cloudtrail.recorder.record import build_record

__all__ = [
    "build_record",
    "category",
    "detail_type",
    "envelope",
    "event_bridge_region",
    "event_bridge_source",
    "event_category",
    "event_name",
    "event_source",
    "is_read_only",
]
