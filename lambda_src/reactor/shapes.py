"""Null-safe readers of the loose JSON that CloudTrail sends: nothing here raises on odd input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_LARGEST_INTEGER = 10**20  # digits: Python refuses to print very long ones
_ACCOUNT = re.compile(r"[0-9]{12}")
# us-east-1, us-gov-west-1, eusc-de-east-1
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}")


def is_account(text: str) -> bool:
    """True if the text is an account id."""
    return _ACCOUNT.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """True if the text looks like a Region's name."""
    return _REGION.fullmatch(text) is not None


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The value if it is a string, a whole number in digits, else the empty string."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_INTEGER:
        return str(value)
    return ""


def truth(value: object) -> bool | None:
    """CloudTrail's booleans, which come as `true`, as `"true"` or not at all (None)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "yes": True, "false": False, "no": False}.get(value.strip().lower())
    return None


def dig(value: object, *path: str) -> Any:
    """The value at the path of keys, None if any step is missing or is no object."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def items(value: object) -> list[Any]:
    """The elements of a list in any of CloudTrail's spellings.

    EC2 wraps lists as `{"items": [...]}`, others send plain lists, and XML bodies with one element
    come as that element itself.
    """
    if isinstance(value, dict):
        if "items" in value:
            value = value["items"]
            return items(value) if isinstance(value, list) else ([] if value is None else [value])
        return [value] if value and not value.get("omitted") else []
    return value if isinstance(value, list) else []


def moment(value: object) -> datetime | None:
    """An ISO 8601 time as a datetime in UTC, None if the text is none."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
