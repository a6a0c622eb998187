"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from trailctl.durations import duration
from trailctl.errors import UsageError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+1h", 3600),
        ("1h", 3600),
        ("+90s", 90),
        ("+1.5s", 1.5),
        ("+15m", 900),
        ("+2d", 172_800),
        ("+1w", 604_800),
        ("+1h30m", 5400),
        ("PT1H30M", 5400),
        ("+P1DT1S", 86_401),
        ("P2W", 1_209_600),
        ("+0s", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "+", "1", "-1h", "+1x", "1h1h", "PT", "P", "P1Y", "+1 h", "h1", "9" * 400 + "d"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(UsageError, match=r"write|longer than"):
        duration(text)
