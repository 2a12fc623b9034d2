"""Date formats: from a text to epoch milliseconds and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, tzinfo
from functools import lru_cache

from ragstone.core.errors import DateTimeParseException, IllegalArgumentException
from ragstone.engine.embedded.mapper.calendar import (
    DAY,
    days_from_civil,
    days_in_month,
    is_leap,
    moment_of,
    parse_zone,
    utc_millis,
    week_start,
)
from ragstone.engine.embedded.mapper.date_element import MONTHS, Element, Fields, sequence
from ragstone.engine.embedded.mapper.date_names import named_format
from ragstone.engine.embedded.mapper.date_pattern import compile_pattern

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"

_NONE_FITS = "Failed to parse with all enclosed parsers"
_EPOCH = re.compile(r"(-?[0-9]{1,19})(?:\.([0-9]{1,9}))?")
_WHOLE_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?Z)?"
)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH_UNITS = {"epoch_millis": 1, "epochMillis": 1, "epoch_second": 1000, "epochSecond": 1000}


class DateFormat:
    """One or more alternatives, `a||b`: the first that fits reads a text, the first prints. Immutable."""

    def __init__(self, pattern: str) -> None:
        """Raises IllegalArgumentException with java.time's words. Prefer `of`, which remembers."""
        self.pattern = pattern
        if not pattern:
            raise IllegalArgumentException("No date pattern provided")
        alternatives = pattern.split("||")
        if not all(alternatives):
            raise IllegalArgumentException(f"Cannot have empty element in multi date format pattern: {pattern}")
        self._parsers = [_parser_of(alternative) for alternative in alternatives]
        self._begins_with_iso = alternatives[0] in ("strict_date_optional_time", "date_optional_time", "iso8601")

    @staticmethod
    @lru_cache(512)
    def of(pattern: str) -> DateFormat:
        return DateFormat(pattern)

    def parse(self, text: str, *, round_up: bool = False, zone: tzinfo = UTC) -> int:
        """Epoch milliseconds. `zone` is the text's where it names none.

        A missing year is 1970, a missing month or day 1; a missing time is midnight or, with `round_up`, the last
        millisecond of what is given (never later than of the day). Raises IllegalArgumentException with a
        DateTimeParseException as its cause.
        """
        if self._begins_with_iso and not round_up and zone is UTC:
            millis = _whole_iso(text)
            if millis is not None:
                return millis
        for parser in self._parsers:
            if isinstance(parser, int):
                found = _EPOCH.fullmatch(text)
                if found is not None:
                    rest = parser - 1 if round_up and found[2] is None else 0
                    return utc_millis(_epoch(found, parser) + rest, zone)
                continue
            match = parser.match(text)
            if match is not None:
                try:
                    return _resolve(parser.fields(match), round_up, zone)
                except ValueError:
                    continue
        raise self._failure(text)

    def matches(self, text: str) -> bool:
        """Whether `parse` would succeed."""
        try:
            self.parse(text)
        except IllegalArgumentException:
            return False
        return True

    def format(self, millis: int, zone: tzinfo = UTC) -> str:
        """A moment in the first alternative's form."""
        first = self._parsers[0]
        if isinstance(first, int):
            return str(millis) if first == 1 else _seconds_text(millis)
        return first.show(moment_of(millis, zone))

    def _failure(self, text: str) -> IllegalArgumentException:
        if not text:
            return IllegalArgumentException("cannot parse empty date")
        only = self._parsers[0] if len(self._parsers) == 1 else None
        why = only.why_not(text) if isinstance(only, _Parser) else _NONE_FITS
        return IllegalArgumentException(
            f"failed to parse date field [{text}] with format [{self.pattern}]", cause=DateTimeParseException(why)
        )


class _Parser:
    """One alternative: a regular expression whose groups are fields."""

    def __init__(self, elements: list[Element], *, several: bool = False) -> None:
        self._elements = elements
        self._several = several
        whole = sequence(elements)
        self.match = re.compile(whole.regex).fullmatch
        self._readers = whole.readers
        self.show = whole.show

    def fields(self, match: re.Match[str]) -> Fields:
        """Raises ValueError where a field is given twice with different values."""
        fields: Fields = {}
        for (name, read), text in zip(self._readers, match.groups(), strict=True):
            if text is not None:
                value = read(text)
                if fields.setdefault(name, value) != value:
                    raise ValueError(f"Conflict found: {name}")
        return fields

    def why_not(self, text: str) -> str:
        """What java.time says of a text that does not fit."""
        if self._several:
            return _NONE_FITS
        match = self.match(text)
        if match is not None:
            try:
                _resolve(self.fields(match), False, UTC)
            except ValueError as error:
                return f"Text '{text}' could not be parsed: {error}"
        for count in range(len(self._elements), 0, -1):
            found = re.match(sequence(self._elements[:count]).regex, text)
            if found is not None:
                unparsed = ", unparsed text found" if count == len(self._elements) else ""
                return f"Text '{text}' could not be parsed{unparsed} at index {found.end()}"
        return f"Text '{text}' could not be parsed at index 0"


def _parser_of(alternative: str) -> _Parser | int:
    unit = _EPOCH_UNITS.get(alternative)
    if unit is not None:
        return unit
    named = named_format(alternative)
    if named is not None:
        elements, several = named
        return _Parser(elements, several=several)
    # a leading 8 meant "java.time" in the days when there were two pattern languages
    pattern = alternative.removeprefix("8")
    try:
        return _Parser(compile_pattern(pattern))
    except IllegalArgumentException as error:
        raise IllegalArgumentException(f"Invalid format: [{alternative}]: {error.reason}", cause=error) from None


