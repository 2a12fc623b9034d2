"""The calendar in epoch milliseconds: days, months, weeks, zones. Pure; years beyond 1 to 9999 included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ragstone.core.errors import IllegalArgumentException

DAY = 86_400_000
_OFFSET = re.compile(r"[+-](\d{1,2})(?::?(\d\d)(?::?(\d\d))?)?")
_PREFIXED = re.compile(r"(?:UTC|GMT|UT)([+-].+)")


@dataclass(frozen=True, slots=True)
class Moment:
    """A local date and time, and how far its zone is ahead of UTC (seconds)."""

    year: int
    month: int = 1
    day: int = 1
    hour: int = 0
    minute: int = 0
    second: int = 0
    nano: int = 0
    offset: int = 0
    zone: str = "Z"
    """How the zone prints: `Z`, `+01:00`, `Europe/Berlin`."""


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """(year, month, day); the inverse of `days_from_civil`."""
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def weekday(days: int) -> int:
    """1 for Monday to 7 for Sunday."""
    return (days + 3) % 7 + 1


def week_start(year: int, first_day: int, shortest: int) -> int:
    """The first day of a week-based year's first week: `first_day` 1..7 begins weeks, week 1 has `shortest` days."""
    new_year = days_from_civil(year, 1, 1)
    start = new_year - (weekday(new_year) - first_day) % 7
    return start if new_year - start <= 7 - shortest else start + 7


def local_millis(millis: int, zone: tzinfo) -> int:
    """The wall clock of `zone` at a moment, as if it were UTC."""
    return millis + _offset(millis, zone, local=False) * 1000


def utc_millis(local: int, zone: tzinfo) -> int:
    """The moment at which a wall clock of `zone` shows `local`. In a gap it is later, in an overlap the earlier one."""
    return local - _offset(local, zone, local=True) * 1000


def _offset(millis: int, zone: tzinfo, *, local: bool) -> int:
    """Seconds ahead of UTC. Beyond the years 1 to 9999 the zone's offset of the nearest of those counts."""
    if zone is UTC:
        return 0
    days, rest = divmod(millis, DAY)
    year, month, day = civil_from_days(days)
    seconds = rest // 1000
    moment = datetime(min(max(year, 2), 9998), month, min(day, 28) if not 2 <= year <= 9998 else day)
    moment += timedelta(seconds=seconds)
    aware = moment.replace(tzinfo=zone) if local else moment.replace(tzinfo=UTC).astimezone(zone)
    offset = aware.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def moment_of(millis: int, zone: tzinfo = UTC) -> Moment:
    """Date and time of a moment in a zone."""
    local = local_millis(millis, zone)
    days, rest = divmod(local, DAY)
    year, month, day = civil_from_days(days)
    seconds, millisecond = divmod(rest, 1000)
    offset = (local - millis) // 1000
    name = getattr(zone, "key", None) or offset_text(offset, colon=True)
    return Moment(
        year,
        month,
        day,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
        millisecond * 1_000_000,
        offset,
        name,
    )


def offset_text(offset: int, *, colon: bool, zero: str = "Z") -> str:
    """`+01:00` or `+0100`; `zero` for none."""
    if offset == 0:
        return zero
    sign, rest = ("-", -offset) if offset < 0 else ("+", offset)
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    between = ":" if colon else ""
    tail = f"{between}{seconds:02d}" if seconds else ""
    return f"{sign}{hours:02d}{between}{minutes:02d}{tail}"


@lru_cache(512)
def parse_zone(text: str) -> tzinfo:
    """`Z`, `+1`, `+01`, `+0100`, `+01:00`, `UTC+1`, or a region such as `Europe/Berlin`.

    Raises IllegalArgumentException.
    """
    if text == "Z":
        return UTC
    if text[:1] in "+-":
        found = _OFFSET.fullmatch(text)
        if found is None:
            raise IllegalArgumentException(
                f"java.time.DateTimeException: Invalid ID for ZoneOffset, invalid format: {text}"
            )
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        if hours > 18 or (hours == 18 and minutes):
            raise IllegalArgumentException(
                "java.time.DateTimeException: Zone offset hours not in valid range: "
                f"value {hours} is not in the range -18 to 18"
            )
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return timezone(-offset if text[0] == "-" else offset) if offset else UTC
    prefixed = _PREFIXED.fullmatch(text)
    if prefixed is not None:
        return parse_zone(prefixed[1])
    try:
        return UTC if text in ("UTC", "GMT", "UT") else ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise IllegalArgumentException(f"java.time.zone.ZoneRulesException: Unknown time-zone ID: {text}") from None
