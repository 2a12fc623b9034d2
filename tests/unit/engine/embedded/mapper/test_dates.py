"""Date formats, date math and rounding, against recorded answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core.errors import IllegalArgumentException, ParseException
from ragstone.engine.embedded.mapper.calendar import (
    civil_from_days,
    days_from_civil,
    moment_of,
    parse_zone,
    week_start,
)
from ragstone.engine.embedded.mapper.date_format import DateFormat
from ragstone.engine.embedded.mapper.date_math import parse_date
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings

GOLDEN = Path(__file__).parents[4] / "golden" / "mapper"
DEFAULT = DateFormat.of("strict_date_optional_time||epoch_millis")

# Where we differ on purpose: (format, texts).
TAKEN_HERE_ONLY = {
    "d MMMM yyyy": {"29 February 2024"},  # Java's root locale has no long English names
    "EEEE, dd MMMM yyyy": {"Thursday, 29 February 2024"},
    "date_time": {"2024-02-29T13:45:06.789-05:30:15"},
    "year": {"1709214306"},
    "n": {"2024", "20240229", "13", "2024060", "99999", "12345", "202402"},
    "rfc3339_lenient": {
        *("2024-02-29T13:45:06+0200", "2024-02-29T13:45:06.789-0530", "2024-02-29T13:45:06+02"),
        *("2024-02-29T13:45Europe/Berlin", "+12024-01-01", "-0044-03-15", "2024-02-29T13:45:06.789-05:30:15"),
    },
    "strict_date_optional_time_nanos": {
        *("2024-02-29T13", "2024-02-29T13:45", "2024-02-29T", "2024-02-29T13Z", "2024-02-29T13:45Europe/Berlin"),
    },
}
REFUSED_HERE_ONLY = {
    "rfc3339_lenient": {"2024-02-29t13:45:06z"},
    "strict_date": {"2024-02-30", "2024-13-01", "2023-02-29"},  # there OpenSearch rolls over into the next month
    "strict_date_hour_minute": {"2024-02-29T24:00"},
    "strict_hour_minute": {"24:00"},
}
VALUE_DIFFERS = {("epoch_second", "-5.5")}  # OpenSearch adds the fraction to the negative seconds


def date_cases() -> tuple[list[str], list[Any]]:
    golden = json.loads((GOLDEN / "date_formats.json").read_text())
    return golden["texts"], golden["cases"]


@pytest.mark.parametrize(("name", "taken", "messages"), [pytest.param(*case, id=case[0]) for case in date_cases()[1]])
def test_formats_read_and_print_as_opensearchs(name: str, taken: dict[str, Any], messages: dict[str, str]) -> None:
    reader = DateFormat.of(name)
    accepted = {text for text in date_cases()[0] if reader.matches(text)}
    assert accepted - TAKEN_HERE_ONLY.get(name, set()) == taken.keys() - REFUSED_HERE_ONLY.get(name, set())
    for text in accepted & taken.keys():
        millis, printed = taken[text]
        if (name, text) not in VALUE_DIFFERS:
            assert (reader.parse(text), reader.format(millis)) == (millis, printed), text
    for text, message in messages.items():
        with pytest.raises(IllegalArgumentException) as error:
            reader.parse(text)
        if not text.startswith("-"):  # java.time counts the sign as read, we don't
            assert error.value.cause is not None
            assert error.value.cause.reason == message


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("not-a-format!", "Invalid format: [not-a-format!]: Unknown pattern letter: o"),
        ("yyyy-MM-dd'", "Invalid format: [yyyy-MM-dd']: Pattern ends with an incomplete string literal: yyyy-MM-dd'"),
        ("||yyyy", "Cannot have empty element in multi date format pattern: ||yyyy"),
        ("yyyy||", "Cannot have empty element in multi date format pattern: yyyy||"),
        ("", "No date pattern provided"),
        ("yyyy{", "Invalid format: [yyyy{]: Pattern includes reserved character: '{'"),
        ("yyyy]", "Invalid format: [yyyy]]: Pattern invalid as it contains ] without previous ["),
        ("ddd", "Invalid format: [ddd]: Too many pattern letters: d"),
    ],
)
def test_bad_patterns_are_refused(pattern: str, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as error:
        DateFormat.of(pattern)
    assert error.value.reason == reason


def test_texts_in_quotes_sections_and_adjacent_numbers() -> None:
    assert DateFormat.of("yyyyMMdd'at'HHmm").parse("20240229at1345") == 1709214300000
    assert DateFormat.of("yyyy''MM").format(0) == "1970'01"
    assert DateFormat.of("yyyy-MM-dd[ HH:mm[:ss]]").parse("2024-02-29 13:45:06") == 1709214306000
    assert DateFormat.of("hh:mm a G").parse("01:45 PM AD") == 49500000


def test_the_empty_text_is_no_date() -> None:
    with pytest.raises(IllegalArgumentException, match="cannot parse empty date"):
        DEFAULT.parse("")


def test_ranges_round_as_opensearchs() -> None:
    mapper = Mapper.parse(
        {
            "properties": {
                "d": {"type": "date"},
                "e": {"type": "date", "format": "yyyy-MM-dd HH:mm:ss||yyyy-MM||epoch_second"},
            }
        },
        IndexSettings({}),
    )
    for name, text, operator, pattern, zone, expected in json.loads((GOLDEN / "date_rounding.json").read_text())[
        "cases"
    ]:
        if pattern == "weekyear_week":
            continue  # OpenSearch reads a week without a day as 1970, which helps nobody
        field = mapper.field(name)
        assert field is not None
        bound = field.bound(text, round_up=operator in ("gt", "lte"), format=pattern, time_zone=zone)
        assert int(bound) + {"gt": 1, "lt": -1}.get(operator, 0) == expected, (text, operator, pattern, zone)


def test_now_is_handed_in() -> None:
    now = DEFAULT.parse("2024-02-29T13:45:06.789Z")

    def at(text: str, *, round_up: bool = False) -> str:
        return DEFAULT.format(parse_date(text, DEFAULT, now_millis=now, round_up=round_up))

    assert at("now") == "2024-02-29T13:45:06.789Z"
    assert at("now-1d/d") == "2024-02-28T00:00:00.000Z"
    assert at("now/M", round_up=True) == "2024-02-29T23:59:59.999Z"
    assert at("now+1y-2w+3h") == "2025-02-14T16:45:06.789Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-02-29||+1Q", "unit [Q] not supported for date math [+1Q]"),
        ("2024-02-29||1d", "operator not supported for date math [1d]"),
        ("2024-02-29||/2d", "rounding `/` can only be used on single unit types [/2d]"),
        ("2024-02-29||+", "truncated date math [+]"),
        ("now+1.5d", "unit [.] not supported for date math [+1.5d]"),
        ("", "cannot parse empty date"),
        ("nope", "failed to parse date field [nope] with format [strict_date_optional_time||epoch_millis]: "
         "[failed to parse date field [nope] with format [strict_date_optional_time||epoch_millis]]"),
    ],
)  # fmt: skip
def test_bad_date_math_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ParseException) as error:
        parse_date(text, DEFAULT, now_millis=0, round_up=False)
    assert error.value.reason == reason


def test_days_and_months_keep_the_wall_clock_over_a_change_of_time() -> None:
    berlin = parse_zone("Europe/Berlin")
    day_after = parse_date("2024-03-30T12:00||+1d", DEFAULT, now_millis=0, round_up=False, zone=berlin)
    assert DEFAULT.format(day_after, berlin) == "2024-03-31T12:00:00.000Europe/Berlin"
    assert parse_date("2024-03-30T12:00||+24h", DEFAULT, now_millis=0, round_up=False, zone=berlin) != day_after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nope", "java.time.zone.ZoneRulesException: Unknown time-zone ID: nope"),
        ("+25:00", "java.time.DateTimeException: Zone offset hours not in valid range: value 25 is not in the range -18 to 18"),
        ("+x", "java.time.DateTimeException: Invalid ID for ZoneOffset, invalid format: +x"),
    ],
)  # fmt: skip
def test_unknown_zones_are_refused(text: str, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as error:
        parse_zone(text)
    assert error.value.reason == reason


@given(st.integers(-5_000_000, 5_000_000))
def test_days_and_dates_are_inverse(days: int) -> None:
    assert days_from_civil(*civil_from_days(days)) == days


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))
def test_the_calendar_is_pythons(moment: datetime) -> None:
    millis = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    ours = moment_of(millis)
    assert (ours.year, ours.month, ours.day, ours.hour, ours.minute, ours.second) == (
        *(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second),
    )
    assert DEFAULT.parse(DEFAULT.format(millis)) == millis
    week = DateFormat.of("strict_week_date").format(millis)
    iso = moment.isocalendar()
    assert week == f"{iso.year:04d}-W{iso.week:02d}-{iso.weekday}"
    assert week_start(iso.year, 1, 4) == days_from_civil(
        *(lambda d: (d.year, d.month, d.day))(datetime.fromisocalendar(iso.year, 1, 1))
    )


@given(st.integers(-(10**14), 10**14))
@pytest.mark.parametrize(
    "pattern",
    ["strict_date_optional_time", "uuuu-MM-dd'T'HH:mm:ss.SSSXXX", "epoch_millis", "basic_date_time", "week_date_time"],
)
def test_what_a_format_prints_it_reads(pattern: str, millis: int) -> None:
    reader = DateFormat.of(pattern)
    if pattern == "basic_date_time" and not 0 <= moment_of(millis).year <= 9999:
        return
    assert reader.parse(reader.format(millis)) == millis
