"""Durations as people write them: `+1h`, `90s`, `1h30m`, `2d`, and ISO 8601's `PT1H30M`."""

from __future__ import annotations

import re
from datetime import timedelta

from trailctl.errors import UsageError

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SHORT = re.compile(r"\+?((?:\d+(?:\.\d+)?[wdhms])+)")
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
# Months and years have no one length: ISO 8601 without them.
_ISO = re.compile(
    r"\+?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def duration(text: str) -> timedelta:
    """The length of time that a text names; raises UsageError where it names none."""
    short = _SHORT.fullmatch(text)
    if short:
        parts: dict[str, float] = {}
        for number, unit in _PART.findall(short[1]):
            name = _UNITS[unit]
            if name in parts:
                raise UsageError(f"{text} names {name} twice: write a duration such as +1h30m")
            parts[name] = float(number)
    else:
        iso = _ISO.fullmatch(text)
        parts = {k: float(v) for k, v in (iso.groupdict() if iso else {}).items() if v is not None}
    if not parts:
        raise UsageError(
            f"{text} is no duration forward: write +90s, +15m, +1h, +2d, +1h30m or PT1H30M"
        )
    try:
        return timedelta(**parts)
    except OverflowError:
        raise UsageError(f"{text} is longer than any clock can be moved") from None