def _whole_iso(text: str) -> int | None:
    """The short way for what most dates look like, `2024-02-29` and `2024-02-29T13:45:06.789Z`; None for others."""
    found = _WHOLE_ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        seconds = (date(int(year), int(month), int(day)).toordinal() - _EPOCH_ORDINAL) * 86400
    except ValueError:
        return None
    if hour is None:
        return seconds * 1000
    millis = int(fraction[:3].ljust(3, "0")) if fraction else 0
    return (seconds + int(hour) * 3600 + int(minute) * 60 + int(second)) * 1000 + millis


def _epoch(found: re.Match[str], unit: int) -> int:
    """Milliseconds; parts of one are cut towards the past."""
    whole, fraction = found.groups()
    if not fraction:
        return int(whole) * unit
    return int(whole + fraction) * unit // int("1" + "0" * len(fraction))


def _seconds_text(millis: int) -> str:
    seconds, rest = divmod(millis, 1000)
    return f"{seconds}.{rest:03d}" if rest else str(seconds)


# ── from fields to a moment ──────────────────────────────────────────────────────────────────────────────────────────

_RANGES: Mapping[str, tuple[str, int, int]] = {
    "month": ("MonthOfYear", 1, 12),
    "day_of_year": ("DayOfYear", 1, 366),
    "week": ("WeekOfWeekBasedYear[WeekFields[MONDAY,4]]", 1, 53),
    "day_of_week": ("DayOfWeek", 1, 7),
    "hour": ("HourOfDay", 0, 23),
    "clock_hour": ("ClockHourOfDay", 1, 24),
    "hour_of_half": ("HourOfAmPm", 0, 11),
    "clock_hour_of_half": ("ClockHourOfAmPm", 1, 12),
    "minute": ("MinuteOfHour", 0, 59),
    "second": ("SecondOfMinute", 0, 59),
    "nano": ("NanoOfSecond", 0, 999_999_999),
}


def _resolve(fields: Fields, round_up: bool, zone: tzinfo) -> int:
    """Epoch milliseconds. Raises ValueError with java.time's words."""
    numbers: dict[str, int] = {name: value for name, value in fields.items() if isinstance(value, int)}
    for name, (shown, low, high) in _RANGES.items():
        value = numbers.get(name)
        if value is not None and not low <= value <= high:
            raise ValueError(f"Invalid value for {shown} (valid values {low} - {high}): {value}")
    local = _date(numbers) * DAY + _time(numbers, round_up)
    if "zone" in fields:
        try:
            zone = parse_zone(str(fields["zone"]))
        except IllegalArgumentException:
            raise ValueError("Value out of range: Hour[0-23], Minute[0-59], Second[0-59]") from None
    return utc_millis(local, zone)


def _date(numbers: dict[str, int]) -> int:
    """Days since the epoch."""
    for prefix, first_day, shortest in (("", 1, 4), ("local_", 7, 1)):
        if f"{prefix}week_year" in numbers:
            if f"{prefix}week" not in numbers or not {"day_of_week", "local_day_of_week"} & numbers.keys():
                raise ValueError("week without day cannot be converted to zoned date time")
            start = week_start(numbers[f"{prefix}week_year"], first_day, shortest)
            day = numbers.get("day_of_week")
            day = (numbers["local_day_of_week"] - 2) % 7 + 1 if day is None else day
            return start + (numbers[f"{prefix}week"] - 1) * 7 + (day - first_day) % 7
    year = numbers.get("year", numbers.get("year_of_era", 1970))
    if "year_of_era" in numbers and numbers.get("era") == 0:
        year = 1 - year
    elif "year_of_era" in numbers and year < 1:
        raise ValueError(f"Invalid value for YearOfEra (valid values 1 - 999999999/1000000000): {year}")
    if "day_of_year" in numbers:
        if numbers["day_of_year"] == 366 and not is_leap(year):
            raise ValueError(f"Invalid date 'DayOfYear 366' as '{year}' is not a leap year")
        return days_from_civil(year, 1, 1) + numbers["day_of_year"] - 1
    month = numbers.get("month", numbers.get("quarter", 1) * 3 - 2)
    day = numbers.get("day", 1)
    if not 1 <= day <= 31:
        raise ValueError(f"Invalid value for DayOfMonth (valid values 1 - 28/31): {day}")
    if day > days_in_month(year, month):
        if (month, day) == (2, 29):
            raise ValueError(f"Invalid date 'February 29' as '{year}' is not a leap year")
        raise ValueError(f"Invalid date '{MONTHS[month - 1].upper()} {day}'")
    return days_from_civil(year, month, day)


def _time(numbers: dict[str, int], round_up: bool) -> int:
    """Milliseconds of the day."""
    if "milli_of_day" in numbers:
        return numbers["milli_of_day"]
    hour = numbers.get("hour", numbers.get("clock_hour"))
    if hour == 24:
        hour = 0
    half_hour = numbers.get("hour_of_half", numbers.get("clock_hour_of_half"))
    if half_hour is not None:
        hour = half_hour % 12 + 12 * numbers.get("half", 0)
    latest = (23, 59, 59, 999_000_000) if round_up else (0, 0, 0, 0)
    given = (hour, numbers.get("minute"), numbers.get("second"), numbers.get("nano"))
    hour, minute, second, nano = (
        default if value is None else value for value, default in zip(given, latest, strict=True)
    )
    return ((hour * 60 + minute) * 60 + second) * 1000 + nano // 1_000_000
