"""What a trail records: basic and advanced event selectors against a record.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Selector = Mapping[str, Any]
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
}

DEFAULT_SELECTORS: tuple[Selector, ...] = (
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    },
)

_PREFIXED_TYPES = frozenset({"AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"})


def selected(record: Mapping[str, Any], selectors: Sequence[Selector]) -> bool:
    """Whether any selector of a trail, basic or advanced, takes the record in."""
    return any(
        _advanced(record, s["FieldSelectors"]) if "FieldSelectors" in s else _basic(record, s)
        for s in selectors
    )


def _basic(record: Mapping[str, Any], selector: Selector) -> bool:
    wanted = selector.get("ReadWriteType", "All")
    if wanted == "ReadOnly" and not record.get("readOnly"):
        return False
    if wanted == "WriteOnly" and record.get("readOnly"):
        return False
    if record.get("eventCategory") == "Management":
        excluded = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector.get("IncludeManagementEvents", True)) and (
            record.get("eventSource") not in excluded
        )
    if record.get("eventCategory") != "Data":
        return False
    for wanted_data in selector.get("DataResources") or ():
        kind, prefixes = wanted_data.get("Type"), wanted_data.get("Values") or ()
        for resource in record.get("resources") or ():
            if resource.get("type") == kind and kind in _PREFIXED_TYPES:
                arn = str(resource.get("ARN", ""))
                if any(arn.startswith(prefix) for prefix in prefixes):
                    return True
    return False


def _advanced(record: Mapping[str, Any], fields: Sequence[Selector]) -> bool:
    return all(_field(record, field) for field in fields)


def _field(record: Mapping[str, Any], field: Selector) -> bool:
    values = _values(record, str(field["Field"]))
    if not values:
        # A field the record does not have satisfies only what is asked in the negative.
        return not any(field.get(k) for k in ("Equals", "StartsWith", "EndsWith"))
    for name, test in _TESTS.items():
        wanted = field.get(name)
        if wanted and not any(test(v, w) for v in values for w in wanted):
            return False
        unwanted = field.get(f"Not{name}")
        if unwanted and any(test(v, w) for v in values for w in unwanted):
            return False
    return True


def _values(record: Mapping[str, Any], name: str) -> list[str]:
    if name == "readOnly":
        return [str(bool(record.get("readOnly"))).lower()]
    if name == "resources.type":
        return [str(r["type"]) for r in record.get("resources") or () if r.get("type")]
    if name == "resources.ARN":
        return [str(r["ARN"]) for r in record.get("resources") or () if r.get("ARN")]
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return [] if value is None else [str(value)]
