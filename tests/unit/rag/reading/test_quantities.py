from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.rag.reading.quantities import Quantity, comparable, difference, find_quantities, per_cent


def only(text: str) -> Quantity:
    (found,) = find_quantities(text)
    return found.quantity


@pytest.mark.parametrize(
    ("text", "value", "kind", "unit"),
    [
        ("18,937,000", 18_937_000, "count", ""),
        ("18 937 000 people", 18_937_000, "count", "people"),
        ("1.234.567 inhabitants", 1_234_567, "count", "inhabitants"),
        ("4.5 million", 4_500_000, "count", ""),
        ("$4.2 million", 4_200_000, "money $", ""),
        ("£3.4m", 3_400_000, "money £", ""),
        ("USD 5.6 billion", 5_600_000_000, "money USD", ""),
        ("350 dollars", 350, "money dollars", ""),
        ("€11.40", Decimal("11.40"), "money €", ""),
        ("0.37%", Decimal("0.37"), "percent", ""),
        ("12.5 per cent", Decimal("12.5"), "percent", ""),
        ("-5.2 °C", Decimal("-5.2"), "count", "°C"),
        ("8,849 m", 8849, "count", "m"),
        ("42 km/h", 42, "count", "km/h"),
        ("120k users", 120_000, "count", "users"),
        ("9.5 GW", Decimal("9.5"), "count", "GW"),
    ],
)
def test_numbers_are_read_with_what_they_count(text: str, value: int | Decimal, kind: str, unit: str) -> None:
    quantity = only(text)
    assert (quantity.value, quantity.kind, quantity.unit) == (Decimal(value), kind, unit)


@pytest.mark.parametrize("text", ["COVID-19", "Boeing 747-400", "v1.2.3.4x", "no number"])
def test_parts_of_names_are_no_quantities(text: str) -> None:
    assert find_quantities(text) == []


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("18,823,000", "18,937,000", "114,000"),
        ("$4.2 million", "$5.1 million", "$0.9 million"),
        ("$950 million", "$1.2 billion", "$250 million"),
        ("£3.4m", "£2.9m", "£0.5m"),
        ("€11.40", "€13.99", "€2.59"),
        ("USD 5.5 billion", "USD 5.6 billion", "USD 0.1 billion"),
        ("350 dollars", "400 dollars", "50 dollars"),
        ("14.1%", "13.0%", "1.1 percentage points"),
        ("6.4 million", "10.4 million", "4.0 million"),
    ],
)
def test_differences_are_written_as_the_figures_are(one: str, other: str, distance: str) -> None:
    assert difference(only(one), only(other)) == distance
    assert difference(only(other), only(one)) == distance


def test_amounts_of_different_kinds_are_not_compared() -> None:
    assert comparable(only("$5"), only("$7 million"))
    assert not comparable(only("$5"), only("€5"))
    assert not comparable(only("5"), only("5%"))


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [
        (18_823_000, 18_937_000, "0.61%"),
        (6_167_000, 6_265_000, "1.59%"),
        (950, 800, "-15.79%"),
        (1, 13, "1,200.00%"),
        (8, 8, "0.00%"),
    ],
)
def test_changes_in_per_cent_have_two_places(start: int, end: int, share: str) -> None:
    assert per_cent(Decimal(start), Decimal(end)) == share


def test_nothing_grows_from_zero_in_per_cent() -> None:
    assert per_cent(Decimal(0), Decimal(5)) is None


@given(st.text(max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    for found in find_quantities(text):
        assert 0 <= found.start < found.end <= len(text)
