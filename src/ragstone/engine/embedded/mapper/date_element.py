"""The pieces of a date format: each reads a part of a text into fields, and prints a moment's part."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ragstone.engine.embedded.mapper.calendar import (
    Moment,
    days_from_civil,
    offset_text,
    week_start,
    weekday,
)

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Fields = dict[str, int | str]
"""What a text said: year, month, day, hour, ..., `zone` as text. See `date_format.resolve`."""


@dataclass(frozen=True)
class Element:
    """`regex` has one group per reader. `optional` elements are sections in brackets."""

    regex: str
    readers: tuple[tuple[str, Callable[[str], int | str]], ...]
    show: Callable[[Moment], str]

    def optional(self) -> Element:
        return Element(f"(?:{self.regex})?", self.readers, self.show)


def literal(text: str) -> Element:
    return Element(re.escape(text), (), lambda moment: text)


def sequence(elements: Sequence[Element]) -> Element:
    """Several elements as one."""
    return Element(
        "".join(element.regex for element in elements),
        tuple(reader for element in elements for reader in element.readers),
        lambda moment: "".join(element.show(moment) for element in elements),
    )


_VALUES: Mapping[str, Callable[[Moment], int]] = {
    "year": lambda m: m.year,
    "year_of_era": lambda m: m.year if m.year > 0 else 1 - m.year,
    "month": lambda m: m.month,
    "day": lambda m: m.day,
    "day_of_year": lambda m: _days(m) - days_from_civil(m.year, 1, 1) + 1,
    "hour": lambda m: m.hour,
    "clock_hour": lambda m: m.hour or 24,
    "hour_of_half": lambda m: m.hour % 12,
    "clock_hour_of_half": lambda m: m.hour % 12 or 12,
    "minute": lambda m: m.minute,
    "second": lambda m: m.second,
    "nano": lambda m: m.nano,
    "milli_of_day": lambda m: ((m.hour * 60 + m.minute) * 60 + m.second) * 1000 + m.nano // 1_000_000,
    "quarter": lambda m: (m.month + 2) // 3,
    "day_of_week": lambda m: weekday(_days(m)),
    "week": lambda m: _week(m, 1, 4)[1],
    "week_year": lambda m: _week(m, 1, 4)[0],
    "local_day_of_week": lambda m: weekday(_days(m)) % 7 + 1,
    "local_week": lambda m: _week(m, 7, 1)[1],
    "local_week_year": lambda m: _week(m, 7, 1)[0],
}


def _days(moment: Moment) -> int:
    return days_from_civil(moment.year, moment.month, moment.day)


def _week(moment: Moment, first_day: int, shortest: int) -> tuple[int, int]:
    """(week-based year, week)."""
    days = _days(moment)
    for year in (moment.year + 1, moment.year, moment.year - 1):
        start = week_start(year, first_day, shortest)
        if days >= start:
            return year, (days - start) // 7 + 1
    raise AssertionError("every day is in a week")


def number(
    field: str,
    shortest: int,
    longest: int,
    *,
    signed: bool = False,
    pad: int | None = None,
    regex: str | None = None,
) -> Element:
    """Digits. `signed` ones need a `+` beyond `shortest` digits and may have a `-` (Java's EXCEEDS_PAD).

    `regex` reads something else than what is printed.
    """
    digits = f"[0-9]{{{shortest},{longest}}}" if shortest != longest else f"[0-9]{{{shortest}}}"
    if signed:
        digits = f"[0-9]{{{shortest}}}(?![0-9])|\\+[0-9]{{{shortest + 1},{longest}}}|-[0-9]{{{shortest},{longest}}}"
    value = _VALUES[field]
    width = shortest if pad is None else pad

    def show(moment: Moment) -> str:
        shown = value(moment)
        sign = "-" if shown < 0 else "+" if signed and shown >= 10**shortest else ""
        return f"{sign}{abs(shown):0{width}d}"

    return Element(f"({regex or digits})", ((field, int),), show)


def two_digit_year() -> Element:
    """2000 to 2099."""
    return Element("([0-9]{2})", (("year", lambda text: 2000 + int(text)),), lambda m: f"{m.year % 100:02d}")


def fraction(shortest: int, longest: int, *, point: str = "", shown: int | None = None) -> Element:
    """Digits of a second behind `point` (a regular expression; the first character of it is printed)."""
    digits = shown if shown is not None else shortest
    mark = point.strip("[]")[:1]
    return Element(
        f"{point}([0-9]{{{shortest},{longest}}})",
        (("nano", lambda text: int(text.ljust(9, "0"))),),
        lambda m: mark + f"{m.nano:09d}"[:digits],
    )


def words(field: str, names: Mapping[str, int], shown: Sequence[str]) -> Element:
    """One of `names`; `shown` prints by value, the first for the smallest."""
    smallest = min(names.values())
    value = _VALUES[field]
    longest_first = sorted(names, key=len, reverse=True)
    return Element(
        f"({'|'.join(map(re.escape, longest_first))})",
        ((field, lambda text: names[text]),),
        lambda m: shown[value(m) - smallest],
    )


def month_name(short: bool) -> Element:
    """English names. `Differs:` long ones are read, which Java's root locale does not know."""
    names = {name[:length]: n for n, name in enumerate(MONTHS, 1) for length in (3, len(name))}
    return words("month", names, [name[:3] if short else name for name in MONTHS])


def day_name(short: bool) -> Element:
    names = {name[:length]: n for n, name in enumerate(DAYS, 1) for length in (3, len(name))}
    return words("day_of_week", names, [name[:3] if short else name for name in DAYS])


def half_of_day() -> Element:
    return Element(
        "(AM|PM)",
        (("half", lambda text: int(text == "PM")),),
        lambda m: "PM" if m.hour >= 12 else "AM",
    )


def era(names: Sequence[str]) -> Element:
    return Element(
        f"({'|'.join(names)})",
        (("era", lambda text: int(text == names[1])),),
        lambda m: names[int(m.year > 0)],
    )


def offset(regex: str, *, colon: bool, zero: str) -> Element:
    """A zone offset; `zero` is how none prints."""
    return Element(f"({regex})", (("zone", str),), lambda m: offset_text(m.offset, colon=colon, zero=zero))


OFFSET_COLON = r"Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
REGION = r"[A-Za-z][A-Za-z0-9~/._+-]+"


def zone_id(*, offsets: bool = True) -> Element:
    """A region or an offset."""
    regex = rf"{OFFSET_COLON}|[+-][0-9]{{2}}(?:[0-9]{{2}})?|{REGION}" if offsets else REGION
    return Element(f"({regex})", (("zone", str),), lambda m: m.zone)
