"""Dates of queries: `now-1d/d`, `2024-01-01||+1M/M`, or plain ones."""

from __future__ import annotations

from datetime import UTC, tzinfo

from ragstone.core.errors import IllegalArgumentException, NumberFormatException, ParseException
from ragstone.engine.embedded.mapper.calendar import (
    DAY,
    civil_from_days,
    days_from_civil,
    days_in_month,
    local_millis,
    utc_millis,
    weekday,
)
from ragstone.engine.embedded.mapper.date_format import DateFormat

_CLOCK = {"h": 3_600_000, "H": 3_600_000, "m": 60_000, "s": 1000}
_CALENDAR = "yMwd"


def parse_date(text: str, format: DateFormat, *, now_millis: int, round_up: bool, zone: tzinfo = UTC) -> int:
    """Epoch milliseconds.

    With `round_up` a missing time, and `/unit`, mean the last millisecond; else the first. `zone` is where a text
    without a zone, and days, months and years, are. Raises ParseException.
    """
    if text.startswith("now"):
        return _calculate(text[3:], now_millis, round_up, zone)
    date, bars, math = text.partition("||")
    try:
        moment = format.parse(date, round_up=round_up and not bars, zone=zone)
    except IllegalArgumentException as error:
        if not date:
            raise ParseException("cannot parse empty date") from None
        raise ParseException(
            f"failed to parse date field [{date}] with format [{format.pattern}]: [{error.reason}]", cause=error
        ) from None
    return _calculate(math, moment, round_up, zone) if bars else moment


def _calculate(math: str, millis: int, round_up: bool, zone: tzinfo) -> int:
    at = 0
    while at < len(math):
        operator = math[at]
        if operator not in "/+-":
            raise ParseException(f"operator not supported for date math [{math}]")
        start = at = at + 1
        while at < len(math) and math[at].isdigit():
            at += 1
        if at >= len(math):
            raise ParseException(f"truncated date math [{math}]")
        count = _count(math[start:at])
        unit = math[at]
        at += 1
        if operator == "/" and count != 1:
            raise ParseException(f"rounding `/` can only be used on single unit types [{math}]")
        if unit not in _CLOCK and unit not in _CALENDAR:
            raise ParseException(f"unit [{unit}] not supported for date math [{math}]")
        if operator != "/":
            millis = plus(millis, -count if operator == "-" else count, unit, zone)
            continue
        millis = round_down(millis, unit, zone)
        if round_up:
            millis = plus(millis, 1, unit, zone) - 1
    return millis


def _count(digits: str) -> int:
    count = int(digits or "1")
    if count >= 2**31:
        raise NumberFormatException.of(digits)
    return count


def plus(millis: int, count: int, unit: str, zone: tzinfo) -> int:
    """Hours and shorter are lengths of time; days and longer keep the wall clock."""
    if unit in _CLOCK:
        return millis + count * _CLOCK[unit]
    days, rest = divmod(local_millis(millis, zone), DAY)
    if unit in "wd":
        days += count * (7 if unit == "w" else 1)
    else:
        year, month, day = civil_from_days(days)
        months = year * 12 + month - 1 + count * (12 if unit == "y" else 1)
        year, month = months // 12, months % 12 + 1
        days = days_from_civil(year, month, min(day, days_in_month(year, month)))
    return utc_millis(days * DAY + rest, zone)


def round_down(millis: int, unit: str, zone: tzinfo) -> int:
    local = local_millis(millis, zone)
    if unit in _CLOCK:
        return millis - local % _CLOCK[unit]
    days = local // DAY
    year, month, _ = civil_from_days(days)
    if unit == "y":
        days = days_from_civil(year, 1, 1)
    elif unit == "M":
        days = days_from_civil(year, month, 1)
    elif unit == "w":
        days -= weekday(days) - 1
    return utc_millis(days * DAY, zone)
