"""Schedule expressions: what AWS takes, what it refuses, and when they come round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from localaws.events.expressions import (
    Expression,
    ExpressionError,
    rule_expression,
    scheduler_expression,
)

pytestmark = pytest.mark.unit

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)  # a Thursday


def coming(expression: Expression, count: int, after: datetime = START) -> list[str]:
    return [
        moment.strftime("%Y-%m-%d %H:%M")
        for moment in islice(expression.after(after, START), count)
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        ("rate(7 days)", 604_800),
    ],
)
def test_rate_counts_from_its_start(text: str, seconds: int) -> None:
    first, second = islice(rule_expression(text).after(START, START), 2)
    assert first - START == second - first == timedelta(seconds=seconds)


def test_rate_keeps_its_rhythm_when_asked_in_between() -> None:
    after = START + timedelta(minutes=12)
    assert coming(rule_expression("rate(5 minutes)"), 1, after) == ["2026-01-01 12:15"]


def test_rate_that_starts_later_comes_first_at_its_start() -> None:
    early = START - timedelta(days=3, seconds=1)
    assert coming(scheduler_expression("rate(1 days)"), 2, early) == [
        "2026-01-01 12:00",
        "2026-01-02 12:00",
    ]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        # The examples of the user guide.
        ("cron(0 10 * * ? *)", ["2026-01-02 10:00", "2026-01-03 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-01-01 12:15", "2026-01-02 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-02-01 08:00", "2026-03-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-01-01 12:15", "2026-01-01 12:30", "2026-01-01 12:45"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-01-01 12:10", "2026-01-01 12:20"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01 12:05", "2026-01-01 12:10"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-01-01 20:00", "2026-01-01 20:30"]),
        # Stars with steps, lists, names and numbers.
        ("cron(*/20 12 * * ? *)", ["2026-01-01 12:20", "2026-01-01 12:40", "2026-01-02 12:00"]),
        ("cron(5,35 14 * * ? *)", ["2026-01-01 14:05", "2026-01-01 14:35"]),
        ("cron(0 0 1 jan,Jul ? *)", ["2026-07-01 00:00", "2027-01-01 00:00"]),
        ("cron(0 0 1-3/2 * ? *)", ["2026-01-03 00:00", "2026-02-01 00:00"]),
        ("cron(0 9 ? * 2-6 *)", ["2026-01-02 09:00", "2026-01-05 09:00"]),
        ("cron(0 9 ? * FRI-MON *)", ["2026-01-02 09:00", "2026-01-03 09:00", "2026-01-04 09:00",
                                      "2026-01-05 09:00", "2026-01-09 09:00"]),
        ("cron(0 0 1 1 ? 2028-2030/2)", ["2028-01-01 00:00", "2030-01-01 00:00"]),
        # The last day, the nearest weekday, the nth of a weekday.
        ("cron(0 0 L * ? *)", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 L-2 * ? *)", ["2026-01-29 00:00", "2026-02-26 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-01-30 00:00", "2026-02-27 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 15W * ? *)", ["2026-01-15 00:00", "2026-02-16 00:00", "2026-03-16 00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-02-02 00:00", "2026-03-02 00:00", "2026-04-01 00:00",
                                "2026-05-01 00:00", "2026-06-01 00:00", "2026-07-01 00:00",
                                "2026-08-03 00:00"]),
        ("cron(0 0 31W * ? *)", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("cron(0 0 ? * FRIL *)", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("cron(0 0 ? * L *)", ["2026-01-03 00:00", "2026-01-10 00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-01-13 00:00", "2026-02-10 00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["2026-03-31 00:00", "2026-06-30 00:00"]),
        # Leap days.
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ],
)  # fmt: skip
def test_cron(text: str, times: list[str]) -> None:
    assert coming(rule_expression(text), len(times)) == times


def test_cron_that_never_comes_again_ends() -> None:
    assert coming(rule_expression("cron(0 0 1 1 ? 2020)"), 1) == []
    assert coming(rule_expression("cron(0 0 31 2 ? *)"), 1) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rate(5)",
        "rate(5 minute)",
        "rate(1 minutes)",
        "rate(0 hours)",
        "rate(-1 hours)",
        "rate(1.5 hours)",
        "rate(1 week)",
        "rate(5  minutes)",
        "Rate(5 minutes)",
        "cron(0 10 * * ?)",
        "cron(0 10 * * ? * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 0 * ? *)",
        "cron(0 0 32 * ? *)",
        "cron(0 0 * 13 ? *)",
        "cron(0 0 * FEBRUARY ? *)",
        "cron(0 0 ? * 0 *)",
        "cron(0 0 ? * 8 *)",
        "cron(0 0 ? * MON#0 *)",
        "cron(0 0 ? * MON#6 *)",
        "cron(0 0 ? * 3#1,6#3 *)",
        "cron(0 0 32W * ? *)",
        "cron(0 0 1W,15W * ? *)",
        "cron(0/0 0 * * ? *)",
        "cron(? 0 * * ? *)",
        "cron(0 0 * * ? 1969)",
        "cron(0 0 * * ? 2200)",
        "cron(0 0 * * ? ?)",
        "cron(, 0 * * ? *)",
        "at(2030-01-01T00:00:00)",
    ],
)
def test_rules_refuse(text: str) -> None:
    with pytest.raises(ExpressionError):
        rule_expression(text)


def test_scheduler_takes_either_number_of_a_unit_and_one_time() -> None:
    for text in ("rate(1 minute)", "rate(1 minutes)", "rate(5 minute)"):
        scheduler_expression(text)
    assert coming(scheduler_expression("at(2026-01-01T13:30:00)"), 2) == ["2026-01-01 13:30"]
    assert coming(scheduler_expression("at(2026-01-01T11:30:00)"), 1) == []
    assert coming(scheduler_expression("at(2026-07-01T09:00:00)", "Europe/Berlin"), 1) == [
        "2026-07-01 07:00"
    ]


@pytest.mark.parametrize("text", ["at(2026-01-01)", "at(2026-02-30T00:00:00)", "at(tomorrow)"])
def test_scheduler_refuses(text: str) -> None:
    with pytest.raises(ExpressionError):
        scheduler_expression(text)


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "/etc/passwd"])
def test_zone_names_are_the_known_ones(zone: str) -> None:
    with pytest.raises(ExpressionError):
        scheduler_expression("rate(1 day)", zone)


def test_hour_that_clocks_skip_is_skipped_and_one_they_repeat_comes_once() -> None:
    nightly = scheduler_expression("cron(30 2 * * ? *)", "Europe/Berlin")
    # Clocks go from 02:00 to 03:00 on 29 March and back from 03:00 to 02:00 on 25 October.
    assert coming(nightly, 3, datetime(2026, 3, 27, 12, tzinfo=UTC)) == [
        "2026-03-28 01:30",
        "2026-03-30 00:30",
        "2026-03-31 00:30",
    ]
    assert coming(nightly, 3, datetime(2026, 10, 24, 12, tzinfo=UTC)) == [
        "2026-10-25 00:30",
        "2026-10-26 01:30",
        "2026-10-27 01:30",
    ]
