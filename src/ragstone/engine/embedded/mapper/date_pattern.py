"""Date patterns in the letters of java.time: `yyyy-MM-dd'T'HH:mm[:ss]XXX`."""

from __future__ import annotations

from collections.abc import Callable

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.mapper import date_element as e
from ragstone.engine.embedded.mapper.calendar import offset_text
from ragstone.engine.embedded.mapper.date_element import Element


def compile_pattern(pattern: str) -> list[Element]:
    """Raises IllegalArgumentException with java.time's text."""
    elements, at = _section(pattern, 0, depth=0)
    if at < len(pattern):
        raise IllegalArgumentException("Pattern invalid as it contains ] without previous [")
    return elements


def _section(pattern: str, at: int, depth: int) -> tuple[list[Element], int]:
    elements: list[Element] = []
    while at < len(pattern):
        character = pattern[at]
        if character.isascii() and character.isalpha():
            count = 1
            while pattern[at + count : at + count + 1] == character:
                count += 1
            at += count
            elements.append(_letter(character, count, adjacent=pattern[at : at + 1] in _DIGITS))
        elif character == "'":
            text, at = _quoted(pattern, at)
            elements.append(e.literal(text))
        elif character == "[":
            inner, at = _section(pattern, at + 1, depth + 1)
            elements.append(e.sequence(inner).optional())
        elif character == "]":
            return (elements, at + 1) if depth else (elements, at)
        elif character in "{}#":
            raise IllegalArgumentException(f"Pattern includes reserved character: '{character}'")
        else:
            elements.append(e.literal(character))
            at += 1
    return elements, at


def _quoted(pattern: str, at: int) -> tuple[str, int]:
    """The text behind a quote, and where it goes on; two quotes are one."""
    text = ""
    start = at = at + 1
    while True:
        end = pattern.find("'", at)
        if end < 0:
            raise IllegalArgumentException(f"Pattern ends with an incomplete string literal: {pattern}")
        text += pattern[at:end]
        if pattern[end + 1 : end + 2] != "'" or end == start:
            return text or "'", end + 1
        text += "'"
        at = end + 2


def _letter(letter: str, count: int, *, adjacent: bool) -> Element:
    """`adjacent` says that digits of another field follow at once, which a year must leave alone."""
    if letter not in _LETTERS:
        raise IllegalArgumentException(f"Unknown pattern letter: {letter}")
    longest, make = _LETTERS[letter]
    if count > longest:
        raise IllegalArgumentException(f"Too many pattern letters: {letter}")
    if count == 4 and letter in "uyY":
        return _four_digit_year(letter, adjacent)
    return make(count)


def _four_digit_year(letter: str, adjacent: bool) -> Element:
    """`uuuu` may be negative; `yyyy` counts years of an era, and there is none before 1."""
    field = {"u": "year", "y": "year_of_era", "Y": "local_week_year"}[letter]
    digits = "[0-9]{4}" if adjacent else "[0-9]{4}(?![0-9])"
    negative = "|-[0-9]{4,19}" if letter == "u" else ""
    return e.number(field, 4, 19, signed=True, regex=rf"{digits}|\+[0-9]{{5,19}}{negative}")


def _year(field: str) -> Callable[[int], Element]:
    return lambda count: e.two_digit_year() if count == 2 else e.number(field, count, 19)


def _plain(field: str) -> Callable[[int], Element]:
    return lambda count: e.number(field, 1, 19, pad=1) if count == 1 else e.number(field, count, count)


def _month(count: int) -> Element:
    return _plain("month")(count) if count <= 2 else e.month_name(short=count == 3)


def _day_of_week(count: int) -> Element:
    return e.day_name(short=count <= 3)


def _local_day(count: int) -> Element:
    return _plain("local_day_of_week")(count) if count <= 2 else _day_of_week(count)


def _quarter(count: int) -> Element:
    if count <= 2:
        return _plain("quarter")(count)
    names = {f"Q{n}": n for n in range(1, 5)}
    return e.words("quarter", names, list(names))


def _day_of_year(count: int) -> Element:
    return e.number("day_of_year", count, 3) if count <= 2 else e.number("day_of_year", 3, 3)


def _iso_offset(zero: str) -> Callable[[int], Element]:
    """`X` (zero is `Z`) and `x` (zero is digits)."""

    def make(count: int) -> Element:
        z = "Z|" if zero else ""
        if count == 1:
            return e.offset(rf"{z}[+-][0-9]{{2}}(?:[0-9]{{2}})?", colon=False, zero=zero or "+00")
        if count in (2, 4):
            seconds = "(?:[0-9]{2})?" if count == 4 else ""
            return e.offset(rf"{z}[+-][0-9]{{4}}{seconds}", colon=False, zero=zero or "+0000")
        seconds = "(?::[0-9]{2})?" if count == 5 else ""
        return e.offset(rf"{z}[+-][0-9]{{2}}:[0-9]{{2}}{seconds}", colon=True, zero=zero or "+00:00")

    return make


def _zone_offset(count: int) -> Element:
    if count <= 3:
        return e.offset("[+-][0-9]{4}", colon=False, zero="+0000")
    if count == 4:
        return _localized_offset(4)
    return e.offset(e.OFFSET_COLON, colon=True, zero="Z")


def _localized_offset(count: int) -> Element:
    hours = "[0-9]{1,2}(?::[0-9]{2})?" if count == 1 else "[0-9]{2}:[0-9]{2}"
    return Element(
        f"GMT((?:[+-]{hours})?)",
        (("zone", lambda text: text or "Z"),),
        lambda m: "GMT" + offset_text(m.offset, colon=True, zero=""),
    )


def _zone_id(count: int) -> Element:
    if count != 2:
        raise IllegalArgumentException("Pattern letter count must be 2: V")
    return e.zone_id()


_DIGITS = tuple("uyYMLdDHhkKmsSnAQqw")
_LETTERS: dict[str, tuple[int, Callable[[int], Element]]] = {
    "G": (5, lambda count: e.era(("BC", "AD") if count != 4 else ("Before Christ", "Anno Domini"))),
    "u": (19, _year("year")),
    "y": (19, _year("year_of_era")),
    "Y": (19, _year("local_week_year")),
    "M": (4, _month),
    "L": (4, _month),
    "d": (2, _plain("day")),
    "D": (3, _day_of_year),
    "Q": (3, _quarter),
    "q": (3, _quarter),
    "w": (2, _plain("local_week")),
    "E": (4, _day_of_week),
    "e": (4, _local_day),
    "c": (4, _local_day),
    "a": (1, lambda count: e.half_of_day()),
    "H": (2, _plain("hour")),
    "k": (2, _plain("clock_hour")),
    "K": (2, _plain("hour_of_half")),
    "h": (2, _plain("clock_hour_of_half")),
    "m": (2, _plain("minute")),
    "s": (2, _plain("second")),
    "S": (9, lambda count: e.fraction(count, count)),
    "n": (19, lambda count: e.number("nano", count, 19)),
    "A": (19, lambda count: e.number("milli_of_day", count, 19)),
    "z": (4, lambda count: e.zone_id()),
    "V": (4, _zone_id),
    "O": (4, _localized_offset),
    "X": (5, _iso_offset("Z")),
    "x": (5, _iso_offset("")),
    "Z": (5, _zone_offset),
}
