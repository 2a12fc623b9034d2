"""Times, sizes, booleans and numbers as texts; the messages are recorded OpenSearch behaviour."""

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.units import parse_bool, parse_int, parse_size, parse_time, time_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1m", 60), ("500ms", 0.5), ("2h", 7200), ("1d", 86400), ("5 s", 5), ("10MS", 0.01), ("0", 0),
     ("-1", -1), ("3micros", 3e-6), ("7nanos", 7e-9)],
)  # fmt: skip
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text, "timeout") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5", "failed to parse setting [t] with value [5] as a time value: unit is missing or unrecognized"),
        ("soon", "failed to parse setting [t] with value [soon] as a time value: unit is missing or unrecognized"),
        ("", "failed to parse setting [t] with value [] as a time value: unit is missing or unrecognized"),
        ("5parsecs", "failed to parse [5parsecs]"),
        ("1.5s", "failed to parse [1.5s], fractional time values are not supported"),
        ("9" * 5000 + "s", "failed to parse [" + "9" * 5000 + "s]"),
    ],
)
def test_wrong_times(text: str, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as error:
        parse_time(text, "t")
    assert error.value.reason == reason


def test_what_stands_before_the_unit_is_the_cause() -> None:
    with pytest.raises(IllegalArgumentException) as error:
        parse_time("5parsecs", "t")
    assert error.value.cause is not None
    assert error.value.cause.reason == 'For input string: "5parsec"'


def test_sizes_booleans_and_numbers() -> None:
    assert [parse_size(text, "s") for text in ("1b", "2kb", "1.5k", "3g", "0", "-1")] == [
        1,
        2048,
        1536,
        3 * 2**30,
        0,
        -1,
    ]
    assert [parse_bool(text) for text in ("", "true", "false")] == [True, True, False]
    assert parse_int("-7", "n") == -7
    with pytest.raises(IllegalArgumentException, match=r"only \[true\] or \[false\] are allowed"):
        parse_bool("TRUE")
    with pytest.raises(
        IllegalArgumentException, match=r"Failed to parse int parameter \[n\] with value \[2147483648\]"
    ):
        parse_int("2147483648", "n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86400, "1d"), (172800, "2d"), (9000, "2.5h"), (90, "1.5m"), (119, "1.9m"), (1, "1s"), (0.25, "250ms"), (0, "0"),
     (-1, "-1000")],
)  # fmt: skip
def test_times_are_shown_by_their_largest_unit(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
