"""Schedule expressions: `rate(...)`, `cron(...)` and `at(...)`, and when they come round.

Rules know rate and cron in UTC, EventBridge Scheduler also `at` and time zones.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

_RATE = re.compile(r"rate\((\d{1,9}) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((.+)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {m.upper(): n for n, m in enumerate(calendar.month_abbr) if m}
_DAYS = {d: n for n, d in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_LAST_YEAR = 2199


class ExpressionError(ValueError):
    """An expression that AWS refuses, and why."""


class Expression(Protocol):
    """When a schedule comes round."""

    def after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        """The times after `moment`, in order and UTC; a rate counts from `anchor`."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds, counted from the schedule's start."""

    seconds: int

    def after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        count = max((moment - anchor) // timedelta(seconds=self.seconds) + 1, 0)
        while True:
            yield anchor + timedelta(seconds=count * self.seconds)
            count += 1


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    when: datetime

    def after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        del anchor
        if self.when > moment:
            yield self.when


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes at which six fields agree, on the clocks of a time zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Callable[[date], bool]
    months: frozenset[int]
    years: tuple[int, ...]
    zone: tzinfo = UTC

    def after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        del anchor
        first = moment.astimezone(self.zone).replace(tzinfo=None)
        for day in self._days_from(first.date()):
            for hour in self.hours:
                if day == first.date() and hour < first.hour:
                    continue
                for minute in self.minutes:
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                    when = local.astimezone(UTC)
                    # An hour that clocks skip has no such time; one that they repeat counts once.
                    skipped = when.astimezone(self.zone).replace(tzinfo=None) != local.replace(
                        tzinfo=None
                    )
                    if when > moment and not skipped:
                        yield when

    def _days_from(self, first: date) -> Iterator[date]:
        for year in self.years:
            if year < first.year:
                continue
            for month in range(1, 13):
                if month not in self.months or (year, month) < (first.year, first.month):
                    continue
                for number in range(1, calendar.monthrange(year, month)[1] + 1):
                    day = date(year, month, number)
                    if day >= first and self.days(day):
                        yield day


def rule_expression(text: str) -> Expression:
    """A rule's expression, in UTC. Raises ExpressionError."""
    rate = _RATE.fullmatch(text)
    if rate:
        if (int(rate[1]) == 1) == bool(rate[3]):
            raise ExpressionError("a rate of 1 is written with minute, hour or day, others with s")
        return _rate(rate)
    return _cron(text, UTC)


def scheduler_expression(text: str, zone_name: str | None = None) -> Expression:
    """An expression of EventBridge Scheduler, in a time zone by its IANA name (UTC if none).

    Raises ExpressionError.
    """
    zone = _zone(zone_name or "UTC")
    rate = _RATE.fullmatch(text)
    if rate:
        return _rate(rate)
    at = _AT.fullmatch(text)
    if at:
        try:
            return At(datetime.fromisoformat(at[1]).replace(tzinfo=zone).astimezone(UTC))
        except (ValueError, OverflowError):
            raise ExpressionError(f"{at[1]} is no date and time") from None
    return _cron(text, zone)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ExpressionError(f"{name} is no time zone") from None


def _rate(found: re.Match[str]) -> Rate:
    if int(found[1]) == 0:
        raise ExpressionError("a rate is at least 1")
    return Rate(int(found[1]) * _SECONDS[found[2]])


def _cron(text: str, zone: tzinfo) -> Cron:
    found = _CRON.fullmatch(text)
    fields = found[1].split() if found else []
    if len(fields) != 6:
        raise ExpressionError("write rate(value unit) or cron() with six fields")
    minute, hour, month_day, month, week_day, year = (field.upper() for field in fields)
    if (month_day == "?") == (week_day == "?"):
        raise ExpressionError("one of day-of-month and day-of-week must be ?, and only one")
    return Cron(
        minutes=tuple(sorted(_values(minute, 0, 59))),
        hours=tuple(sorted(_values(hour, 0, 23))),
        days=_month_days(month_day) if week_day == "?" else _week_days(week_day),
        months=frozenset(_values(month, 1, 12, _MONTHS)),
        years=tuple(sorted(_values(year, 1970, _LAST_YEAR))),
        zone=zone,
    )


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """What a field of lists, ranges, steps and stars stands for."""
    values: set[int] = set()
    for part in field.split(","):
        span, has_step, step_text = part.partition("/")
        step = _number(step_text, 1, high) if has_step else 1
        first_text, is_range, last_text = span.partition("-")
        if span == "*":
            first, last = low, high
        else:
            first = _number(first_text, low, high, names)
            last = first
            if is_range:
                last = _number(last_text, low, high, names)
            elif has_step:
                last = high
        if first > last:  # FRI-MON, 22-2: round the end
            steps = range(first, high + 1 + last - low + 1, step)
            values.update(v if v <= high else low + v - high - 1 for v in steps)
        else:
            values.update(range(first, last + 1, step))
    return values


def _number(text: str, low: int, high: int, names: dict[str, int] | None = None) -> int:
    value = names[text] if names and text in names else int(text) if text.isdecimal() else None
    if value is None or not low <= value <= high:
        raise ExpressionError(f"{text or 'nothing'} is not from {low} to {high}")
    return value


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _month_days(field: str) -> Callable[[date], bool]:
    if field == "L":
        return lambda day: day.day == _last(day)
    if field == "LW":
        return lambda day: day.day == _nearest_weekday(day, _last(day))
    from_end = re.fullmatch(r"L-(\d{1,2})", field)
    if from_end:
        back = _number(from_end[1], 0, 30)
        return lambda day: day.day == _last(day) - back
    weekday = re.fullmatch(r"(\d{1,2})W", field)
    if weekday:
        number = _number(weekday[1], 1, 31)
        return lambda day: day.day == _nearest_weekday(day, min(number, _last(day)))
    numbers = frozenset(_values(field, 1, 31))
    return lambda day: day.day in numbers


def _nearest_weekday(month: date, number: int) -> int:
    """The weekday nearest to that day, never in another month."""
    of_week = date(month.year, month.month, number).isoweekday()
    if of_week == 6:
        return number - 1 if number > 1 else number + 2
    if of_week == 7:
        return number + 1 if number < _last(month) else number - 2
    return number


def _week_days(field: str) -> Callable[[date], bool]:
    if field == "L":
        return lambda day: _week_day(day) == 7
    last = re.fullmatch(r"(\w{1,3})L", field)
    if last:
        number = _number(last[1], 1, 7, _DAYS)
        return lambda day: _week_day(day) == number and day.day + 7 > _last(day)
    nth = re.fullmatch(r"(\w{1,3})#(\d)", field)
    if nth:
        number, which = _number(nth[1], 1, 7, _DAYS), _number(nth[2], 1, 5)
        return lambda day: _week_day(day) == number and (day.day - 1) // 7 + 1 == which
    numbers = frozenset(_values(field, 1, 7, _DAYS))
    return lambda day: _week_day(day) in numbers


def _week_day(day: date) -> int:
    """1 is Sunday, 7 Saturday."""
    return day.isoweekday() % 7 + 1
