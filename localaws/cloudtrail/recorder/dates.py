"""How dates read in a record: ISO 8601, Java's medium format, epoch seconds or milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_NARROW_NO_BREAK_SPACE = "\u202f"


def as_datetime(value: Any) -> datetime | None:
    """The instant behind a decoded timestamp (datetime, epoch seconds or text), else None."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, bool) or value is None:
        return None
    try:
        parsed = parse_timestamp(value)
    except (ValueError, TypeError, OverflowError, RuntimeError, OSError):
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def iso_seconds(moment: datetime) -> str:
    """`2026-11-22T10:00:00Z`, as in eventTime."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(moment: datetime) -> str:
    """`2026-11-22T10:00:00.000Z`, as in EC2's newer responses."""
    moment = _utc(moment)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def iso_micros(moment: datetime) -> str:
    """`2026-11-22T10:00:00.000000Z`, as in IAM Roles Anywhere's responses."""
    return f"{_utc(moment):%Y-%m-%dT%H:%M:%S.%f}Z"


def java_medium(moment: datetime) -> str:
    """`Nov 22, 2026, 10:00:00 AM`, as in most services' records."""
    return _java(moment, " ")


def java_medium_narrow(moment: datetime) -> str:
    """The same with a narrow no-break space before AM and PM, as IAM writes it."""
    return _java(moment, _NARROW_NO_BREAK_SPACE)


def epoch_millis(moment: datetime) -> int:
    """`1795341600000`, as in EC2's older responses."""
    return round(_utc(moment).timestamp() * 1000)


def epoch_seconds(moment: datetime) -> float | int:
    """`1795341600.208`, as in EKS's and ECR's responses; whole seconds without a fraction."""
    seconds = round(_utc(moment).timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds


def _java(moment: datetime, space: str) -> str:
    moment = _utc(moment)
    return (
        f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}, "
        f"{moment.hour % 12 or 12}:{moment:%M:%S}{space}{'AM' if moment.hour < 12 else 'PM'}"
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
