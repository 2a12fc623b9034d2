"""The built-in date formats by name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ragstone.engine.embedded.mapper import date_element as e
from ragstone.engine.embedded.mapper.date_element import Element

_DATE = "{year}-{month}-{day}"
_OPTIONAL_DATE = "{year}[-{month}[-{day}]]"
_TIME = "{hour}:{minute}:{second}"
_BASIC_TIME = "{hour2}{minute2}{second2}"
_OPTIONAL_TIME = "[T[{hour}[:{minute}[:{second}[{any_fraction}]]][{zone}]]]"

_TEMPLATES: Mapping[str, str] = {
    "date": _DATE,
    "year_month_day": _DATE,
    "year_month": "{year}-{month}",
    "year": "{any_year}",
    "date_hour": _DATE + "T{hour}",
    "date_hour_minute": _DATE + "T{hour}:{minute}",
    "date_hour_minute_second": _DATE + "T" + _TIME,
    "date_hour_minute_second_fraction": _DATE + "T" + _TIME + "{fraction}",
    "date_hour_minute_second_millis": _DATE + "T" + _TIME + "{millis}",
    "date_optional_time": _OPTIONAL_DATE + _OPTIONAL_TIME,
    "date_time": _DATE + "T" + _TIME + "{fraction}{zone}",
    "date_time_no_millis": _DATE + "T" + _TIME + "{zone}",
    "hour": "{hour}",
    "hour_minute": "{hour}:{minute}",
    "hour_minute_second": _TIME,
    "hour_minute_second_fraction": _TIME + "{fraction}",
    "hour_minute_second_millis": _TIME + "{millis}",
    "ordinal_date": "{year}-{day_of_year}",
    "ordinal_date_time": "{year}-{day_of_year}T" + _TIME + "{fraction}{zone}",
    "ordinal_date_time_no_millis": "{year}-{day_of_year}T" + _TIME + "{zone}",
    "time": _TIME + "{fraction}{zone}",
    "time_no_millis": _TIME + "{zone}",
    "t_time": "T" + _TIME + "{fraction}{zone}",
    "t_time_no_millis": "T" + _TIME + "{zone}",
    "week_date": "{week_year}-W{week}-{day_of_week}",
    "week_date_time": "{week_year}-W{week}-{day_of_week}T" + _TIME + "{fraction}{zone}",
    "week_date_time_no_millis": "{week_year}-W{week}-{day_of_week}T" + _TIME + "{zone}",
    "weekyear_week_day": "{week_year}-W{week}-{day_of_week}",
    "weekyear_week": "{week_year}-W{week}",
    "weekyear": "{week_year}",
}
"""Each also exists with the prefix `strict_`: then every number has its full width."""
_OTHERWISE: Mapping[str, str] = {
    "date": _OPTIONAL_DATE,
    "strict_year_month_day": _OPTIONAL_DATE,
    "date_optional_time": _OPTIONAL_DATE + "[T[{hour}[:{minute}[:{second}[{any_fraction}]][{zone}]]]]",
    "date_time_no_millis": _DATE + "T{hour}:{minute}[:{second}][{zone}]",
    "strict_date_time": _DATE + "T" + _TIME + "[{fraction}]{zone}",
}
"""Those of the two that are more forgiving than their twin."""

_SINGLE: Mapping[str, str] = {
    "basic_date": "{year4}{month2}{day2}",
    "basic_date_time": "{year4}{month2}{day2}T" + _BASIC_TIME + "{fraction}{zone}",
    "basic_date_time_no_millis": "{year4}{month2}{day2}T" + _BASIC_TIME + "{zone}",
    "basic_ordinal_date": "{year4}{day_of_year3}",
    "basic_ordinal_date_time": "{year4}{day_of_year3}T" + _BASIC_TIME + "{fraction}{zone}",
    "basic_ordinal_date_time_no_millis": "{year4}{day_of_year3}T" + _BASIC_TIME + "{zone}",
    "basic_time": _BASIC_TIME + "{fraction}{zone}",
    "basic_time_no_millis": _BASIC_TIME + "{zone}",
    "basic_t_time": "T" + _BASIC_TIME + "{fraction}{zone}",
    "basic_t_time_no_millis": "T" + _BASIC_TIME + "{zone}",
    "basic_week_date": "{week_year4}W{week2}{day_of_week}",
    "strict_basic_week_date": "{week_year4}W{week2}{day_of_week}",
    "basic_week_date_time": "{week_year4}W{week2}{day_of_week}T" + _BASIC_TIME + "{fraction}{zone}",
    "basic_week_date_time_no_millis": "{week_year4}W{week2}{day_of_week}T" + _BASIC_TIME + "{zone}",
    "week_year": "{week_year}",
    "strict_date_optional_time_nanos": _OPTIONAL_DATE + _OPTIONAL_TIME,
    "iso8601": _OPTIONAL_DATE + _OPTIONAL_TIME,
    "rfc3339_lenient": "{year}[-{month}[-{day}[T{hour}:{minute}[:{second}[{any_fraction}]]{zone}]]]",
}
_LENIENT = frozenset({"week_year"})
"""Of those, the ones whose numbers may be short."""


def _fixed(strict: bool) -> Mapping[str, Element]:
    def plain(field: str, width: int) -> Element:
        return e.number(field, width, width) if strict else e.number(field, 1, width, pad=width)

    def year(field: str) -> Element:
        if strict:
            return e.number(field, 4, 10, signed=True)
        return e.number(field, 4, 10, signed=True, regex="-?[0-9]{1,5}")

    return {
        "year": year("year"),
        "any_year": year("year") if strict else e.number("year", 1, 10, regex="-?[0-9]{1,10}"),
        "week_year": year("week_year"),
        "month": plain("month", 2),
        "day": plain("day", 2),
        "day_of_year": plain("day_of_year", 3),
        "week": plain("week", 2),
        "day_of_week": e.number("day_of_week", 1, 1),
        "hour": plain("hour", 2),
        "minute": plain("minute", 2),
        "second": plain("second", 2),
        "fraction": e.fraction(1, 9, point="[.]", shown=3),
        "millis": e.fraction(1, 9 if strict else 3, point="[.]", shown=3),
        "any_fraction": e.fraction(1, 9, point="[.,]", shown=3),
        "zone": e.zone_id(),
        "year4": e.number("year", 4, 4),
        "week_year4": e.number("week_year", 4, 4),
        "day_of_year3": e.number("day_of_year", 3, 3),
        "month2": e.number("month", 2, 2),
        "day2": e.number("day", 2, 2),
        "week2": e.number("week", 2, 2),
        "hour2": e.number("hour", 2, 2),
        "minute2": e.number("minute", 2, 2),
        "second2": e.number("second", 2, 2),
    }


_PARTS = {strict: _fixed(strict) for strict in (True, False)}
_TOKEN = re.compile(r"\{(\w+)\}|([\[\]])|([^{\[\]]+)")
_BRACKETS = re.compile(r"\[.*\]")
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def named_format(name: str) -> tuple[list[Element], bool] | None:
    """A built-in format, None for any other name. Camel case is accepted.

    The flag says whether OpenSearch tries several parsers for it, which only shows in messages.
    """
    if name[:1].islower() and "_" not in name and _CAMEL.search(name):
        name = _CAMEL.sub("_", name).lower()
    bare = name.removeprefix("strict_")
    template = _OTHERWISE.get(name) or _SINGLE.get(name) or _TEMPLATES.get(bare)
    if template is None:
        return None
    strict = bare != name or (name in _SINGLE and name not in _LENIENT)
    return _compile(template, strict), "{zone}" in _BRACKETS.sub("", template) or name == "date_time_no_millis"


def _compile(template: str, strict: bool) -> list[Element]:
    stack: list[list[Element]] = [[]]
    for token in _TOKEN.finditer(template):
        part, bracket, text = token.groups()
        if part:
            stack[-1].append(_PARTS[strict][part])
        elif text:
            stack[-1].append(e.literal(text))
        elif bracket == "[":
            stack.append([])
        else:
            inner = stack.pop()
            stack[-1].append(e.sequence(inner).optional())
    return stack[0]
